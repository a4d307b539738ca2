//! One file in a registry: an OCI artifact (image-spec, "Guidelines for Artifact Usage").

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::descriptor::Descriptor;
use crate::error::StoreError;
use crate::image::ImageError;
use crate::layer::Blob;
use crate::manifest::{FormatError, Manifest, ManifestOrIndex};
use crate::media;
use crate::progress::Progress;
use crate::push::{Mover, Pushed, Source, Traffic, open_tags};
use crate::store::{Store, Target};

const EMPTY_CONFIG: &[u8] = b"{}";
/// Tools restore the file under this name.
const TITLE: &str = "org.opencontainers.image.title";

/// A file with its types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// What the artifact is, `application/vnd.example.thing.v1`.
    pub artifact_type: String,
    /// What the file is, `application/vnd.example.thing.v1+sqlite3`.
    pub media_type: String,
    /// File name for tools that restore it; empty for none.
    pub title: String,
    /// The manifest that the artifact is about, so that tools find it from there.
    pub subject: Option<Descriptor>,
    /// The file.
    pub bytes: Bytes,
}

/// Pushes one file as an artifact under `tags`. The same file gives the same digest.
///
/// # Errors
/// When the store fails.
pub async fn push_artifact(
    store: &dyn Store,
    repository: &str,
    artifact: &Artifact,
    tags: &[&str],
    progress: &dyn Progress,
) -> Result<Pushed, ImageError> {
    let config = Descriptor::of(media::EMPTY, EMPTY_CONFIG);
    let mut layer = Descriptor::of(&artifact.media_type, &artifact.bytes);
    if !artifact.title.is_empty() {
        layer.annotations = BTreeMap::from([(TITLE.to_owned(), artifact.title.clone())]);
    }
    let mut manifest = Manifest::new(config.clone(), vec![layer.clone()]);
    manifest.artifact_type = Some(artifact.artifact_type.clone());
    manifest.subject = artifact.subject.clone();
    let manifest = manifest.to_raw()?;
    let digest = manifest.descriptor.digest.clone();
    let Some(open) = open_tags(store, repository, &digest, tags).await? else {
        return Ok(Pushed { digest, already_there: true, traffic: Traffic::default() });
    };
    let (config_blob, file) =
        (Blob::Bytes(Bytes::from_static(EMPTY_CONFIG)), Blob::Bytes(artifact.bytes.clone()));
    let from = |blob| Source { blob: Some(blob), origin: None };
    let mover = Mover { store, repository, progress };
    let blobs = vec![(&layer, from(&file)), (&config, from(&config_blob))];
    let mut traffic = mover.ensure_all(blobs).await?;
    store.put_manifest(repository, &manifest, &open).await?;
    traffic.bytes += manifest.descriptor.size;
    Ok(Pushed { digest, already_there: false, traffic })
}

/// Reads an artifact of this type, of at most `limit` bytes, and what `target` pointed to.
///
/// # Errors
/// When the store fails, there is something of another kind, or the file is too large or damaged.
pub async fn pull_artifact(
    store: &dyn Store,
    repository: &str,
    target: Target<'_>,
    artifact_type: &str,
    limit: u64,
) -> Result<(Artifact, Descriptor), ImageError> {
    let subject = format!("{}/{repository}{target}", store.name());
    let refused =
        |kind: String| StoreError::Format { subject: subject.clone(), source: FormatError::MediaType(kind) };
    let raw = store.read_manifest(repository, target).await?;
    let parsed = raw.parse().map_err(|source| StoreError::Format { subject: subject.clone(), source })?;
    let ManifestOrIndex::Manifest(manifest) = parsed else {
        return Err(refused(raw.descriptor.media_type).into());
    };
    let kind = manifest.artifact_type.unwrap_or(manifest.config.media_type);
    if kind != artifact_type {
        return Err(StoreError::Setting {
            subject,
            detail: format!(
                "holds \"{kind}\", not \"{artifact_type}\"; name the tag of the artifact, not of an image"
            ),
        }
        .into());
    }
    let mut layers = manifest.layers.into_iter();
    let (Some(layer), None) = (layers.next(), layers.next()) else {
        return Err(refused(format!("{kind} with other than one file")).into());
    };
    let bytes = store.read_blob(repository, &layer, limit).await?;
    let artifact = Artifact {
        artifact_type: kind,
        media_type: layer.media_type,
        title: layer.annotations.get(TITLE).cloned().unwrap_or_default(),
        subject: manifest.subject,
        bytes,
    };
    Ok((artifact, raw.descriptor))
}
