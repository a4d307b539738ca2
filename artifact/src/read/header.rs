//! The first hundred bytes, looked at before SQLite sees the file (SQLite documentation, "Database File Format").

use crate::error::ReadError;
use crate::read::READ_LIMIT;
use crate::schema::{APPLICATION_ID, PAGE_SIZE, SCHEMA_VERSION};

const MAGIC: &[u8] = b"SQLite format 3\0";

pub(super) fn check(bytes: &[u8]) -> Result<(), ReadError> {
    if bytes.len() as u64 > READ_LIMIT {
        return Err(ReadError::TooLarge { limit: READ_LIMIT });
    }
    if bytes.is_empty() {
        return Err(ReadError::Foreign("it is empty"));
    }
    if !bytes.starts_with(MAGIC) {
        return Err(ReadError::Foreign("it is no SQLite file"));
    }
    let short = || ReadError::Damaged("it ends within its header".to_owned());
    let number = |at: usize| -> Result<u32, ReadError> {
        let four = bytes.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
        four.map(u32::from_be_bytes).ok_or_else(short)
    };
    if number(68)? != APPLICATION_ID {
        return Err(ReadError::Foreign("it is the SQLite file of another program"));
    }
    let version = number(60)?;
    if version > SCHEMA_VERSION {
        return Err(ReadError::Newer { file: version, program: SCHEMA_VERSION });
    }
    if version < SCHEMA_VERSION {
        return Err(ReadError::Damaged(format!("there is no version {version} of the format")));
    }
    let pages = number(28)?;
    let promised = u64::from(pages) * u64::from(PAGE_SIZE);
    if promised != bytes.len() as u64 {
        let length = bytes.len();
        return Err(ReadError::Damaged(format!("it has {length} bytes instead of {promised}")));
    }
    // Page size, rollback journal (not WAL), no reserved bytes; UTF-8.
    let layout = bytes.get(16..21).ok_or_else(short)?;
    if layout != [0x10, 0x00, 1, 1, 0] || number(56)? != 1 {
        return Err(ReadError::Damaged("its layout is not the one of a workshop file".to_owned()));
    }
    Ok(())
}
