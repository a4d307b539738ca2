//! What one layer changes: an ordered set of paths, each with what becomes of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use thiserror::Error;

/// Prefix of the file that stands for a deletion (OCI image-spec, "Whiteouts").
pub(crate) const WHITEOUT: &[u8] = b".wh.";

/// Numeric owner of a path; names never enter a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Owner {
    /// 0:0.
    pub const ROOT: Self = Self { uid: 0, gid: 0 };
}

/// Bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// In memory.
    Bytes(Bytes),
    /// In a file of the host, read when the layer is written. `size` in bytes must still be true then.
    File {
        /// Where to read from.
        path: PathBuf,
        /// Length in bytes.
        size: u64,
    },
}

impl Content {
    /// Length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Bytes(text.into())
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Bytes(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// What becomes of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A regular file. Of `mode` only the lowest twelve bits count.
    File {
        /// Its bytes.
        content: Content,
        /// Permission bits.
        mode: u32,
        /// Numeric owner.
        owner: Owner,
    },
    /// A directory that this layer creates, or whose mode and owner it changes.
    Directory {
        /// Permission bits.
        mode: u32,
        /// Numeric owner.
        owner: Owner,
    },
    /// A symbolic link.
    Symlink {
        /// Text of the link, as it is.
        target: Vec<u8>,
        /// Numeric owner.
        owner: Owner,
    },
    /// Another name of a file of the same set, which must sort before the link. It has mode and owner of that
    /// file: an unpacker sets both from the entry of the link too.
    HardLink {
        /// Path in the image.
        target: Vec<u8>,
    },
    /// The path of a lower layer is gone (an explicit whiteout).
    Deletion,
}

impl Change {
    /// Permission bits and owner; nothing and root where there are none.
    pub(crate) fn mode_and_owner(&self) -> (u32, Owner) {
        match self {
            Self::File { mode, owner, .. } | Self::Directory { mode, owner } => (*mode, *owner),
            Self::Symlink { owner, .. } => (0o777, *owner),
            Self::HardLink { .. } | Self::Deletion => (0, Owner::ROOT),
        }
    }
}

/// Why a path cannot go into a change set or a layer. Paths are shown with a leading slash.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ChangeError {
    /// Not a path below the root.
    #[error(
        "/{0}: not a path in an image (empty, or with an empty, \".\" or \"..\" part, or a NUL); write it in full from the root"
    )]
    Path(String),
    /// The name is reserved for whiteouts.
    #[error(
        "/{0}: names that begin with \".wh.\" mean deletions in a layer and cannot be stored; rename the file"
    )]
    Reserved(String),
    /// A child of something that is not a directory in the same set.
    #[error(
        "/{child}: lies below /{parent}, which is not a directory in the same change set; remove one of them"
    )]
    NotADirectory {
        /// Path that is no directory.
        parent: String,
        /// Path below it.
        child: String,
    },
    /// A hard link without a file that it could name.
    #[error(
        "/{link}: hard link to /{target}, which must be a file of the same change set that sorts before it; add it, or swap the two"
    )]
    LinkOrder {
        /// Path of the link.
        link: String,
        /// What it names.
        target: String,
    },
}

/// An ordered set of changes with the path as key. Paths are bytes from the root, without a leading slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeSet {
    entries: BTreeMap<Vec<u8>, Change>,
}

impl ChangeSet {
    /// Nothing changes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `change` at `path` and gives back what was there before. A leading or closing slash is dropped.
    ///
    /// # Errors
    /// When `path` cannot be a path of a layer.
    pub fn insert(&mut self, path: impl AsRef<[u8]>, change: Change) -> Result<Option<Change>, ChangeError> {
        let key = normalise(path.as_ref())?;
        let change = match change {
            Change::HardLink { target } => Change::HardLink { target: normalise(&target)? },
            other => other,
        };
        Ok(self.entries.insert(key, change))
    }

