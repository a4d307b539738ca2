//! Log lines: one JSON object each, on standard error.

use std::io::{Write, stderr};

/// Writes one line, whole in one call, since the image's own program writes to the same place.
/// `eprintln!` would end the workspace when nobody reads any more; here there is nobody to tell.
pub fn line(level: &str, message: &str) {
    let line = format!("{}\n", serde_json::json!({"level": level, "target": "agent", "message": message}));
    let _ = stderr().write_all(line.as_bytes());
}
