//! What goes wrong with a workshop file.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a workshop file could not be written. Nothing was changed on the disk.
#[derive(Debug, Error)]
pub enum WriteError {
    /// More than a workshop file may be.
    #[error(
        "the workshop file would have {size} bytes, more than the {limit} it may have: {texts} bytes of texts and checks, {assets} bytes of assets{}; make the pictures smaller",
        largest.as_ref().map(|(path, size)| format!(" (largest: {path}, {size} bytes)")).unwrap_or_default()
    )]
    TooLarge {
        /// Bytes of the file.
        size: u64,
        /// Most that it may have.
        limit: u64,
        /// Bytes of texts and metadata in it.
        texts: u64,
        /// Bytes of assets in it.
        assets: u64,
        /// Path and bytes of the largest asset.
        largest: Option<(String, u64)>,
    },
    /// The workshop contradicts itself.
    #[error("{0}")]
    Content(String),
    /// The disk.
    #[error("cannot write {}: {source}", path.display())]
    File {
        /// What was written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite.
    #[error("cannot make the workshop file: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Why a workshop file is refused. Nothing of it was used.
#[derive(Debug, Error)]
pub enum ReadError {
    /// What is wrong with the file of this name.
    #[error("{}: {error}", path.display())]
    At {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: Box<ReadError>,
    },
    /// The disk.
    #[error("cannot be read: {0}")]
    File(#[from] io::Error),
    /// More than is read.
    #[error(
        "is larger than the {limit} bytes that a workshop file may have; it is damaged or something else"
    )]
    TooLarge {
        /// Most bytes that are read.
        limit: u64,
    },
    /// Something else.
    #[error("is no workshop file ({0}); name the file that `build compile` wrote")]
    Foreign(&'static str),
    /// From the future.
    #[error(
        "has version {file} of the format, and this program knows versions up to {program}; use a newer release of the program"
    )]
    Newer {
        /// Version of the file.
        file: u32,
        /// Newest version that is known.
        program: u32,
    },
    /// Bytes are not what was written.
    #[error("is damaged ({0}); get it again from where it came, or build it again")]
    Damaged(String),
    /// Tables that are not ours, or ours and more.
    #[error(
        "does not have the tables of a workshop file ({0}); it was changed by something else, so it is not used"
    )]
    Schema(String),
    /// Tables that hold what no workshop can.
    #[error("holds what no workshop can ({0}); it was changed by something else, so it is not used")]
    Content(String),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        let interrupted = error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted);
        Self::Damaged(if interrupted { "reading it takes too long".to_owned() } else { error.to_string() })
    }
}
