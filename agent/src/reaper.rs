//! Takes the dead: PID 1 inherits every orphan of the workspace.

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::log;

/// Most that are taken before the signals are looked at again: a fork bomb must not hold up SIGTERM.
const MOST: usize = 64;

/// Makes orphans children of this process also where it is not PID 1.
pub fn adopt_orphans() {
    if let Err(error) = prctl::set_child_subreaper(true) {
        log::line("warn", &format!("become the reaper of orphans: {error}"));
    }
}

/// Takes children that ended, without waiting for any; says in the log how the one with the id
/// `entrypoint` ended. Answers whether there may be more.
pub fn reap(entrypoint: Option<u32>) -> bool {
    for _ in 0..MOST {
        let (id, ending) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(id, code)) => (id, format!("ended with code {code}")),
            Ok(WaitStatus::Signaled(id, signal, _)) => (id, format!("was ended by {signal}")),
            // A real-time signal, which the library has no name for, ended a child; it is taken.
            Ok(WaitStatus::Stopped(..) | WaitStatus::Continued(_)) | Err(Errno::EINVAL) => continue,
            Ok(_) | Err(_) => return false,
        };
        if entrypoint.is_some_and(|child| i64::from(child) == i64::from(id.as_raw())) {
            log::line("info", &format!("the image's own program {ending}; the workspace stays"));
        }
    }
    true
}
