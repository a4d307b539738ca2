//! An image as manifest and config, read from a store and grown by layers.

use thiserror::Error;
use wire::Digest;

use crate::canonical::canonical_json;
use crate::config::{Config, EPOCH, History};
use crate::descriptor::{Descriptor, Platform};
use crate::error::StoreError;
use crate::layer::{Blob, Layer};
use crate::manifest::{FormatError, Manifest, ManifestOrIndex, RawManifest};
use crate::media;
use crate::store::{Store, Target};

/// Most bytes of a config that are read.
const CONFIG_LIMIT: u64 = 4 << 20;

/// Why an image could not be read or written.
#[derive(Debug, Error)]
pub enum ImageError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The image.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// Layers and config of one image. Change `config` freely; layers grow by [`Image::add_layer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Descriptors of the compressed layers, lowest first.
    pub layers: Vec<Descriptor>,
    /// What it runs and what its layers unpack to.
    pub config: Config,
}

/// An image that was read, and what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The image, in OCI's words.
    pub image: Image,
    /// What the target pointed to: the index where there is one. This is what pins the image.
    pub target: Descriptor,
    /// The manifest of the picked platform; the same as `target` without an index.
    pub manifest: Descriptor,
}

/// The documents of an image, as they are pushed.
pub(crate) struct Documents {
    pub(crate) config: Descriptor,
    pub(crate) config_blob: Blob,
    pub(crate) manifest: RawManifest,
}

impl Image {
    /// Nothing at all, for a platform.
    #[must_use]
    pub fn scratch(platform: &Platform) -> Self {
        Self { layers: Vec::new(), config: Config::scratch(platform) }
    }

    /// Reads manifest and config of an image, ours or Docker's; from an index the one for `platform`.
    ///
    /// # Errors
    /// When the store fails, there is no image for the platform, or the documents cannot be read.
    pub async fn read(
        store: &dyn Store,
        repository: &str,
        target: Target<'_>,
        platform: &Platform,
    ) -> Result<Found, ImageError> {
        let subject = format!("{}/{repository}{target}", store.name());
        let format = |source| StoreError::Format { subject: subject.clone(), source };
        let raw = store.read_manifest(repository, target).await?;
        let (manifest, descriptor) = match raw.parse().map_err(format)? {
            ManifestOrIndex::Manifest(manifest) => (*manifest, raw.descriptor.clone()),
            ManifestOrIndex::Index(index) => {
                let picked = index.pick(platform).map_err(format)?;
                let inner = store.read_manifest(repository, Target::Digest(&picked.digest)).await?;
                match inner.parse().map_err(format)? {
                    ManifestOrIndex::Manifest(manifest) => (*manifest, inner.descriptor),
                    ManifestOrIndex::Index(_) => {
                        return Err(format(FormatError::MediaType("an index inside an index".into())).into());
                    }
                }
            }
        };
        let manifest = manifest.into_oci();
        if manifest.config.media_type != media::CONFIG {
            return Err(format(FormatError::MediaType(manifest.config.media_type)).into());
        }
        let config = store.read_blob(repository, &manifest.config, CONFIG_LIMIT).await?;
        let config: Config = serde_json::from_slice(&config)
            .map_err(|source| format(FormatError::Json { what: "config", source }))?;
        if !platform.accepts(&config.platform()) {
            let (wanted, offered) = (platform.clone(), config.platform().to_string());
            return Err(format(FormatError::NoPlatform { wanted, offered }).into());
        }
        Ok(Found {
            image: Self { layers: manifest.layers, config },
            target: raw.descriptor,
            manifest: descriptor,
        })
    }

    /// Puts a layer on top, with one entry of history. `created_by` is part of the digest: it must be
    /// the same for layers of the same content.
    pub fn add_layer(&mut self, layer: &Layer, created_by: &str) {
        self.layers.push(layer.descriptor.clone());
        self.config.rootfs.diff_ids.push(layer.diff_id.clone());
        self.config.history.push(History {
            created: Some(EPOCH.to_owned()),
            created_by: Some(created_by.to_owned()),
            ..History::default()
        });
    }

    /// Digest of the manifest as [`crate::Push`] would write it.
    ///
    /// # Errors
    /// Never in practice; see [`canonical_json`].
    pub fn digest(&self) -> Result<Digest, FormatError> {
        Ok(self.documents()?.manifest.descriptor.digest)
    }

    /// Config and manifest as bytes.
    pub(crate) fn documents(&self) -> Result<Documents, FormatError> {
        let bytes =
            canonical_json(&self.config).map_err(|source| FormatError::Json { what: "config", source })?;
        let config = Descriptor::of(media::CONFIG, &bytes);
        let manifest = Manifest::new(config.clone(), self.layers.clone()).to_raw()?;
        Ok(Documents { config, config_blob: Blob::Bytes(bytes.into()), manifest })
    }
}
