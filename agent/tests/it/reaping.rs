//! Orphans become children of the agent, and no dead one stays.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::agent::{Agent, exists, number, script, status, wait_for};

const ORPHANS: usize = 200;

/// A process whose parent ended says its id as soon as the agent is its parent, and ends.
fn orphans(count: usize) -> String {
    format!(
        r#"export AGENT=$PPID
        orphan='until read -r _ _ _ parent _ </proc/$$/stat && [ "$parent" = "$AGENT" ]; do :; done
            echo "orphan $$ of $AGENT" >&2'
        i=0
        while [ $i -lt {count} ]; do (sh -c "$orphan" &); i=$((i+1)); done
        echo spawned >&2
        exec sleep 1000"#
    )
}

#[test]
fn orphans_are_taken() {
    let mut agent = Agent::start(&[("WORKSHOP_ENTRYPOINT", &script(&orphans(ORPHANS)))]);
    let child = agent.entrypoint();
    let of = format!(" of {}", agent.id());
    let ids = agent.lines_with("orphan ", ORPHANS);
    for line in &ids {
        assert!(line.ends_with(&of), "{line}");
        let id = number(line);
        wait_for("a dead orphan is taken", || (!exists(id)).then_some(()));
    }
    assert!(exists(child));
    agent.health();
}

#[test]
fn all_are_taken_though_one_signal_told_of_them_and_real_time_signals_ended_them() {
    let sleepers = "for i in 1 2 3; do (sleep 1000 & echo sleeper $! >&2); done; exec sleep 1000";
    let mut agent = Agent::start(&[("WORKSHOP_ENTRYPOINT", &script(sleepers))]);
    let ids: Vec<u32> = agent.lines_with("sleeper ", 3).iter().map(|line| number(line)).collect();
    // Signals of one kind are merged while the agent cannot take them.
    agent.signal(Signal::SIGSTOP);
    for id in &ids {
        wait_for("it is an orphan", || (status(*id, "PPid")? == agent.id().to_string()).then_some(()));
        // Real-time signals have numbers only.
        let killed = Command::new("sh").args(["-c", &format!("kill -40 {id}")]).status().unwrap();
        assert!(killed.success());
        wait_for("it is dead", || status(*id, "State")?.starts_with('Z').then_some(()));
    }
    agent.signal(Signal::SIGCONT);
    for id in &ids {
        wait_for("it is taken", || (!exists(*id)).then_some(()));
    }
}