    /// Puts a file.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub fn file(
        &mut self,
        path: impl AsRef<[u8]>,
        content: impl Into<Content>,
        mode: u32,
        owner: Owner,
    ) -> Result<(), ChangeError> {
        self.insert(path, Change::File { content: content.into(), mode, owner }).map(drop)
    }

    /// Puts a directory.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub fn directory(&mut self, path: impl AsRef<[u8]>, mode: u32, owner: Owner) -> Result<(), ChangeError> {
        self.insert(path, Change::Directory { mode, owner }).map(drop)
    }

    /// Puts a symbolic link.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub fn symlink(
        &mut self,
        path: impl AsRef<[u8]>,
        target: impl AsRef<[u8]>,
        owner: Owner,
    ) -> Result<(), ChangeError> {
        self.insert(path, Change::Symlink { target: target.as_ref().to_vec(), owner }).map(drop)
    }

    /// Puts a deletion.
    ///
    /// # Errors
    /// As [`Self::insert`].
    pub fn delete(&mut self, path: impl AsRef<[u8]>) -> Result<(), ChangeError> {
        self.insert(path, Change::Deletion).map(drop)
    }

    /// What becomes of `path`, if the set names it.
    #[must_use]
    pub fn get(&self, path: impl AsRef<[u8]>) -> Option<&Change> {
        normalise(path.as_ref()).ok().and_then(|key| self.entries.get(&key))
    }

    /// All changes in the order of their paths, which have no leading slash.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Change)> {
        self.entries.iter().map(|(path, change)| (path.as_slice(), change))
    }

    /// Number of paths.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Everything that must hold between the paths of one layer.
    pub(crate) fn check(&self) -> Result<(), ChangeError> {
        for (path, change) in &self.entries {
            for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
                let parent = path.get(..at).unwrap_or_default();
                match self.entries.get(parent) {
                    None | Some(Change::Directory { .. }) => {}
                    Some(_) => {
                        return Err(ChangeError::NotADirectory { parent: show(parent), child: show(path) });
                    }
                }
            }
            if let Change::HardLink { target } = change {
                let is_file = matches!(self.entries.get(target), Some(Change::File { .. }));
                if !is_file || target >= path {
                    return Err(ChangeError::LinkOrder { link: show(path), target: show(target) });
                }
            }
        }
        Ok(())
    }
}

pub(crate) fn show(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

fn normalise(path: &[u8]) -> Result<Vec<u8>, ChangeError> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let parts_fit = path.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."));
    if !parts_fit || path.contains(&0) {
        return Err(ChangeError::Path(show(path)));
    }
    if path.split(|byte| *byte == b'/').any(|part| part.starts_with(WHITEOUT)) {
        return Err(ChangeError::Reserved(show(path)));
    }
    Ok(path.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_held_without_slashes_at_their_ends() {
        let mut set = ChangeSet::new();
        set.directory("/a/", 0o755, Owner::ROOT).unwrap();
        assert!(set.get("a").is_some());
        assert!(set.get("/a").is_some());
        assert_eq!(set.iter().map(|(path, _)| path.to_vec()).collect::<Vec<_>>(), [b"a".to_vec()]);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let mut set = ChangeSet::new();
        for path in ["", "/", "a//b", "a/../b", "./a", "a/.", "a\0b", "//"] {
            assert!(matches!(set.delete(path), Err(ChangeError::Path(_))), "{path:?}");
        }
        assert_eq!(set.delete("a/.wh.b"), Err(ChangeError::Reserved("a/.wh.b".into())));
    }

    #[test]
    fn a_child_of_a_file_is_refused() {
        let mut set = ChangeSet::new();
        set.file("a", "x", 0o644, Owner::ROOT).unwrap();
        set.file("a/b", "y", 0o644, Owner::ROOT).unwrap();
        let error = set.check().unwrap_err().to_string();
        assert!(error.contains("/a/b") && error.contains("/a,"), "{error}");
    }

    #[test]
    fn a_hard_link_comes_after_its_target() {
        let mut set = ChangeSet::new();
        set.file("b", "x", 0o644, Owner::ROOT).unwrap();
        set.insert("c", Change::HardLink { target: b"/b".to_vec() }).unwrap();
        assert_eq!(set.check(), Ok(()));
        set.insert("a", Change::HardLink { target: b"b".to_vec() }).unwrap();
        assert!(matches!(set.check(), Err(ChangeError::LinkOrder { .. })));
        set.insert("a", Change::HardLink { target: b"lower".to_vec() }).unwrap();
        assert!(matches!(set.check(), Err(ChangeError::LinkOrder { .. })));
    }
}
