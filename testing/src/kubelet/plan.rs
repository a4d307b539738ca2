//! What a test decides: how long things take, what a registry says, what a program does.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// How long each part takes; nothing, if not set.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From the pod's creation to its binding.
    pub schedule: Duration,
    /// From a change of a pod to kubelet's sight of it.
    pub notice: Duration,
    /// From SIGTERM to the end of a container.
    pub stop: Duration,
    /// From the presence of the image to a running container.
    pub start: Duration,
    /// From the running container to the status that tells of it.
    pub tell: Duration,
    /// From a failed pull to the status that tells of it; a change of the pod makes kubelet look at once.
    pub tell_failed: Duration,
    /// First pause between two tries to pull; doubled each time, up to 300 s. Real: 10 s.
    pub pull_back_off: Duration,
    /// First pause before a container that ended twice; doubled each time, up to 300 s. Real: 10 s.
    pub crash_back_off: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let none = Duration::ZERO;
        let back_off = Duration::from_secs(10);
        Self {
            schedule: none,
            notice: none,
            stop: none,
            start: none,
            tell: none,
            tell_failed: none,
            pull_back_off: back_off,
            crash_back_off: back_off,
        }
    }
}

/// What happens when a node asks for an image that it does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pull {
    /// It is there at once.
    #[default]
    AtOnce,
    /// It takes this long.
    Slow(Duration),
    /// It neither comes nor fails, until the plan is changed.
    Never,
    /// It cannot be had.
    Fails(PullFault),
    /// It cannot be had this many times, and then it can.
    FailsTimes(usize, PullFault),
}

/// Why an image cannot be had, in the words of kubelet and containerd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullFault {
    /// The registry does not have it.
    NotFound,
    /// The registry wants other credentials.
    Unauthorised,
    /// The registry is away.
    Unavailable,
    /// The registry is asked too often.
    TooManyRequests,
    /// The node's disk is full.
    NoSpace,
}

/// What a container's program does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// It runs until it is stopped.
    #[default]
    Stays,
    /// It ends by itself with this exit code.
    Ends(i32),
}

/// The plan of a played cluster. Images are known by digest, or by their whole reference if they have none.
#[derive(Debug)]
pub struct Plan {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    timing: Timing,
    pulls: HashMap<String, Pull>,
    programs: HashMap<String, Program>,
}

impl Plan {
    pub(super) fn new(timing: Timing) -> Self {
        let state = State { timing, pulls: HashMap::new(), programs: HashMap::new() };
        Self { state: Mutex::new(state), changed: watch::Sender::new(()) }
    }

    /// How long things take now.
    #[must_use]
    pub fn timing(&self) -> Timing {
        self.lock().timing
    }

    /// Sets how long things take from now on.
    pub fn set_timing(&self, timing: Timing) {
        self.lock().timing = timing;
        self.changed.send_replace(());
    }

    /// Sets what becomes of pulls of this image, those that are under way included.
    pub fn pull(&self, image: &str, pull: Pull) {
        self.lock().pulls.insert(key(image).to_owned(), pull);
        self.changed.send_replace(());
    }

    /// Sets what containers of this image do when they start.
    pub fn program(&self, image: &str, program: Program) {
        self.lock().programs.insert(key(image).to_owned(), program);
    }

    /// What a pull of this image does now. A failure that is counted counts down.
    pub(super) fn ask(&self, image: &str) -> Pull {
        let mut state = self.lock();
        let Some(pull) = state.pulls.get_mut(key(image)) else { return Pull::AtOnce };
        let now = pull.clone();
        if let Pull::FailsTimes(left, fault) = &now {
            *pull = match left.saturating_sub(1) {
                0 => Pull::AtOnce,
                left => Pull::FailsTimes(left, fault.clone()),
            };
        }
        now
    }

    /// What a pull of this image would do, without asking.
    pub(super) fn peek(&self, image: &str) -> Pull {
        self.lock().pulls.get(key(image)).cloned().unwrap_or_default()
    }

    pub(super) fn runs(&self, image: &str) -> Option<Program> {
        self.lock().programs.get(key(image)).copied()
    }

    /// Hears of changes after this call.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What tells an image from others: its digest, whatever the name before it.
pub(super) fn key(image: &str) -> &str {
    image.rsplit_once('@').map_or(image, |(_, digest)| digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_known_by_its_digest_and_counted_failures_end() {
        let plan = Plan::new(Timing::default());
        plan.pull("sha256:a", Pull::FailsTimes(2, PullFault::NotFound));
        let fails = |left| Pull::FailsTimes(left, PullFault::NotFound);
        assert_eq!(plan.peek("r/w:g1@sha256:a"), fails(2));
        assert_eq!(plan.ask("r/w:g1@sha256:a"), fails(2));
        assert_eq!(plan.ask("r/w:g2@sha256:a"), fails(1));
        assert_eq!(plan.ask("r/w:g3@sha256:a"), Pull::AtOnce);
        assert_eq!(plan.ask("r/w:latest"), Pull::AtOnce);
    }
}
