//! How many processes a learner may have.
//!
//! `RLIMIT_NPROC` counts the tasks of one uid. Since Linux 5.14 it counts them per uid **and user
//! namespace** (and, with the limits of their creators, in the namespaces above); before, per uid of
//! the node. In a pod with a user namespace of its own the ids are the pod's alone, so on every kernel
//! the count is this learner's, and the limit holds even for the namespace's root, which has no
//! capability on the node to pass over it. Without one, uid 1000 of every workspace on the node is one
//! and the same uid: a limit would count all learners together, and one could stop the others. There
//! no limit is set, and the node's `podPidsLimit` holds alone, as it does for the sum over several
//! uids of one workspace.
//!
//! The limit is for the children only: the kernel asks the limit of the process that forks, so the
//! agent can start a program even when the learner's own have used it up.

use std::env::{self, VarError};
use std::fs;

use nix::sys::resource::{Resource, getrlimit, rlim_t};

use crate::log;

/// Environment variable that changes the limit.
const VARIABLE: &str = "WORKSHOP_PROCESS_LIMIT";
/// Enough for a compiler on every core beside a server and an editor.
const DEFAULT: rlim_t = 512;

/// The limit for each child, in processes; none where it would not be fair. Says in the log why.
pub fn for_children() -> Option<rlim_t> {
    let wanted = read(env::var(VARIABLE)).unwrap_or_else(|fault| {
        log::line("warn", &format!("{fault}; the limit is {DEFAULT} processes"));
        DEFAULT
    });
    let map = match fs::read_to_string("/proc/self/uid_map") {
        Ok(map) => map,
        Err(error) => {
            log::line("warn", &format!("no process limit: read /proc/self/uid_map: {error}"));
            return None;
        }
    };
    if is_initial_namespace(&map) {
        log::line(
            "info",
            "no process limit: without a user namespace it would count all workspaces of the node \
             together; the node's podPidsLimit holds",
        );
        return None;
    }
    match getrlimit(Resource::RLIMIT_NPROC) {
        // Nobody may raise the hard limit again, and nobody needs to.
        Ok((_, hard)) => Some(wanted.min(hard)),
        Err(error) => {
            log::line("warn", &format!("no process limit: read RLIMIT_NPROC: {error}"));
            None
        }
    }
}

fn read(variable: Result<String, VarError>) -> Result<rlim_t, String> {
    let text = match variable {
        Ok(text) => text,
        Err(VarError::NotPresent) => return Ok(DEFAULT),
        Err(VarError::NotUnicode(bytes)) => bytes.to_string_lossy().into_owned(),
    };
    match text.parse() {
        Ok(limit) if limit > 0 => Ok(limit),
        _ => Err(format!("{VARIABLE}: want a number of processes above 0, got {text:?}")),
    }
}

/// The initial user namespace maps every id to itself.
fn is_initial_namespace(map: &str) -> bool {
    let numbers: Vec<&str> = map.split_whitespace().collect();
    matches!(numbers.as_slice(), ["0", "0", "4294967295"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_are_told_apart() {
        assert!(is_initial_namespace("         0          0 4294967295\n"));
        assert!(!is_initial_namespace("         0     165536      65536\n"));
        assert!(!is_initial_namespace(""));
    }

    #[test]
    fn a_limit_is_a_number_above_zero() {
        assert_eq!(read(Err(VarError::NotPresent)), Ok(DEFAULT));
        assert_eq!(read(Ok("64".to_owned())), Ok(64));
        for text in ["", "0", "-1", "many", "1.5"] {
            let fault = read(Ok(text.to_owned())).unwrap_err();
            assert!(fault.starts_with("WORKSHOP_PROCESS_LIMIT: want "), "{fault}");
        }
    }
}
