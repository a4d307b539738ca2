//! The agent as PID 1, for real. Needs user namespaces for everybody, as workspaces with root do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use tempfile::TempDir;

use crate::agent::{Agent, PROGRAM, exists, number, process, script, status, wait_for};

const NAMESPACES: [&str; 1] = ["--mount-proc"];

/// A copy of the agent that every user can run.
fn copy() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("agent");
    fs::copy(PROGRAM, &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o555)).unwrap();
    (folder, program)
}

/// Process ids outside of what a process started.
fn children(parent: u32) -> Vec<u32> {
    let ids =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| status(*id, "PPid") == Some(parent.to_string())).collect()
}

#[test]
fn sigterm_ends_the_namespace_with_all_that_is_in_it() {
    let (_folder, program) = copy();
    let deaf = script("trap '' TERM; echo pid $$ of $PPID >&2; exec sleep 1000");
    let mut agent = Agent::start_as_pid_one(&NAMESPACES, &program, &[("WORKSHOP_ENTRYPOINT", &deaf)]);
    assert!(agent.said("pid ").ends_with(" of 1"), "the agent is PID 1");
    let one = children(agent.id()).pop().expect("unshare started the agent");
    let child = children(one).pop().expect("the agent started the program");
    kill(process(one), Signal::SIGTERM).unwrap();
    assert_eq!(agent.ended().code(), Some(0));
    assert!(!exists(child), "the kernel ended it with PID 1");
}

#[test]
fn orphans_are_taken() {
    let (_folder, program) = copy();
    let orphan = script("(sh -c 'echo orphan $$ >&2' &); echo up >&2; exec sleep 1000");
    let mut agent = Agent::start_as_pid_one(&NAMESPACES, &program, &[("WORKSHOP_ENTRYPOINT", &orphan)]);
    agent.said("up");
    agent.said("orphan ");
    let one = children(agent.id()).pop().expect("unshare started the agent");
    let child = agent.entrypoint();
    wait_for("only the image's own program is left", || {
        let left = children(one);
        let inner = left.first().and_then(|id| status(*id, "NSpid"));
        (left.len() == 1 && inner?.split_whitespace().last() == Some(&child.to_string())).then_some(())
    });
    agent.health();
}

#[test]
fn the_process_limit_holds_for_children_and_not_for_the_agent() {
    let (_folder, program) = copy();
    let bomb = script("grep processes /proc/self/limits >&2; while :; do sleep 1000 & done");
    let variables = [("WORKSHOP_ENTRYPOINT", bomb.as_str()), ("WORKSHOP_PROCESS_LIMIT", "8")];
    let mut agent = Agent::start_as_pid_one(&NAMESPACES, &program, &variables);
    agent.said("with at most 8 processes");
    let limits: Vec<String> =
        agent.said("Max processes").split_whitespace().take(2).map(str::to_owned).collect();
    assert_eq!(limits, ["8", "8"]);
    agent.said("Cannot fork");
    agent.said("the image's own program ended with code 2");
    let one = children(agent.id()).pop().expect("unshare started the agent");
    let own = fs::read_to_string(format!("/proc/{one}/limits")).unwrap();
    let own = own.lines().find_map(|line| line.strip_prefix("Max processes")).unwrap();
    assert!(!own.trim_start().starts_with("8 "), "{own}");
    agent.health();
}

#[test]
fn without_a_user_namespace_no_limit_is_set_and_the_log_says_so() {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap();
    let initial = map.split_whitespace().eq(["0", "0", "4294967295"]);
    let mut agent = Agent::start(&[("WORKSHOP_ENTRYPOINT", &script("exec sleep 1000"))]);
    if initial {
        agent.said("no process limit: ");
    } else {
        agent.said("with at most 512 processes");
    }
}

#[test]
fn an_image_with_nothing_in_it_is_enough() {
    let (folder, _) = copy();
    // What every container runtime mounts.
    fs::create_dir(folder.path().join("proc")).unwrap();
    fs::create_dir(folder.path().join("dev")).unwrap();
    fs::write(folder.path().join("dev/null"), "").unwrap();
    let root = format!("--root={}", folder.path().display());
    let variables = [("WORKSHOP_ENTRYPOINT", r#"["/agent","exit"]"#), ("WORKSHOP_STEP", "bare")];
    let mut agent = Agent::start_as_pid_one(&[root.as_str(), "--mount-proc=/proc"], "/agent", &variables);
    agent.said("the image's own program ended with code 0");
    assert_eq!(agent.health().step, "bare");
    assert_eq!(number(&agent.said("runs as process ")), 2);
}
