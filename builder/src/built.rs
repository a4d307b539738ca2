//! What a build needs, and what it comes to.

use std::path::PathBuf;

use artifact::Pinned;
use oci::Store;
use wire::{Digest, ImageReference};

/// The registries of a build; the same one twice where both names have one host.
#[derive(Clone, Copy)]
pub struct Stores<'a> {
    /// Of [`crate::Plan::image`].
    pub target: &'a dyn Store,
    /// Of [`crate::Plan::base`].
    pub base: &'a dyn Store,
}

/// A workshop that is in its registry, and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Identifier of the workshop.
    pub name: String,
    /// Steps in order.
    pub steps: Vec<BuiltStep>,
    /// The base, with the digest that its name pointed to.
    pub base: Pinned,
    /// The workshop file.
    pub artifact_path: PathBuf,
    /// Digest of its content.
    pub content_digest: Digest,
    /// Its length in bytes.
    pub artifact_size: u64,
    /// False if the same file was there already.
    pub artifact_changed: bool,
    /// What an author should know.
    pub warnings: Vec<String>,
}

/// A step that is in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltStep {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Under the tag `<id>`.
    pub reference: ImageReference,
    /// Under the tag `<id>-sha256-<12 hex>`, which never moves (D19).
    pub pinned: ImageReference,
    /// What both tags point to.
    pub digest: Digest,
    /// Compressed bytes of the layers that the step adds.
    pub own_bytes: u64,
    /// Compressed bytes of the layers below.
    pub shared_bytes: u64,
    /// What had to be done.
    pub outcome: Outcome,
}

/// What had to be done for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was pushed.
    Pushed,
    /// The registry had it under both tags.
    Unchanged,
    /// `--from-step` took it as built.
    Taken,
}
