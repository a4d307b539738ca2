//! Log lines: one JSON object each, on standard error.

/// Writes one line. The agent has nobody else to tell if that fails.
pub fn line(level: &str, message: &str) {
    let line = serde_json::json!({"level": level, "target": "agent", "message": message});
    eprintln!("{line}");
}
