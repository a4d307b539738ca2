//! The workshop file in a registry, beside the images (D23).

use bytes::Bytes;
use oci::{Artifact, Progress, Store, Target};
use thiserror::Error;
use wire::{Digest, ImageReference, ReferenceError};

use crate::error::{ReadError, WriteError};
use crate::model::Workshop;
use crate::read::READ_LIMIT;

/// What the artifact is.
pub const ARTIFACT_TYPE: &str = "application/vnd.workshop-platform.workshop.v1";
/// What its file is.
pub const MEDIA_TYPE: &str = "application/vnd.workshop-platform.workshop.v1+sqlite3";
/// Tag that moves with every build. No step id holds a dot, so no step has it.
pub const TAG: &str = "workshop.artifact";

/// A workshop file in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Repository with the moving tag.
    pub reference: ImageReference,
    /// Digest of the manifest, to pin it by.
    pub digest: Digest,
    /// True if nothing had to be written.
    pub already_there: bool,
}

/// Why a workshop file could not be pushed.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The file.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The registry.
    #[error(transparent)]
    Image(#[from] oci::ImageError),
    /// The name.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
}

/// Why a workshop file could not be pulled.
#[derive(Debug, Error)]
pub enum FetchError {
    /// The registry.
    #[error(transparent)]
    Image(#[from] oci::ImageError),
    /// The file.
    #[error("{subject}: {error}")]
    Read {
        /// Where it came from.
        subject: String,
        /// What is wrong with it.
        error: ReadError,
    },
}

/// Tag that never moves: `workshop.artifact-` and the first twelve digits of the content digest.
#[must_use]
pub fn digest_tag(content: &Digest) -> String {
    format!("{TAG}-{}", content.short())
}

/// Pushes the workshop's file into the repository of its images, under both tags. `store` is the one of
/// [`Workshop::image`].
///
/// # Errors
/// When the file cannot be made or the registry refuses.
pub async fn publish(
    store: &dyn Store,
    workshop: &Workshop,
    progress: &dyn Progress,
) -> Result<Published, PublishError> {
    let (bytes, content) = workshop.build()?;
    let artifact = Artifact {
        artifact_type: ARTIFACT_TYPE.to_owned(),
        media_type: MEDIA_TYPE.to_owned(),
        title: format!("{}.{}", workshop.name, crate::FILE_EXTENSION),
        subject: None,
        bytes: Bytes::from(bytes),
    };
    let fixed = digest_tag(&content);
    let repository = workshop.image.repository();
    let pushed = oci::push_artifact(store, repository, &artifact, &[TAG, &fixed], progress).await?;
    Ok(Published {
        reference: workshop.image.with_tag(TAG)?,
        digest: pushed.digest,
        already_there: pushed.already_there,
    })
}

/// Pulls and verifies a workshop's file, and gives the digest of its manifest.
///
/// # Errors
/// When the registry refuses, or what it holds is not a workshop.
pub async fn fetch(
    store: &dyn Store,
    repository: &str,
    target: Target<'_>,
) -> Result<(Workshop, Digest), FetchError> {
    let (artifact, found) = oci::pull_artifact(store, repository, target, ARTIFACT_TYPE, READ_LIMIT).await?;
    let subject = format!("{}/{repository}{target}", store.name());
    let workshop =
        Workshop::from_bytes(&artifact.bytes).map_err(|error| FetchError::Read { subject, error })?;
    Ok((workshop, found.digest))
}
