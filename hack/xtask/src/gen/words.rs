//! Whether `docs/platform/crds.md`, which is written by hand, knows every condition and every reason.

const CONDITIONS: &str = include_str!("../../../../api/src/conditions.rs");
const PAGE: &str = include_str!("../../../../docs/platform/crds.md");

/// Values of `pub const NAME: &str = "Value";`.
fn words() -> Vec<&'static str> {
    let constants = CONDITIONS.lines().filter(|line| line.trim_start().starts_with("pub const"));
    constants.filter_map(|line| line.split('"').nth(1)).collect()
}

/// First cells of the tables.
fn rows() -> Vec<&'static str> {
    let cells = PAGE.lines().filter_map(|line| line.strip_prefix("| `"));
    cells.filter_map(|line| line.split_once("` |")).map(|(word, _)| word).collect()
}

#[test]
fn every_condition_and_reason_has_a_row() {
    let (words, rows) = (words(), rows());
    assert!(words.len() > 30, "{words:?}");
    let missing: Vec<_> = words.iter().filter(|word| !rows.contains(word)).collect();
    assert!(missing.is_empty(), "add a row to docs/platform/crds.md for each of {missing:?}");
    let unknown: Vec<_> = rows.iter().filter(|row| !words.contains(row)).collect();
    assert!(unknown.is_empty(), "rows for words that api/src/conditions.rs does not have: {unknown:?}");
}
