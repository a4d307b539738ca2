//! How many processes a learner may have.
//!
//! The kernel counts `RLIMIT_NPROC` per uid and user namespace. Inside a user namespace of its own a
//! workspace is counted alone, so the limit holds for this learner. Without one, uid 1000 of every
//! workspace on the node is one and the same, and a limit would let one learner use up another's;
//! there only the node's `podPidsLimit` can hold.

use std::fs;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

const VARIABLE: &str = "WORKSHOP_PROCESS_LIMIT";
const DEFAULT: u64 = 512;

/// Limits this process and all that it starts, where that is fair.
///
/// # Errors
/// What kept the limit from being set, for the log.
pub fn apply() -> Result<(), String> {
    let map = fs::read_to_string("/proc/self/uid_map").map_err(|error| format!("read uid_map: {error}"))?;
    if is_initial_namespace(&map) {
        return Ok(());
    }
    let wanted = match std::env::var(VARIABLE) {
        Ok(text) => text.parse().map_err(|_| format!("{VARIABLE}: want a number, got {text:?}"))?,
        Err(_) => DEFAULT,
    };
    let (_, hard) =
        getrlimit(Resource::RLIMIT_NPROC).map_err(|error| format!("read RLIMIT_NPROC: {error}"))?;
    let limit = wanted.min(hard);
    setrlimit(Resource::RLIMIT_NPROC, limit, limit)
        .map_err(|error| format!("set RLIMIT_NPROC to {limit}: {error}"))
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
}
