//! A workshop as data.

use std::collections::BTreeMap;

use api::v1::{Settings, Unlock};
use serde_json::Value;
use wire::{Digest, ImageReference};

/// Everything of a workshop that is not an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Workshop {
    /// Identifier, `workshop.name` of the specification.
    pub name: String,
    /// Version of the specification, `v1`.
    pub version: String,
    /// Seconds since 1970: `SOURCE_DATE_EPOCH`, 0 without one. Never the clock, or equal content would give other bytes.
    pub created_at: i64,
    /// Repository of the step images, without tag and digest.
    pub image: ImageReference,
    /// What the first step was built from.
    pub base: Pinned,
    /// `workspace.yaml`.
    pub settings: Settings,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// Pictures of the texts, by path. Never file state of workspaces.
    pub assets: Vec<Asset>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Lower-case letters, digits and hyphens.
    pub id: String,
    /// Shown to people.
    pub title: String,
    /// The page, without front matter; empty where there is none.
    pub markdown: String,
    /// Image, under the tag `<id>`.
    pub image: Pinned,
    /// What has to be completed before; absent means nothing.
    pub unlock: Option<Unlock>,
    /// Everything else: `minutes`, `checks`, `hints`, `quiz`, `imageTag` (the tag that never moves, D19).
    pub metadata: BTreeMap<String, Value>,
}

/// A reference for people, and the digest that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// With the tag, without the digest.
    pub reference: ImageReference,
    /// What the tag pointed to (D19).
    pub digest: Digest,
}

/// A picture of the texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// As the texts name it: `assets/plan.png`.
    pub path: String,
    /// For example `image/png`.
    pub media_type: String,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Workshop {
    /// The step before and the step after the one at `position`.
    pub(crate) fn neighbours(&self, position: usize) -> (Option<&str>, Option<&str>) {
        let id = |at: usize| self.steps.get(at).map(|step| step.id.as_str());
        (position.checked_sub(1).and_then(id), position.checked_add(1).and_then(id))
    }
}
