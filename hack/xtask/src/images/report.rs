//! What was pushed: a line for people, a file for the demo.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use oci::Pushed;
use serde::{Deserialize, Serialize};
use wire::{Digest, ImageReference};

use super::error::Error;

/// An image in the registry. Shows as reference, digest and what it took.
pub(super) struct Published {
    pub(super) reference: ImageReference,
    pub(super) pushed: Pushed,
}

impl fmt::Display for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.reference, self.pushed.digest)?;
        if self.pushed.already_there {
            return f.write_str("already there");
        }
        write!(f, "{} bytes pushed", self.pushed.traffic.bytes)
    }
}

/// Name of an image to where it lies.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Digests(BTreeMap<String, Entry>);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    reference: ImageReference,
    digest: Digest,
}

impl Digests {
    /// Empty where there is no such file.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read(path).map_err(Error::file(path))?;
        serde_json::from_slice(&text).map_err(|source| Error::Damaged { path: path.to_owned(), source })
    }

    pub(super) fn insert(&mut self, name: &str, published: &Published) {
        let (reference, digest) = (published.reference.clone(), published.pushed.digest.clone());
        self.0.insert(name.to_owned(), Entry { reference, digest });
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| Error::Damaged { path: path.to_owned(), source })?;
        std::fs::write(path, text + "\n").map_err(Error::file(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_entries_of_the_file_stay() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("digests.json");
        assert_eq!(Digests::read(&path).unwrap(), Digests::default());
        for (name, hex) in [("agent", "a"), ("server", "b"), ("agent", "c")] {
            let mut digests = Digests::read(&path).unwrap();
            let digest: Digest = format!("sha256:{}", hex.repeat(64)).parse().unwrap();
            let pushed = Pushed { digest, already_there: true, traffic: oci::Traffic::default() };
            let reference = format!("localhost/workshop/{name}:1").parse().unwrap();
            digests.insert(name, &Published { reference, pushed });
            digests.write(&path).unwrap();
        }
        let found = Digests::read(&path).unwrap();
        let hexes: Vec<_> =
            found.0.iter().map(|(name, entry)| (name.as_str(), entry.digest.short())).collect();
        assert_eq!(hexes, [("agent", "cccccccccccc"), ("server", "bbbbbbbbbbbb")]);
    }
}
