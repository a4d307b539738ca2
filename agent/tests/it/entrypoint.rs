//! The image's own program.

use nix::sys::signal::{Signal, kill};

use crate::agent::{Agent, process, script};

#[test]
fn it_runs_in_the_folder_with_the_rest_of_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let mut command = std::process::Command::new(crate::agent::PROGRAM);
    command.current_dir(&path);
    let variables = [
        ("WORKSHOP_ENTRYPOINT", script("echo \"got ${WORKSHOP_ENTRYPOINT-none} $GREETING $(pwd -P).\" >&2")),
        ("GREETING", "hello".to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut agent = Agent::start_by(command, &variables);
    assert_eq!(agent.said("got "), format!("none hello {}.", path.display()));
}

#[test]
fn it_has_every_signal_and_reads_nothing() {
    let mut agent = Agent::start(&[(
        "WORKSHOP_ENTRYPOINT",
        &script("grep SigBlk /proc/self/status >&2; read line || echo no input >&2; exec sleep 1000"),
    )]);
    assert_eq!(agent.said("SigBlk:").trim(), "0000000000000000");
    agent.said("no input");
}

#[test]
fn its_end_is_told_and_the_workspace_stays() {
    let mut agent = Agent::start(&[("WORKSHOP_ENTRYPOINT", &script("exit 3")), ("WORKSHOP_STEP", "one")]);
    agent.said("the image's own program ended with code 3; the workspace stays");
    assert_eq!(agent.health().step, "one");

    let mut agent = Agent::start(&[("WORKSHOP_ENTRYPOINT", &script("exec sleep 1000"))]);
    kill(process(agent.entrypoint()), Signal::SIGUSR1).unwrap();
    agent.said("the image's own program was ended by SIGUSR1; the workspace stays");
    agent.health();
}

#[test]
fn a_value_that_is_no_list_is_told_and_the_workspace_stays() {
    for value in ["sh", "[]", "[1]", r#"["/bin/sh", "nul\u0000"]"#, r#"["/no/such/program"]"#] {
        let mut agent = Agent::start(&[("WORKSHOP_ENTRYPOINT", value), ("WORKSHOP_STEP", "one")]);
        let line = agent.said(r#"{"level":"error","#);
        assert!(line.contains("the workspace stays"), "{line}");
        assert_eq!(agent.health().step, "one");
        agent.signal(Signal::SIGTERM);
        assert_eq!(agent.ended().code(), Some(0), "{value}");
    }
}

#[test]
fn a_log_that_nobody_reads_does_no_harm() {
    let mut agent = Agent::start(&[("WORKSHOP_ENTRYPOINT", &script("read line; exec sleep 1000"))]);
    let child = agent.entrypoint();
    agent.port();
    agent.close_log();
    kill(process(child), Signal::SIGKILL).unwrap();
    crate::agent::wait_for("the child is taken", || (!crate::agent::exists(child)).then_some(()));
    agent.health();
}
