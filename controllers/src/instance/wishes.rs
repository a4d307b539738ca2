//! How long each unfulfilled wish stands. In memory only: status keeps the time of a move that
//! lasts, and after a restart a younger time does no harm.

use std::collections::HashMap;
use std::mem::{Discriminant, discriminant};
use std::sync::Mutex;
use std::time::Duration;

use api::v1::{OperatingMode, TransitionStatus};

use super::stage::{Lane, Stage};
use crate::children::pod::Asked;
use crate::memory::lock;

/// What the spec asks for, as far as it can be said without a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Step and reset count.
    pub asked: Asked,
    /// Whether the pod runs.
    pub mode: OperatingMode,
}

/// How far a wish has come, in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// When the wish was first seen.
    pub since: jiff::Timestamp,
    /// Since then.
    pub elapsed: Duration,
    /// Since it entered the lane of its present stage: what the bounds of D28 are measured by.
    pub in_lane: Duration,
    /// Since it entered its present stage.
    pub in_stage: Duration,
}

#[derive(Debug)]
struct Standing {
    wish: Wish,
    since: jiff::Timestamp,
    lane: Lane,
    lane_since: jiff::Timestamp,
    stage: Discriminant<Stage>,
    stage_since: jiff::Timestamp,
}

/// The wishes that are not fulfilled yet, by the uid of their instance.
#[derive(Debug, Default)]
pub struct Wishes {
    standing: Mutex<HashMap<String, Standing>>,
}

impl Wishes {
    /// Notes the stage of a wish and says how long it has taken; forgets it once it has come to an end.
    pub fn progress(
        &self,
        uid: &str,
        wish: &Wish,
        stage: &Stage,
        told: Option<&TransitionStatus>,
        now: jiff::Timestamp,
    ) -> Progress {
        let mut all = lock(&self.standing);
        let known = all.remove(uid).filter(|known| known.wish == *wish);
        // After a restart only status knows since when a move lasts.
        let told = told.filter(|told| told.to == wish.asked.step).map(|told| told.started_at.0);
        let since = known.as_ref().map(|known| known.since).or(told).unwrap_or(now);
        let (lane, kind) = (stage.lane(), discriminant(stage));
        let lane_since = known.as_ref().filter(|known| known.lane == lane).map_or(now, |k| k.lane_since);
        let stage_since = known.filter(|known| known.stage == kind).map_or(now, |k| k.stage_since);
        if lane != Lane::Ended {
            let wish = wish.clone();
            let standing = Standing { wish, since, lane, lane_since, stage: kind, stage_since };
            all.insert(uid.to_owned(), standing);
        }
        Progress {
            since,
            elapsed: between(since, now),
            in_lane: between(lane_since, now),
            in_stage: between(stage_since, now),
        }
    }

    /// Forgets one instance.
    pub fn forget(&self, uid: &str) {
        lock(&self.standing).remove(uid);
    }

    /// Forgets instances that are gone.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        lock(&self.standing).retain(|uid, _| is_there(uid));
    }
}

/// Time from `since` to `now`; nothing if the clock was set back.
#[must_use]
pub fn between(since: jiff::Timestamp, now: jiff::Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).unwrap()
    }

    fn wish(step: &str) -> Wish {
        Wish { asked: Asked { step: step.to_owned(), reset: 0 }, mode: OperatingMode::Running }
    }

    fn pulling() -> Stage {
        Stage::Pulling { image: "i".to_owned(), usable: "one".to_owned() }
    }

    fn proven() -> Stage {
        Stage::Proven(wire::Digest::from_sha256(&[1; 32]))
    }

    const SWAPPING: Stage = Stage::Swapping { image_present: true };

    #[test]
    fn a_wish_is_timed_from_its_first_sight_to_its_proof() {
        let wishes = Wishes::default();
        assert_eq!(wishes.progress("1", &wish("two"), &SWAPPING, None, at(10)).elapsed, Duration::ZERO);
        let proof = wishes.progress("1", &wish("two"), &proven(), None, at(13));
        assert_eq!((proof.since, proof.elapsed), (at(10), Duration::from_secs(3)));
        let crash = wishes.progress("1", &wish("two"), &SWAPPING, None, at(60));
        assert_eq!(crash.elapsed, Duration::ZERO, "a crash after the proof is timed by itself");
    }

    #[test]
    fn another_wish_and_another_mode_begin_anew() {
        let wishes = Wishes::default();
        wishes.progress("1", &wish("two"), &SWAPPING, None, at(10));
        assert_eq!(wishes.progress("1", &wish("three"), &SWAPPING, None, at(20)).since, at(20));
        let suspended = Wish { mode: OperatingMode::Suspended, ..wish("three") };
        assert_eq!(wishes.progress("1", &suspended, &Stage::Suspending, None, at(90)).since, at(90));
    }

    #[test]
    fn each_lane_has_a_clock_of_its_own() {
        let wishes = Wishes::default();
        wishes.progress("1", &wish("two"), &pulling(), None, at(0));
        assert_eq!(wishes.progress("1", &wish("two"), &pulling(), None, at(200)).in_lane.as_secs(), 200);
        let swap = wishes.progress("1", &wish("two"), &SWAPPING, None, at(201));
        assert_eq!((swap.elapsed.as_secs(), swap.in_lane), (201, Duration::ZERO));
    }

    #[test]
    fn a_failure_does_not_end_a_wish() {
        let wishes = Wishes::default();
        let failed = Stage::StartFailed { reason: "CrashLoopBackOff".to_owned(), message: String::new() };
        wishes.progress("1", &wish("two"), &SWAPPING, None, at(0));
        wishes.progress("1", &wish("two"), &failed, None, at(5));
        assert_eq!(wishes.progress("1", &wish("two"), &SWAPPING, None, at(30)).elapsed.as_secs(), 30);
    }

    #[test]
    fn after_a_restart_status_knows() {
        let told = TransitionStatus {
            from: Some("one".to_owned()),
            to: "two".to_owned(),
            started_at: Time(at(100)),
            attempt: 1,
        };
        let wishes = Wishes::default();
        assert_eq!(wishes.progress("1", &wish("two"), &SWAPPING, Some(&told), at(130)).since, at(100));
        assert_eq!(wishes.progress("2", &wish("three"), &SWAPPING, Some(&told), at(130)).since, at(130));
    }

    #[test]
    fn nothing_is_kept_of_the_fulfilled_and_of_the_gone() {
        let wishes = Wishes::default();
        wishes.progress("1", &wish("two"), &SWAPPING, None, at(0));
        wishes.progress("1", &wish("two"), &proven(), None, at(1));
        wishes.progress("2", &wish("two"), &SWAPPING, None, at(0));
        wishes.retain(|uid| uid != "2");
        assert!(lock(&wishes.standing).is_empty());
    }
}
