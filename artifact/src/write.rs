//! Writing: always from scratch, rows in order, then one `VACUUM INTO`, which leaves no trace of how they came.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use rusqlite::{Connection, params};
use wire::Digest;

use crate::digest;
use crate::error::WriteError;
use crate::model::{Step, Workshop};
use crate::schema::{APPLICATION_ID, PAGE_SIZE, SCHEMA_VERSION, TABLES};
use crate::settings;

/// Most bytes of a workshop file.
pub const WRITE_LIMIT: u64 = 5_000_000;

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Digest of the content.
    pub content_digest: Digest,
    /// Bytes of the file.
    pub size: u64,
    /// False if the very same bytes were there already.
    pub changed: bool,
}

impl Workshop {
    /// Writes the file `path`, all of it or nothing. A file with the same bytes is left alone.
    ///
    /// # Errors
    /// When the workshop contradicts itself or gets too large, or the disk refuses.
    pub fn write(&self, path: &Path) -> Result<Written, WriteError> {
        let (bytes, content_digest) = self.build()?;
        let size = bytes.len() as u64;
        if fs::metadata(path).is_ok_and(|old| old.len() == size)
            && fs::read(path).is_ok_and(|old| old == bytes)
        {
            return Ok(Written { content_digest, size, changed: false });
        }
        replace(path, &bytes).map_err(|source| WriteError::File { path: path.to_owned(), source })?;
        Ok(Written { content_digest, size, changed: true })
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// When the workshop contradicts itself or gets too large.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        self.build().map(|(bytes, _)| bytes)
    }

    /// Digest of the content (D21).
    ///
    /// # Errors
    /// When the workshop contradicts itself or gets too large.
    pub fn content_digest(&self) -> Result<Digest, WriteError> {
        self.build().map(|(_, digest)| digest)
    }

    /// The bytes of the file and the digest of its content.
    pub(crate) fn build(&self) -> Result<(Vec<u8>, Digest), WriteError> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_SIZE}; PRAGMA encoding = 'UTF-8'; PRAGMA application_id = {APPLICATION_ID}; \
             PRAGMA user_version = {SCHEMA_VERSION};{TABLES}"
        ))?;
        let transaction = connection.transaction()?;
        self.insert(&transaction)?;
        let content = digest::content_digest(&transaction)?;
        insert_meta(&transaction, "content_digest", content.as_str())?;
        transaction.commit()?;
        let bytes = pack(&connection)?;
        self.check_size(bytes.len() as u64)?;
        Ok((bytes, content))
    }

    fn insert(&self, to: &Connection) -> Result<(), WriteError> {
        for (key, value) in [
            ("format", "workshop"),
            ("image", &self.image.to_string()),
            ("base_image", &self.base.reference.to_string()),
            ("base_digest", self.base.digest.as_str()),
        ] {
            insert_meta(to, key, value)?;
        }
        to.execute(
            "INSERT INTO workshop VALUES (?1, ?2, ?3, ?4)",
            params![self.name, self.name, self.version, self.created_at],
        )?;
        for (path, value) in settings::to_rows(&self.settings).map_err(content)? {
            to.execute("INSERT INTO workspace VALUES (?1, ?2)", params![path, value])?;
        }
        for (position, step) in self.steps.iter().enumerate() {
            self.insert_step(to, position, step)?;
        }
        for asset in &self.assets {
            let sha256 = digest::of_bytes(&asset.bytes);
            to.execute(
                "INSERT INTO assets VALUES (?1, ?2, ?3, ?4)",
                params![asset.path, sha256.as_str(), asset.media_type, asset.bytes],
            )?;
        }
        Ok(())
    }

    fn insert_step(&self, to: &Connection, position: usize, step: &Step) -> Result<(), WriteError> {
        let number = i64::try_from(position).map_err(content)?;
        to.execute(
            "INSERT INTO steps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                step.id,
                self.name,
                number,
                step.title,
                step.markdown,
                step.image.reference.to_string(),
                step.image.digest.as_str()
            ],
        )?;
        for (key, value) in &step.metadata {
            to.execute("INSERT INTO step_metadata VALUES (?1, ?2, ?3)", params![step.id, key, json(value)?])?;
        }
        let (prev, next) = self.neighbours(position);
        let unlock = step.unlock.as_ref().map(json).transpose()?;
        to.execute("INSERT INTO navigation VALUES (?1, ?2, ?3, ?4)", params![step.id, next, prev, unlock])?;
        Ok(())
    }

    fn check_size(&self, size: u64) -> Result<(), WriteError> {
        if size <= WRITE_LIMIT {
            return Ok(());
        }
        let sum = |sizes: &mut dyn Iterator<Item = usize>| sizes.map(|size| size as u64).sum();
        let texts = &mut self.steps.iter().flat_map(|step| {
            let metadata = step.metadata.values().map(|value| value.to_string().len());
            metadata.chain([step.markdown.len()])
        });
        let largest = self.assets.iter().max_by_key(|asset| asset.bytes.len());
        Err(WriteError::TooLarge {
            size,
            limit: WRITE_LIMIT,
            texts: sum(texts),
            assets: sum(&mut self.assets.iter().map(|asset| asset.bytes.len())),
            largest: largest.map(|asset| (asset.path.clone(), asset.bytes.len() as u64)),
        })
    }
}

fn content(error: impl std::fmt::Display) -> WriteError {
    WriteError::Content(error.to_string())
}

/// JSON with sorted keys: the same value is the same text, however it came.
fn json(value: &impl serde::Serialize) -> Result<String, WriteError> {
    String::from_utf8(oci::canonical_json(value).map_err(content)?).map_err(content)
}

fn insert_meta(to: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    to.execute("INSERT INTO meta VALUES (?1, ?2)", params![key, value]).map(drop)
}

/// The database as a file's bytes. Exactly one `VACUUM INTO` from a fresh one: a second changes the header.
fn pack(connection: &Connection) -> Result<Vec<u8>, WriteError> {
    let folder =
        tempfile::tempdir().map_err(|source| WriteError::File { path: std::env::temp_dir(), source })?;
    let path = folder.path().join("workshop");
    let Some(name) = path.to_str() else {
        return Err(WriteError::Content(format!("{}: set TMPDIR to a path in UTF-8", path.display())));
    };
    connection.execute("VACUUM INTO ?1", params![name])?;
    fs::read(&path).map_err(|source| WriteError::File { path, source })
}

/// Writes beside `path` and renames, so that a reader sees the old file or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".workshop-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file; the umask takes from it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
