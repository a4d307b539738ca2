//! The subcommands that do one thing and end.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::agent::PROGRAM;

fn run(program: impl AsRef<Path>, arguments: &[&str]) -> Output {
    Command::new(program.as_ref()).args(arguments).env_clear().output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("is text")
}

#[test]
fn install_copies_a_program_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent");
    let to = path.to_str().unwrap();
    // Twice, the second time over the first and over what an interrupted run left.
    for _ in 0..2 {
        let part = folder.path().join("agent.part");
        std::fs::write(&part, "half").unwrap();
        std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o555)).unwrap();
        let output = run(PROGRAM, &["install", to]);
        assert!(output.status.success(), "{output:?}");
        let line = text(&output.stderr);
        assert!(line.contains(to) && line.lines().count() == 1, "{line}");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o555);
        assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(PROGRAM).unwrap());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "leaves nothing beside it");
    }
    assert!(run(&path, &["exit"]).status.success());
}

#[test]
fn install_names_the_path_that_it_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing/agent");
    let output = run(PROGRAM, &["install", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let line = text(&output.stderr);
    assert!(line.contains(path.to_str().unwrap()) && line.contains("No such file or directory"), "{line}");
}

#[test]
fn exit_ends_at_once_and_says_nothing() {
    let output = run(PROGRAM, &["exit"]);
    assert!(output.status.success());
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn version_and_help_are_told() {
    let version = run(PROGRAM, &["--version"]);
    assert!(version.status.success());
    assert_eq!(text(&version.stdout), format!("workshop-agent {}\n", env!("CARGO_PKG_VERSION")));
    let help = run(PROGRAM, &["--help"]);
    assert!(help.status.success());
    for word in ["install PATH", "exit", "WORKSHOP_ENTRYPOINT", "WORKSHOP_PROCESS_LIMIT"] {
        assert!(text(&help.stdout).contains(word), "{word}");
    }
}

#[test]
fn unknown_arguments_are_refused_with_the_usage() {
    for arguments in [&["start"][..], &["install"], &["install", "a", "b"], &["exit", "now"], &[""]] {
        let output = run(PROGRAM, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("Usage:"), "{arguments:?}");
    }
}
