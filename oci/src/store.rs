//! The one trait behind which images lie.

use std::fmt;
use std::path::Path;

use bytes::Bytes;
use futures::future::BoxFuture;
use wire::{Digest, ImageReference};

use crate::descriptor::Descriptor;
use crate::error::StoreError;
use crate::layer::Blob;
use crate::manifest::RawManifest;
use crate::progress::Progress;

/// What a store's call comes to. Boxed, so that `&dyn Store` works.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Which manifest of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// The one that a tag points to now.
    Tag(&'a str),
    /// Exactly this one.
    Digest(&'a Digest),
}

impl<'a> Target<'a> {
    /// The digest of a reference if it names one, else its tag, else `latest`.
    #[must_use]
    pub fn of(reference: &'a ImageReference) -> Self {
        match (reference.digest(), reference.tag()) {
            (Some(digest), _) => Self::Digest(digest),
            (None, tag) => Self::Tag(tag.unwrap_or("latest")),
        }
    }

    /// As it stands in an address.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        match self {
            Self::Tag(tag) => tag,
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

/// `:tag` or `@sha256:…`, as at the end of a reference.
impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(f, ":{tag}"),
            Self::Digest(digest) => write!(f, "@{digest}"),
        }
    }
}

/// A place with repositories of blobs and manifests. Every byte that a store gives has been checked
/// against its digest; every call ends within the store's time limits.
pub trait Store: Send + Sync {
    /// Host and port of a registry, path of a directory: for messages, and equal for two handles of one place.
    fn name(&self) -> &str;

    /// What `target` points to now, without reading it; `None` where there is nothing.
    fn resolve<'a>(&'a self, repository: &'a str, target: Target<'a>) -> Answer<'a, Option<Descriptor>>;

    /// Reads a manifest or index (at most 4 MiB). [`StoreError::NotFound`] where there is none.
    fn read_manifest<'a>(&'a self, repository: &'a str, target: Target<'a>) -> Answer<'a, RawManifest>;

    /// Writes a manifest under these tags, or under its digest alone without any. Its blobs must be there.
    fn put_manifest<'a>(
        &'a self,
        repository: &'a str,
        manifest: &'a RawManifest,
        tags: &'a [&'a str],
    ) -> Answer<'a, ()>;

    /// True if the repository has this blob.
    fn has_blob<'a>(&'a self, repository: &'a str, digest: &'a Digest) -> Answer<'a, bool>;

    /// Makes a blob of repository `from` one of `repository` without moving it. `false` where the store
    /// cannot or will not: never a failure, upload it then.
    fn mount_blob<'a>(&'a self, repository: &'a str, digest: &'a Digest, from: &'a str) -> Answer<'a, bool>;

    /// Reads a blob into memory; refused above `limit` bytes.
    fn read_blob<'a>(&'a self, repository: &'a str, blob: &'a Descriptor, limit: u64) -> Answer<'a, Bytes>;

    /// Reads a blob into the file `into`.
    fn save_blob<'a>(
        &'a self,
        repository: &'a str,
        blob: &'a Descriptor,
        into: &'a Path,
        progress: &'a dyn Progress,
    ) -> Answer<'a, ()>;

    /// Uploads a blob without asking whether it is there.
    fn push_blob<'a>(
        &'a self,
        repository: &'a str,
        blob: &'a Descriptor,
        content: &'a Blob,
        progress: &'a dyn Progress,
    ) -> Answer<'a, ()>;
}
