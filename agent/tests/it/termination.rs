//! A step change waits for the old agent: it ends at once, whatever else goes on.

use nix::sys::signal::Signal;

use crate::agent::{Agent, exists, script};

#[test]
fn a_signal_ends_it_although_its_child_refuses_to_end() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut agent = Agent::start(&[(
            "WORKSHOP_ENTRYPOINT",
            &script("trap '' TERM INT; echo deaf >&2; exec sleep 1000"),
        )]);
        let child = agent.entrypoint();
        agent.said("deaf");
        agent.signal(signal);
        assert_eq!(agent.ended().code(), Some(0), "{signal}");
        assert!(exists(child), "the agent must not wait for its child");
    }
}

#[test]
fn a_signal_ends_it_while_children_die_without_end() {
    let mut agent = Agent::start(&[(
        "WORKSHOP_ENTRYPOINT",
        &script("echo flood >&2; while :; do (true & true & true & true &); done"),
    )]);
    agent.said("flood");
    agent.signal(Signal::SIGTERM);
    assert_eq!(agent.ended().code(), Some(0));
}

#[test]
fn a_stray_sigchld_does_no_harm() {
    let mut agent = Agent::start(&[]);
    agent.port();
    agent.signal(Signal::SIGCHLD);
    assert_eq!(agent.health().step, "");
}
