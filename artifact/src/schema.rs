//! The tables (domain.md, "Artifact", and D52), and how to compare them with a file's.

use rusqlite::Connection;

/// Version of the tables, kept in `user_version`.
pub const SCHEMA_VERSION: u32 = 1;
/// `application_id` of a workshop file: "WKSP".
pub(crate) const APPLICATION_ID: u32 = 0x574b_5350;
/// Bytes of a page.
pub(crate) const PAGE_SIZE: u32 = 4096;

/// STRICT: a column holds its type and nothing else. WITHOUT ROWID: the order of insertion leaves no trace.
/// `runtime_state` and `custom_state` are empty in a distributed file; a laptop fills them in its copy (D51).
pub(crate) const TABLES: &str = "
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE workshop (id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE workspace (path TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE steps (id TEXT PRIMARY KEY, workshop_id TEXT NOT NULL, position INTEGER NOT NULL, title TEXT NOT NULL, markdown TEXT NOT NULL, image_tag TEXT NOT NULL, image_digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE step_metadata (step_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (step_id, key)) STRICT, WITHOUT ROWID;
CREATE TABLE navigation (step_id TEXT PRIMARY KEY, next TEXT, prev TEXT, unlock_condition TEXT) STRICT, WITHOUT ROWID;
CREATE TABLE assets (path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, media_type TEXT NOT NULL, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE runtime_state (workspace_id TEXT NOT NULL, step_id TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('pending', 'active', 'completed')), started_at INTEGER, completed_at INTEGER, PRIMARY KEY (workspace_id, step_id)) STRICT, WITHOUT ROWID;
CREATE TABLE custom_state (workspace_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (workspace_id, key)) STRICT, WITHOUT ROWID;
";

/// Tables of the distributed part with the order of their rows: what the content digest is made of.
pub(crate) const CONTENT: [(&str, &str); 7] = [
    ("meta", "SELECT key, value FROM meta WHERE key <> 'content_digest' ORDER BY key"),
    ("workshop", "SELECT id, name, version, created_at FROM workshop ORDER BY id"),
    ("workspace", "SELECT path, value FROM workspace ORDER BY path"),
    (
        "steps",
        "SELECT id, workshop_id, position, title, markdown, image_tag, image_digest FROM steps ORDER BY id",
    ),
    ("step_metadata", "SELECT step_id, key, value FROM step_metadata ORDER BY step_id, key"),
    ("navigation", "SELECT step_id, next, prev, unlock_condition FROM navigation ORDER BY step_id"),
    ("assets", "SELECT path, sha256, media_type, bytes FROM assets ORDER BY path"),
];

/// Kind, name and text of everything in the schema.
type Entry = (String, String, Option<String>);

/// The first difference between the schema of `connection` and ours.
pub(crate) fn difference(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(TABLES)?;
    let (wanted, found) = (entries(&fresh)?, entries(connection)?);
    let missing = wanted.iter().find(|entry| !found.contains(entry));
    let added = found.iter().find(|entry| !wanted.contains(entry));
    Ok(match (added, missing) {
        (Some((kind, name, _)), _) => {
            Some(format!("{kind} \"{}\" is not as it should be", name.escape_debug()))
        }
        (None, Some((kind, name, _))) => Some(format!("{kind} \"{name}\" is missing")),
        (None, None) => (found.len() != wanted.len()).then(|| "an entry is there twice".to_owned()),
    })
}

fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut query = connection.prepare("SELECT type, name, sql FROM sqlite_schema")?;
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}
