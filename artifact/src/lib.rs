//! The workshop file: one SQLite file with everything of a workshop that is not an image (D20-D23, D52).
//!
//! Equal content gives equal bytes. A file from elsewhere is checked in full before a word of it is used:
//! size, header, schema, integrity, content digest, and every field.

mod digest;
mod distribution;
mod error;
mod harden;
mod model;
mod read;
mod schema;
mod settings;
mod template;
mod write;

pub use distribution::{
    ARTIFACT_TYPE, FetchError, MEDIA_TYPE, PublishError, Published, TAG, digest_tag, fetch, publish,
};
pub use error::{ReadError, WriteError};
pub use model::{Asset, Pinned, Step, Workshop};
pub use read::{READ_LIMIT, Verified, verify};
pub use schema::SCHEMA_VERSION;
pub use write::{WRITE_LIMIT, Written};

/// What the file's name ends with: `shell-basics.workshop`.
pub const FILE_EXTENSION: &str = "workshop";

#[cfg(test)]
mod tests;
