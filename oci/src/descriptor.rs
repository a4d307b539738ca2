//! Descriptors and platforms.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use wire::Digest;

use crate::canonical::null_as_default;

/// SHA-256 of some bytes as a digest.
pub(crate) fn digest_of(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(bytes).into())
}

/// What a blob or manifest is, how long it is and what its bytes hash to (OCI image-spec, "Content Descriptors").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the content.
    pub media_type: String,
    /// Digest of the bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
    /// In an index: what the manifest is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Free key-value pairs.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Fields that this crate does not use (`urls`, `artifactType`, `data`).
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Descriptor {
    /// Without platform and annotations.
    #[must_use]
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            platform: None,
            annotations: BTreeMap::new(),
            rest: Map::new(),
        }
    }

    /// Of these bytes.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, digest_of(bytes), bytes.len() as u64)
    }
}

/// What a program of an image runs on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// Architecture in Go's words, `amd64`.
    pub architecture: String,
    /// Operating system in Go's words, `linux`.
    pub os: String,
    /// Variant of the architecture, `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// `linux/<architecture>` without a variant.
    #[must_use]
    pub fn linux(architecture: &str) -> Self {
        Self { architecture: architecture.to_owned(), os: "linux".to_owned(), variant: None }
    }

    /// Linux on the architecture that this program was compiled for. Always Linux: that is what
    /// step images hold, wherever they are built.
    #[must_use]
    pub fn host() -> Self {
        Self::linux(match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        })
    }

    /// True if an image for `offered` serves where `self` is wanted: a variant counts only where one is wanted.
    #[must_use]
    pub fn accepts(&self, offered: &Self) -> bool {
        self.os == offered.os
            && self.architecture == offered.architecture
            && (self.variant.is_none() || self.variant == offered.variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}
