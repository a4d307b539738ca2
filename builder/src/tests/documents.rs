//! What the documents show is what the program takes.

use std::fs;

use super::support::repository_root;

/// The `yaml` blocks of a document.
fn blocks(name: &str) -> Vec<String> {
    let text = fs::read_to_string(repository_root().join(name)).unwrap();
    let blocks = text.split("\n```yaml\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned() + "\n").collect()
}

#[test]
fn every_specification_in_the_documents_is_one() {
    let specs = blocks("docs/definition/step-spec.md");
    assert!(specs.len() >= 3, "found {}", specs.len());
    for text in specs {
        let faults = api::step_spec::parse(&text).err().unwrap_or_default();
        assert_eq!(faults, [], "{text}");
    }
}

#[test]
fn every_workspace_file_in_the_documents_is_one() {
    let files = blocks("docs/definition/workspace-metadata.md");
    assert!(files.len() >= 2, "found {}", files.len());
    for text in files {
        let faults = api::workspace_metadata::parse(&text).err().unwrap_or_default();
        assert_eq!(faults, [], "{text}");
    }
}

#[test]
fn the_checks_in_the_documents_are_checks() {
    let files = blocks("docs/artifact/compilation.md");
    assert!(!files.is_empty());
    for text in files {
        let faults = api::step_text::checks(&text).err().unwrap_or_default();
        assert_eq!(faults, [], "{text}");
    }
}

#[test]
fn the_tables_in_the_documents_are_the_tables() {
    let text = fs::read_to_string(repository_root().join("docs/artifact/sqlite-artifact.md")).unwrap();
    for table in [
        "meta",
        "workshop",
        "workspace",
        "steps",
        "step_metadata",
        "navigation",
        "assets",
        "runtime_state",
        "custom_state",
    ] {
        assert!(text.contains(&format!("| `{table}` |")), "{table}");
    }
    assert!(text.contains(&format!("version {}", artifact::SCHEMA_VERSION)));
}
