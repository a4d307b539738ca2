//! Help, wrong usage, and clusters that cannot be reached: no API server is needed.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::program::{kubeconfig, run, workshop};

const VERBS: [&str; 10] =
    ["build", "load", "create", "status", "step", "reset", "delete", "check", "version", "help"];

#[test]
fn help_shows_every_verb_under_the_name_it_was_called_by() {
    let as_plugin = run(workshop(&["--help"]));
    assert_eq!(as_plugin.code, Some(0), "{}", as_plugin.err);
    for verb in VERBS {
        assert!(as_plugin.out.contains(verb), "{verb} is not in {}", as_plugin.out);
    }
    assert!(as_plugin.out.contains("Usage: kubectl workshop"), "{}", as_plugin.out);

    let folder = tempfile::tempdir().unwrap();
    let short = folder.path().join("workshop");
    symlink(env!("CARGO_BIN_EXE_kubectl-workshop"), &short).unwrap();
    let mut command = Command::new(short);
    command.args(["step", "--help"]);
    let alone = run(command);
    assert!(alone.out.contains("Usage: workshop step"), "{}", alone.out);
    assert!(!alone.out.contains("kubectl workshop"), "{}", alone.out);
}

#[test]
fn every_verb_explains_itself_with_examples() {
    for verb in VERBS.iter().filter(|verb| **verb != "help") {
        let help = run(workshop(&[verb, "--help"]));
        assert_eq!(help.code, Some(0));
        assert!(help.out.contains("Examples:"), "{verb}: {}", help.out);
    }
}

#[test]
fn wrong_usage_ends_with_two_and_says_what_is_wrong() {
    for (line, told) in [
        (vec![], "Usage:"),
        (vec!["setp"], "similar subcommand exists: 'step'"),
        (vec!["step", "ana"], "<STEP|--next|--prev|--first>"),
        (vec!["step", "ana", "pipes", "--next"], "cannot be used with"),
        (vec!["create", "Ana", "--template", "t"], "lower-case letters"),
        (vec!["create", "ana", "--template", "t", "--wait=5"], "is not a duration"),
        (vec!["status", "-o", "xml"], "possible values: json, yaml, name, wide"),
    ] {
        let ended = run(workshop(&line));
        assert_eq!(ended.code, Some(2), "{line:?}: {}", ended.err);
        assert!(ended.err.contains(told), "{line:?}: {}", ended.err);
    }
}

#[test]
fn a_cluster_that_does_not_run_is_told_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = kubeconfig(folder.path(), &format!("http://127.0.0.1:{port}"));
    for line in [vec!["status"], vec!["step", "ana", "--next"], vec!["delete", "ana", "--yes"]] {
        let mut command = workshop(&line);
        command.args(["--kubeconfig", &file]);
        let ended = run(command);
        assert_eq!(ended.code, Some(1), "{line:?}: {}", ended.err);
        assert!(ended.err.contains("connection refused"), "{line:?}: {}", ended.err);
        assert!(ended.err.contains(&format!("127.0.0.1:{port}")), "{line:?}: {}", ended.err);
        assert!(ended.err.contains("do:"), "{line:?}: {}", ended.err);
        assert!(!ended.err.contains('\u{1b}'), "{line:?}: {}", ended.err);
    }
}

#[test]
fn a_kubeconfig_that_is_missing_or_wrong_is_named() {
    let none = run(workshop(&["status"]));
    assert_eq!(none.code, Some(1));
    assert!(none.err.contains("no kubeconfig names a cluster"), "{}", none.err);

    let missing = run(workshop(&["status", "--kubeconfig", "/nonexistent/kubeconfig"]));
    assert!(missing.err.contains("/nonexistent/kubeconfig"), "{}", missing.err);

    let folder = tempfile::tempdir().unwrap();
    let file = kubeconfig(folder.path(), "http://127.0.0.1:1");
    let other = run(workshop(&["status", "--kubeconfig", &file, "--context", "staging"]));
    assert!(other.err.contains("there is no context \"staging\""), "{}", other.err);
}

#[test]
fn the_list_in_kubeconfig_may_name_files_that_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = kubeconfig(folder.path(), &format!("http://127.0.0.1:{port}"));
    let mut command = workshop(&["status"]);
    command.env("KUBECONFIG", format!("/nonexistent/a:{file}"));
    let ended = run(command);
    assert!(ended.err.contains("class monday"), "{}", ended.err);
    assert!(ended.err.contains("connection refused"), "{}", ended.err);
}

#[test]
fn nothing_is_deleted_when_nobody_can_be_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = kubeconfig(folder.path(), "http://127.0.0.1:1");
    let mut command = workshop(&["delete", "ana", "--kubeconfig", &file]);
    command.stdin(std::process::Stdio::null());
    let ended = run(command);
    assert_eq!(ended.code, Some(8), "{}", ended.err);
    assert!(ended.err.contains("--yes"), "{}", ended.err);
}

#[test]
fn the_version_of_the_program_needs_no_cluster() {
    let ended = run(workshop(&["version", "--client"]));
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "Client:     0.1.0\n"));
    let json = run(workshop(&["version", "--client", "-o", "json"]));
    assert_eq!(json.out, "{\n  \"client\": \"0.1.0\"\n}\n");
}
