//! Reading: everything is checked before anything is used.

mod header;
mod rows;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rusqlite::Connection;
use wire::Digest;

use crate::error::ReadError;
use crate::model::Workshop;
use crate::{digest, harden, schema};

/// Most bytes of a file that are read. More than [`crate::WRITE_LIMIT`]: a later release may write larger files.
pub const READ_LIMIT: u64 = 16 << 20;

/// A file that holds what it promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Digest of the content.
    pub content_digest: Digest,
    /// Version of the tables.
    pub schema_version: u32,
    /// Number of steps.
    pub steps: usize,
    /// Bytes of the file.
    pub size: u64,
}

impl Workshop {
    /// Reads and verifies a file.
    ///
    /// # Errors
    /// [`ReadError::At`] with what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        at(path, || Self::from_bytes(&load(path)?))
    }

    /// Verifies and reads the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReadError> {
        open(bytes).map(|(workshop, _)| workshop)
    }
}

/// Checks everything in a file.
///
/// # Errors
/// [`ReadError::At`] with what is wrong with it.
pub fn verify(path: &Path) -> Result<Verified, ReadError> {
    at(path, || {
        let bytes = load(path)?;
        let (workshop, content_digest) = open(&bytes)?;
        Ok(Verified {
            content_digest,
            schema_version: schema::SCHEMA_VERSION,
            steps: workshop.steps.len(),
            size: bytes.len() as u64,
        })
    })
}

fn at<T>(path: &Path, read: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    read().map_err(|error| ReadError::At { path: path.to_owned(), error: Box::new(error) })
}

fn load(path: &Path) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    File::open(path)?.take(READ_LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn open(bytes: &[u8]) -> Result<(Workshop, Digest), ReadError> {
    header::check(bytes)?;
    let connection = harden::open(bytes)?;
    if let Some(difference) = schema::difference(&connection)? {
        return Err(ReadError::Schema(difference));
    }
    integrity(&connection)?;
    let promised = rows::meta(&connection)?.remove("content_digest").unwrap_or_default();
    let found = digest::content_digest(&connection)?;
    if found.as_str() != promised {
        let promised = promised.escape_debug();
        return Err(ReadError::Damaged(format!("its content has digest {found}, not \"{promised}\"")));
    }
    Ok((rows::workshop(&connection)?, found))
}

fn integrity(connection: &Connection) -> Result<(), ReadError> {
    let answer: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if answer == "ok" { Ok(()) } else { Err(ReadError::Damaged(answer)) }
}
