//! Orphans become children of the agent, and no dead one stays.

use crate::agent::{Agent, exists, number, script, wait_for};

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
fn a_child_that_a_real_time_signal_ended_is_taken_with_those_behind_it() {
    let mut agent = Agent::start(&[(
        "WORKSHOP_ENTRYPOINT",
        &script("(sh -c 'echo first $$ >&2; kill -40 $$' & sh -c 'echo second $$ >&2' &); exec sleep 1000"),
    )]);
    for word in ["first ", "second "] {
        let id = number(&agent.said(word));
        wait_for("it is taken", || (!exists(id)).then_some(()));
    }
}
