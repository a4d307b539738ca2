//! Manifests and indexes, ours and Docker's.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::canonical::{canonical_json, null_as_default};
use crate::descriptor::{Descriptor, Platform};
use crate::media;

/// Why bytes are not a manifest or config that we can use.
#[derive(Debug, Error)]
pub enum FormatError {
    /// Not JSON, or not of this shape.
    #[error(
        "{what} cannot be read: {source}; the image is damaged or of a newer format, push it again with a current tool"
    )]
    Json {
        /// Manifest, index or config.
        what: &'static str,
        /// Where reading stopped.
        source: serde_json::Error,
    },
    /// A manifest of a kind that we do not know.
    #[error(
        "manifest of media type \"{0}\" is not supported (want an OCI or Docker schema 2 image); push the image again with a current tool"
    )]
    MediaType(String),
    /// No image for the wanted platform.
    #[error("no image for {wanted}: the index offers {offered}; choose another image or platform")]
    NoPlatform {
        /// What was asked for.
        wanted: Platform,
        /// All that there is.
        offered: String,
    },
}

/// A manifest's bytes as they lie in a store, and what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawManifest {
    /// Media type, digest and size of `bytes`.
    pub descriptor: Descriptor,
    /// The JSON text.
    pub bytes: Bytes,
}

/// An image or artifact: a config and layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// Of the manifest itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What an artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Descriptor of the config.
    pub config: Descriptor,
    /// Lowest layer first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free key-value pairs.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One name for images of several platforms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// Of the index itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// One manifest for each platform.
    #[serde(default, deserialize_with = "null_as_default")]
    pub manifests: Vec<Descriptor>,
    /// Free key-value pairs.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What a reference may point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManifestOrIndex {
    /// One image or artifact.
    Manifest(Box<Manifest>),
    /// Several.
    Index(Index),
}

impl Manifest {
    /// An OCI manifest without annotations.
    #[must_use]
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(media::MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
            rest: Map::new(),
        }
    }

    /// The same manifest in OCI's words; no blob changes by it.
    #[must_use]
    pub fn into_oci(mut self) -> Self {
        self.media_type = Some(media::MANIFEST.to_owned());
        for part in self.layers.iter_mut().chain([&mut self.config]) {
            part.media_type = media::to_oci(&part.media_type).to_owned();
        }
        self
    }

    /// Canonical bytes with their descriptor.
    ///
    /// # Errors
    /// Never in practice; see [`canonical_json`].
    pub fn to_raw(&self) -> Result<RawManifest, FormatError> {
        let media_type = self.media_type.as_deref().unwrap_or(media::MANIFEST);
        raw("manifest", media_type, self)
    }
}

impl Index {
    /// An OCI index; its entries are sorted by platform.
    #[must_use]
    pub fn new(mut manifests: Vec<Descriptor>) -> Self {
        manifests.sort_by(|a, b| (&a.platform, &a.digest).cmp(&(&b.platform, &b.digest)));
        Self {
            schema_version: 2,
            media_type: Some(media::INDEX.to_owned()),
            manifests,
            annotations: BTreeMap::new(),
            rest: Map::new(),
        }
    }

    /// The manifest for a platform.
    ///
    /// # Errors
    /// [`FormatError::NoPlatform`] with all that there is.
    pub fn pick(&self, wanted: &Platform) -> Result<&Descriptor, FormatError> {
        let fits = |entry: &&Descriptor| entry.platform.as_ref().is_some_and(|p| wanted.accepts(p));
        self.manifests.iter().find(fits).ok_or_else(|| {
            let offered: Vec<_> =
                self.manifests.iter().filter_map(|m| m.platform.as_ref()).map(Platform::to_string).collect();
            FormatError::NoPlatform { wanted: wanted.clone(), offered: offered.join(", ") }
        })
    }

    /// Canonical bytes with their descriptor.
    ///
    /// # Errors
    /// Never in practice; see [`canonical_json`].
    pub fn to_raw(&self) -> Result<RawManifest, FormatError> {
        let media_type = self.media_type.as_deref().unwrap_or(media::INDEX);
        raw("index", media_type, self)
    }
}

fn raw(what: &'static str, media_type: &str, value: &impl Serialize) -> Result<RawManifest, FormatError> {
    let bytes = canonical_json(value).map_err(|source| FormatError::Json { what, source })?;
    Ok(RawManifest { descriptor: Descriptor::of(media_type, &bytes), bytes: bytes.into() })
}

impl RawManifest {
    /// Reads the bytes by their media type.
    ///
    /// # Errors
    /// When the media type is unknown or the bytes do not fit it.
    pub fn parse(&self) -> Result<ManifestOrIndex, FormatError> {
        match media::to_oci(&self.descriptor.media_type) {
            media::MANIFEST => Ok(ManifestOrIndex::Manifest(Box::new(parse("manifest", &self.bytes)?))),
            media::INDEX => Ok(ManifestOrIndex::Index(parse("index", &self.bytes)?)),
            other => Err(FormatError::MediaType(other.to_owned())),
        }
    }

    /// Media type that the bytes themselves name, for stores whose answer does not carry one.
    #[must_use]
    pub(crate) fn media_type_of(bytes: &[u8]) -> Option<String> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        if let Some(named) = value.get("mediaType").and_then(Value::as_str) {
            return Some(named.to_owned());
        }
        let kind = if value.get("manifests").is_some() { media::INDEX } else { media::MANIFEST };
        value.get("schemaVersion").filter(|version| *version == 2).map(|_| kind.to_owned())
    }
}

fn parse<T: serde::de::DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, FormatError> {
    serde_json::from_slice(bytes).map_err(|source| FormatError::Json { what, source })
}
