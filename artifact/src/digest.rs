//! The content digest: over rows, not pages, so that it survives another page size, another SQLite and an
//! export with import (D20, D21).

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};
use wire::Digest;

use crate::schema::{CONTENT, SCHEMA_VERSION};

/// Digest of the distributed part. Every value goes in with its kind and length, so that no two contents
/// look alike.
pub(crate) fn content_digest(connection: &Connection) -> rusqlite::Result<Digest> {
    let mut hash = Sha256::new();
    hash.update(format!("workshop content {SCHEMA_VERSION}\n"));
    for (table, query) in CONTENT {
        hash.update(format!("table {table}\n"));
        let mut query = connection.prepare(query)?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            hash.update("row\n");
            for column in 0..columns {
                feed(&mut hash, row.get_ref(column)?);
            }
        }
    }
    Ok(Digest::from_sha256(&hash.finalize().into()))
}

fn feed(hash: &mut Sha256, value: ValueRef<'_>) {
    let mut sized = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    match value {
        ValueRef::Null => sized(b'n', &[]),
        ValueRef::Integer(number) => sized(b'i', &number.to_le_bytes()),
        ValueRef::Real(number) => sized(b'r', &number.to_le_bytes()),
        ValueRef::Text(text) => sized(b't', text),
        ValueRef::Blob(bytes) => sized(b'b', bytes),
    }
}

/// SHA-256 of a file, as in the column `sha256`.
pub(crate) fn of_bytes(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(bytes).into())
}
