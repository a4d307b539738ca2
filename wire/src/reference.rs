//! Image references: `registry/repository:tag@digest`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Digest;

/// Where an image lies. The registry is always named: a reference that means another
/// place on another machine has no use in a workshop that travels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is not an image reference.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ReferenceError {
    /// No host before the first slash.
    #[error("\"{0}\": name the registry, for example registry.example:5000/{0}")]
    NoRegistry(String),
    /// The path after the registry is not a repository name.
    #[error(
        "\"{text}\": \"{repository}\" is not a repository name (lower-case letters, digits and single . _ - between them, parts divided by /)"
    )]
    Repository {
        /// The whole text.
        text: String,
        /// The part at fault.
        repository: String,
    },
    /// The part after the colon is not a tag.
    #[error(
        "\"{text}\": \"{tag}\" is not a tag (letters, digits, . _ -, at most 128, not beginning with . or -)"
    )]
    Tag {
        /// The whole text.
        text: String,
        /// The part at fault.
        tag: String,
    },
    /// The part after the at sign is not a digest.
    #[error("\"{text}\": {source}")]
    Digest {
        /// The whole text.
        text: String,
        /// What is wrong with it.
        source: crate::DigestError,
    },
}

impl ImageReference {
    /// Host and port, `registry.example:5000`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Path inside the registry, `team/kubernetes-101`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if one was written.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if one was written.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// `registry/repository`, without tag and digest.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository under this tag, without a digest.
    ///
    /// # Errors
    /// When `tag` is not a tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        if !is_tag(tag) {
            return Err(ReferenceError::Tag { text: self.name(), tag: tag.to_owned() });
        }
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }

    /// The same reference, pinned to this digest.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The same repository, tag and digest in another registry.
    #[must_use]
    pub fn in_registry(&self, registry: &str) -> Self {
        Self { registry: registry.to_owned(), ..self.clone() }
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => {
                let parsed = digest
                    .parse()
                    .map_err(|source| ReferenceError::Digest { text: text.to_owned(), source })?;
                (rest, Some(parsed))
            }
            None => (text, None),
        };
        let Some((registry, path)) = rest.split_once('/').filter(|(host, _)| is_registry(host)) else {
            return Err(ReferenceError::NoRegistry(text.to_owned()));
        };
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if !is_repository(repository) {
            let repository = repository.to_owned();
            return Err(ReferenceError::Repository { text: text.to_owned(), repository });
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Tag { text: text.to_owned(), tag: tag.to_owned() });
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

/// A first part with a dot, a port, or the name `localhost` is a host (the reference grammar of
/// distribution); anything else would be looked up at a place that nobody named.
fn is_registry(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let named = name == "localhost" || name.contains('.') || port.is_some();
    let port_is_number = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let characters = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    named && port_is_number && characters && !name.is_empty()
}

fn is_repository(path: &str) -> bool {
    !path.is_empty() && path.len() <= 255 && path.split('/').all(is_path_component)
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*` (OCI distribution-spec).
fn is_path_component(part: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let separators_fit = part
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|b| b == b'-'));
    part.bytes().next().is_some_and(is_word) && part.bytes().last().is_some_and(is_word) && separators_fit
}

fn is_tag(tag: &str) -> bool {
    let first = tag.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    first
        && tag.len() <= 128
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

impl TryFrom<String> for ImageReference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<ImageReference> for String {
    fn from(reference: ImageReference) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_apart_and_together() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let text = format!("registry.example:5000/team/k8s-101:deploy@{digest}");
        let reference: ImageReference = text.parse().unwrap();
        assert_eq!(reference.registry(), "registry.example:5000");
        assert_eq!(reference.repository(), "team/k8s-101");
        assert_eq!(reference.tag(), Some("deploy"));
        assert_eq!(reference.digest().unwrap().as_str(), digest);
        assert_eq!(reference.to_string(), text);
    }

    #[test]
    fn a_reference_without_a_registry_is_refused_with_the_way_out() {
        let error = "team/app:1".parse::<ImageReference>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"team/app:1\": name the registry, for example registry.example:5000/team/app:1"
        );
    }

    #[test]
    fn odd_names_are_refused() {
        for text in [
            "localhost/",
            "localhost/Upper",
            "localhost/a//b",
            "localhost/a._b",
            "localhost/-a",
            "localhost/a:",
            "localhost/a:.x",
            "localhost/a@sha256:1",
            "a b.c/d",
            "host:port/a",
            "/a",
        ] {
            assert!(text.parse::<ImageReference>().is_err(), "{text}");
        }
    }

    #[test]
    fn separators_of_a_repository_follow_the_grammar() {
        for text in ["localhost/a__b", "localhost/a---b/c.d_e", "198.18.0.1:15000/x"] {
            assert!(text.parse::<ImageReference>().is_ok(), "{text}");
        }
    }
}
