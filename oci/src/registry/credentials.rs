//! Logins, from the configuration file that container tools share.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::error::StoreError;

/// How to log in to one registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// User and password.
    Basic { user: String, password: String },
    /// A token that buys tokens.
    Identity(String),
}

/// Without its secrets.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

/// Logins by host. Never shown.
#[derive(Clone, Default)]
pub struct Credentials {
    by_host: BTreeMap<String, Login>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_host.keys()).finish()
    }
}

#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

impl Credentials {
    /// From `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. None where there is no such file.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn load() -> Result<Self, StoreError> {
        let directory = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
        let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker"));
        match directory.or(home).map(|directory| directory.join("config.json")) {
            Some(path) if path.exists() => Self::from_file(&path),
            _ => Ok(Self::default()),
        }
    }

    /// From a file in the same format (also of a pull secret).
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, StoreError> {
        let text = std::fs::read(path).map_err(StoreError::file(path))?;
        Self::from_json(&text)
            .map_err(|detail| StoreError::Setting { subject: path.display().to_string(), detail })
    }

    fn from_json(text: &[u8]) -> Result<Self, String> {
        let file: ConfigFile = serde_json::from_slice(text).map_err(|error| {
            format!("cannot be read: {error}; want {{\"auths\": {{\"host\": {{\"auth\": …}}}}}}")
        })?;
        let mut by_host = BTreeMap::new();
        for (key, entry) in file.auths {
            let login = entry.login().map_err(|why| format!("auths[\"{key}\"]: {why}; log in again"))?;
            if let Some(login) = login {
                by_host.insert(host_of(&key).to_owned(), login);
            }
        }
        Ok(Self { by_host })
    }

    /// Adds or replaces a login with user and password.
    pub fn insert(&mut self, host: &str, user: &str, password: &str) {
        let login = Login::Basic { user: user.to_owned(), password: password.to_owned() };
        self.by_host.insert(host.to_owned(), login);
    }

    pub(super) fn for_host(&self, host: &str) -> Option<&Login> {
        self.by_host.get(host)
    }
}

impl Entry {
    fn login(self) -> Result<Option<Login>, &'static str> {
        if let Some(token) = self.identitytoken.filter(|token| !token.is_empty()) {
            return Ok(Some(Login::Identity(token)));
        }
        if let (Some(user), Some(password)) = (self.username, self.password) {
            return Ok(Some(Login::Basic { user, password }));
        }
        let Some(auth) = self.auth.filter(|auth| !auth.is_empty()) else { return Ok(None) };
        let bytes = STANDARD.decode(auth.trim()).map_err(|_| "\"auth\" is not base64")?;
        let text = String::from_utf8(bytes).map_err(|_| "\"auth\" is not text")?;
        let (user, password) = text.split_once(':').ok_or("\"auth\" is not user:password")?;
        let password = password.trim_end_matches('\0').to_owned();
        Ok(Some(Login::Basic { user: user.to_owned(), password }))
    }
}

/// Keys of the file may be addresses.
fn host_of(key: &str) -> &str {
    let rest = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    rest.split('/').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_entry_is_read() {
        let text = br#"{"auths": {
            "a.example:5000": {"auth": "YW5hOnM6ZQ=="},
            "https://b.example/v1/": {"username": "bo", "password": "x"},
            "c.example": {"identitytoken": "t"},
            "d.example": {}
        }, "credsStore": "desktop"}"#;
        let found = Credentials::from_json(text).unwrap();
        let basic =
            |user: &str, password: &str| Login::Basic { user: user.into(), password: password.into() };
        assert!(found.for_host("a.example:5000") == Some(&basic("ana", "s:e")));
        assert!(found.for_host("b.example") == Some(&basic("bo", "x")));
        assert!(found.for_host("c.example") == Some(&Login::Identity("t".into())));
        assert!(found.for_host("d.example").is_none());
        assert_eq!(format!("{found:?}"), r#"{"a.example:5000", "b.example", "c.example"}"#);
    }

    #[test]
    fn a_damaged_entry_is_named_without_its_secret() {
        let error =
            Credentials::from_json(br#"{"auths": {"a.example": {"auth": "?secret"}}}"#).err().unwrap();
        assert_eq!(error, "auths[\"a.example\"]: \"auth\" is not base64; log in again");
    }
}
