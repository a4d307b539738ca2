//! Files that are not what they should be.

use std::fs;

use rusqlite::Connection;

use super::fixture::workshop;
use crate::digest::content_digest;
use crate::{READ_LIMIT, ReadError, Workshop};

fn bytes() -> Vec<u8> {
    workshop().to_bytes().unwrap()
}

/// The file after somebody has changed it with SQLite.
fn changed(sql: &str, sign_again: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes()).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(sql).unwrap();
    if sign_again {
        let digest = content_digest(&connection).unwrap();
        connection
            .execute("UPDATE meta SET value = ?1 WHERE key = 'content_digest'", [digest.as_str()])
            .unwrap();
    }
    drop(connection);
    fs::read(&path).unwrap()
}

fn refusal(bytes: &[u8]) -> String {
    Workshop::from_bytes(bytes).unwrap_err().to_string()
}

#[test]
fn other_files_are_told_by_what_they_are() {
    assert!(refusal(b"").contains("it is empty"));
    assert!(refusal(b"version: v1\n").contains("it is no SQLite file"));
    assert!(refusal(b"SQLite format 3\0").contains("ends within its header"));
    let mut large = bytes();
    large.resize(usize::try_from(READ_LIMIT).unwrap() + 1, 0);
    assert!(matches!(Workshop::from_bytes(&large), Err(ReadError::TooLarge { .. })));
    assert!(refusal(&changed("PRAGMA application_id = 7", false)).contains("of another program"));
    let missing = Workshop::read(std::path::Path::new("/nowhere/x.workshop")).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/x.workshop: cannot be read: "), "{missing}");
}

#[test]
fn a_newer_file_is_refused_with_both_versions() {
    let text = refusal(&changed("PRAGMA user_version = 9", false));
    assert_eq!(
        text,
        "has version 9 of the format, and this program knows versions up to 1; use a newer release of the program"
    );
    assert!(refusal(&changed("PRAGMA user_version = 0", false)).contains("no version 0"));
}

#[test]
fn tables_must_be_ours_and_nothing_else() {
    for (sql, what) in [
        ("CREATE TABLE more (a)", "table \"more\""),
        ("CREATE VIEW v AS SELECT 1", "view \"v\""),
        ("CREATE TRIGGER t AFTER INSERT ON steps BEGIN DELETE FROM meta; END", "trigger \"t\""),
        ("CREATE INDEX i ON steps (title)", "index \"i\""),
        ("DROP TABLE assets", "table \"assets\" is missing"),
        ("ALTER TABLE steps ADD COLUMN extra TEXT", "table \"steps\""),
        ("CREATE VIRTUAL TABLE f USING fts5(a)", "table \"f"),
    ] {
        let text = refusal(&changed(sql, false));
        assert!(text.contains("does not have the tables") && text.contains(what), "{sql}: {text}");
    }
}

#[test]
fn a_write_ahead_log_and_other_layouts_are_refused() {
    assert!(refusal(&changed("PRAGMA journal_mode = WAL", false)).contains("layout"));
    assert!(refusal(&changed("PRAGMA page_size = 1024; VACUUM", false)).contains("instead of"));
}

#[test]
fn content_must_be_what_its_digest_says() {
    let text = refusal(&changed("UPDATE steps SET title = 'x'", false));
    assert!(text.contains("its content has digest"), "{text}");
}

#[test]
fn content_must_be_a_workshop_even_if_it_is_signed_again() {
    for (sql, what) in [
        ("DELETE FROM workshop", "there must be one workshop"),
        ("UPDATE workshop SET id = 'other'", "id is not its name"),
        ("DELETE FROM steps; DELETE FROM step_metadata; DELETE FROM navigation", "there are no steps"),
        ("UPDATE steps SET position = 7 WHERE id = 'again'", "has no place"),
        ("UPDATE steps SET image_digest = 'md5:1'", "not a digest"),
        ("UPDATE steps SET image_tag = 'x'", "name the registry"),
        ("UPDATE step_metadata SET value = '{'", "metadata \"hints\""),
        ("INSERT INTO step_metadata VALUES ('ghost', 'a', '1')", "\"ghost\", which is no step"),
        ("UPDATE navigation SET next = 'intro'", "does not follow the order"),
        ("UPDATE navigation SET unlock_condition = 'maybe' WHERE step_id = 'again'", "unlock condition"),
        ("INSERT INTO navigation VALUES ('ghost', NULL, NULL, NULL)", "which is no step"),
        ("INSERT INTO workspace VALUES ('lifecycle.colour', '\"red\"')", "is no setting"),
        ("INSERT INTO workspace VALUES ('lifecycle', '1')", "both a value and a section"),
        ("UPDATE workspace SET value = '\"forever\"' WHERE path = 'lifecycle.mode'", "workspace"),
        ("UPDATE assets SET bytes = x'00'", "is not what its digest says"),
        ("DELETE FROM meta WHERE key = 'image'", "\"image\" is missing"),
        ("INSERT INTO meta VALUES ('more', '')", "\"more\" is unknown"),
    ] {
        let text = refusal(&changed(sql, true));
        assert!(text.contains(what), "{sql}: {text}");
    }
}

#[test]
fn progress_in_a_working_copy_is_no_change_of_the_workshop() {
    let working = changed(
        "INSERT INTO runtime_state VALUES ('w', 'intro', 'completed', 1, 2); INSERT INTO custom_state VALUES ('w', 'note', 'x')",
        false,
    );
    assert_eq!(Workshop::from_bytes(&working).unwrap(), workshop());
}

#[test]
fn cut_and_flipped_bytes_never_give_another_workshop() {
    let whole = bytes();
    for length in (0..whole.len()).step_by(509) {
        assert!(Workshop::from_bytes(&whole[..length]).is_err(), "{length}");
    }
    for at in (0..whole.len()).step_by(61) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x5a;
        // Bytes between the cells of a page mean nothing, so a flip there may go unseen.
        if let Ok(read) = Workshop::from_bytes(&flipped) {
            assert_eq!(read, workshop(), "byte {at}");
        }
    }
}
