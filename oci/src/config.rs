//! The config of an image: what it runs and what its layers unpack to (OCI image-spec, "Image Configuration").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use wire::Digest;

use crate::canonical::{canonical_json, null_as_default};
use crate::descriptor::Platform;

/// The time that everything of ours carries: the epoch (D18).
pub(crate) const EPOCH: &str = "1970-01-01T00:00:00Z";

/// An image's config. Fields that this crate does not use are kept in `rest` and written back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// When the image was made, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Architecture in Go's words.
    pub architecture: String,
    /// Operating system in Go's words.
    pub os: String,
    /// Variant of the architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// What a container runs with.
    #[serde(default, deserialize_with = "null_as_default")]
    pub config: RuntimeConfig,
    /// Digests of the unpacked layers.
    pub rootfs: RootFs,
    /// One entry for each layer, and for each step without one.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// What a container runs with. The names in JSON are Go's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RuntimeConfig {
    /// User and group, by number or name; empty is root.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// `port/protocol` to nothing.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_ports: BTreeMap<String, Map<String, Value>>,
    /// `NAME=value`, in order. Use [`Self::set_env`] and [`Self::env`].
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Words that come before the command.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// The command, or its arguments where there is an entrypoint.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// Directory that the command starts in.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Free key-value pairs.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Signal that ends the command.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Everything else (volumes, health check, Docker's fields).
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The layers, unpacked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Digest of each layer's bare tar, lowest first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub diff_ids: Vec<Digest>,
}

/// How one layer came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// What made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// True where there is no layer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Config {
    /// An image without layers.
    #[must_use]
    pub fn scratch(platform: &Platform) -> Self {
        Self {
            created: Some(EPOCH.to_owned()),
            architecture: platform.architecture.clone(),
            os: platform.os.clone(),
            variant: platform.variant.clone(),
            config: RuntimeConfig::default(),
            rootfs: RootFs { kind: "layers".to_owned(), diff_ids: Vec::new() },
            history: Vec::new(),
            rest: Map::new(),
        }
    }

    /// What it runs on.
    #[must_use]
    pub fn platform(&self) -> Platform {
        Platform {
            architecture: self.architecture.clone(),
            os: self.os.clone(),
            variant: self.variant.clone(),
        }
    }

    /// What the image *is*: a hash of platform, unpacked layers and runtime config. It knows nothing of
    /// registry, repository, tag, history or compression, so keys may be chained on it.
    ///
    /// # Errors
    /// Never in practice; see [`canonical_json`].
    pub fn content_id(&self) -> Result<Digest, serde_json::Error> {
        let identity = (&self.platform(), &self.rootfs.diff_ids, &self.config);
        Ok(Digest::from_sha256(&Sha256::digest(canonical_json(&identity)?).into()))
    }
}

impl RuntimeConfig {
    /// Value of an environment variable.
    #[must_use]
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env.iter().find_map(|entry| value_of(entry, name))
    }

    /// Sets a variable: in its old place if it is there, else at the end.
    pub fn set_env(&mut self, name: &str, value: &str) {
        let text = format!("{name}={value}");
        match self.env.iter_mut().find(|entry| value_of(entry, name).is_some()) {
            Some(entry) => *entry = text,
            None => self.env.push(text),
        }
    }
}

fn value_of<'a>(entry: &'a str, name: &str) -> Option<&'a str> {
    entry.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREIGN: &str = r#"{
        "os": "linux", "architecture": "amd64", "docker_version": "20.10",
        "config": {"Env": null, "Labels": null, "Cmd": ["sh"], "Volumes": {"/data": {}}, "ArgsEscaped": true},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": [{"created_by": "x", "comment": "buildkit"}]
    }"#;

    #[test]
    fn unknown_fields_come_back_in_canonical_order() {
        let config: Config = serde_json::from_str(FOREIGN).unwrap();
        assert_eq!(
            String::from_utf8(canonical_json(&config).unwrap()).unwrap(),
            concat!(
                r#"{"architecture":"amd64","config":{"ArgsEscaped":true,"Cmd":["sh"],"Volumes":{"/data":{}}},"#,
                r#""docker_version":"20.10","history":[{"comment":"buildkit","created_by":"x"}],"#,
                r#""os":"linux","rootfs":{"diff_ids":[],"type":"layers"}}"#
            )
        );
    }

    #[test]
    fn a_variable_keeps_its_place() {
        let mut config = RuntimeConfig { env: vec!["A=1".into(), "B=2".into()], ..Default::default() };
        config.set_env("A", "x=y");
        config.set_env("C", "3");
        assert_eq!(config.env, ["A=x=y", "B=2", "C=3"]);
        assert_eq!(config.env("A"), Some("x=y"));
        assert_eq!(config.env("D"), None);
    }

    #[test]
    fn content_id_ignores_history_and_sees_env() {
        let mut config = Config::scratch(&Platform::linux("amd64"));
        let before = config.content_id().unwrap();
        config.history.push(History { created_by: Some("x".into()), ..Default::default() });
        assert_eq!(config.content_id().unwrap(), before);
        config.config.set_env("A", "1");
        assert_ne!(config.content_id().unwrap(), before);
    }
}
