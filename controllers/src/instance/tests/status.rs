//! The next status, field by field.

use api::conditions::{condition_type, is_true};
use api::v1::{Launch, Phase, RunAs};
use serde_json::json;

use super::fixture::{Fixture, ago, digest, now, progress};
use super::pod::PodFixture;
use crate::instance::check::Refusal;
use crate::instance::stage::Stage;
use crate::instance::wishes::Progress;

const SWAPPING: Stage = Stage::Swapping { image_present: true };

fn proof(seed: u8) -> Stage {
    Stage::Proven(digest(seed))
}

fn start_failed() -> Stage {
    Stage::StartFailed { reason: "CrashLoopBackOff".to_owned(), message: String::new() }
}

#[test]
fn the_first_proof_starts_the_workspace() {
    let status = Fixture::new().pod(PodFixture::running("one", 1)).status_in(&proof(1), &progress(3));
    assert_eq!(status.phase, Some(Phase::Running));
    assert_eq!(status.started_at.as_ref().unwrap().0, now());
    let current = status.current_step.as_ref().unwrap();
    assert_eq!(
        (current.id.as_str(), current.digest.clone(), current.since.0),
        ("one", digest(1).to_string(), now())
    );
    assert_eq!((status.launch, status.run_as), (Some(Launch::Cold), Some(RunAs::NonRoot)));
    assert_eq!((status.reset_count, status.template_revision.as_deref()), (Some(0), Some("rev-1")));
    assert!(is_true(&status.conditions, condition_type::READY) && !status.update_available);
    assert!(status.transition.is_none());
    let [first] = status.history.as_slice() else { panic!("{:?}", status.history) };
    assert_eq!((first.from.as_deref(), first.to.as_str(), first.reset_count), (None, "one", 0));
}

#[test]
fn a_proof_that_is_known_changes_nothing_but_what_it_is_about() {
    let mut fixture = Fixture::new().pod(PodFixture::running("one", 1));
    fixture.status = Some(fixture.status_in(&proof(1), &progress(0)));
    assert_eq!(fixture.status, Some(fixture.status_in(&proof(1), &progress(0))));
    // A crash in between: the step is current since its first proof.
    let crashed = fixture.status_in(&SWAPPING, &progress(5));
    assert!(!is_true(&crashed.conditions, condition_type::READY));
    assert_eq!(crashed.history.len(), 1);
    assert!(crashed.transition.is_none(), "nobody moves");
}

#[test]
fn a_move_and_a_reset_go_into_the_history_and_twenty_stay_there() {
    let mut fixture = Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1));
    for reset in 1..=25 {
        fixture = fixture.spec("resetCount", json!(reset));
        fixture.status = Some(fixture.status_in(&proof(1), &progress(1)));
    }
    let history = &fixture.status.as_ref().unwrap().history;
    assert_eq!(history.len(), 20);
    assert_eq!((history[0].reset_count, history[19].reset_count), (6, 25));
    assert!(history.iter().all(|step| step.from.as_deref() == Some("one") && step.to == "one"));
    let moved = fixture.step("two", 9).status_in(&proof(2), &progress(1));
    let last = moved.history.last().unwrap();
    assert_eq!((last.from.as_deref(), last.to.as_str()), (Some("one"), "two"));
    assert_eq!(moved.started_at.unwrap().0, ago(3600), "the start stays the start");
}

#[test]
fn a_rebuilt_step_is_an_update_until_somebody_takes_it() {
    let mut fixture = Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1));
    fixture.status.as_mut().unwrap().template_revision = Some("rev-0".to_owned());
    let before = fixture.status_in(&proof(1), &progress(0));
    assert!(before.update_available);
    assert_eq!(before.template_revision.as_deref(), Some("rev-0"));
    let after = fixture.spec("resetCount", json!(1)).status_in(&proof(1), &progress(0));
    assert!(!after.update_available);
    assert_eq!(after.template_revision.as_deref(), Some("rev-1"));
}

#[test]
fn a_template_that_is_gone_is_no_update() {
    let mut fixture = Fixture::new().proven("one", 1);
    fixture.template = None;
    let refusal = fixture.check().unwrap_err();
    let asked = crate::children::pod::Asked { step: String::new(), reset: 0 };
    let stage = Stage::Refused(refusal);
    let bounds = fixture.config.bounds;
    let status =
        crate::instance::status::next_status(&fixture.gathered(), &stage, &asked, &progress(0), &bounds);
    assert!(!status.update_available && status.transition.is_none());
    assert_eq!(status.current_step.unwrap().id, "one", "what runs goes on running");
    assert_eq!(status.phase, Some(Phase::Failed));
}

#[test]
fn a_move_is_told_with_its_beginning_once_it_lasts() {
    let moving = Fixture::new().proven("one", 1).step("two", 2);
    assert!(moving.status_in(&SWAPPING, &progress(1)).transition.is_none());
    let told = moving.status_in(&SWAPPING, &progress(2)).transition.unwrap();
    assert_eq!((told.from.as_deref(), told.to.as_str(), told.started_at.0), (Some("one"), "two", ago(2)));
    let failed = moving.status_in(
        &Stage::PullFailed {
            image: "i".to_owned(),
            reason: "ErrImagePull".to_owned(),
            message: String::new(),
            usable: Some("one".to_owned()),
        },
        &progress(0),
    );
    assert!(failed.transition.is_some(), "what failed lasts");
    let start = Fixture::new().status_in(&SWAPPING, &progress(12)).transition.unwrap();
    assert_eq!((start.from, start.to.as_str()), (None, "one"));
    let refused = Stage::Refused(Refusal {
        condition: condition_type::STEP_READY,
        reason: api::conditions::reason::STEP_NOT_FOUND,
        message: String::new(),
    });
    for stage in [refused, Stage::Suspending, Stage::Suspended, Stage::NamespaceTaken] {
        assert!(moving.status_in(&stage, &progress(30)).transition.is_none(), "{stage:?}");
    }
}

#[test]
fn the_phase_is_a_summary() {
    let fresh = Fixture::new;
    let started = || Fixture::new().proven("one", 1).step("two", 2);
    let suspended = || {
        let mut fixture = Fixture::new().proven("one", 1);
        fixture.status.as_mut().unwrap().phase = Some(Phase::Suspended);
        fixture
    };
    let lost = || Stage::PodLost { message: String::new(), node: None };
    let pull_failed = |usable: Option<&str>| Stage::PullFailed {
        image: String::new(),
        reason: String::new(),
        message: String::new(),
        usable: usable.map(str::to_owned),
    };
    for (fixture, stage, seconds, wanted) in [
        (fresh(), Stage::Preparing, 0, Phase::Provisioning),
        (fresh(), SWAPPING, 20, Phase::Provisioning),
        (fresh(), SWAPPING, 60, Phase::Failed),
        (fresh(), start_failed(), 0, Phase::Failed),
        (fresh(), pull_failed(None), 0, Phase::Failed),
        (started(), SWAPPING, 3, Phase::Transitioning),
        (started(), SWAPPING, 90, Phase::Transitioning),
        (started(), pull_failed(Some("one")), 3, Phase::Transitioning),
        (started(), pull_failed(None), 3, Phase::Failed),
        (Fixture::new().proven("one", 1), SWAPPING, 3, Phase::Resuming),
        (started(), lost(), 3, Phase::Resuming),
        (started(), Stage::NodeSilent("node-1".to_owned()), 3, Phase::Resuming),
        (started(), Stage::Suspending, 3, Phase::Suspended),
        (started(), Stage::Suspended, 3, Phase::Suspended),
        (suspended(), Stage::Preparing, 3, Phase::Resuming),
        (suspended(), SWAPPING, 3, Phase::Resuming),
        (suspended(), proof(1), 3, Phase::Running),
    ] {
        assert_eq!(fixture.status_in(&stage, &progress(seconds)).phase, Some(wanted), "{stage:?} {seconds}");
    }
}

#[test]
fn what_is_read_back_is_what_was_written() {
    let mut fixture = Fixture::new().proven("one", 1).step("two", 2);
    let fine = Progress { since: ago(3) + jiff::SignedDuration::from_millis(123), ..progress(3) };
    let told = fixture.status_in(&SWAPPING, &fine);
    let stored = serde_json::from_value(serde_json::to_value(&told).unwrap()).unwrap();
    assert_eq!(told, stored);
    fixture.status = Some(stored);
    assert_eq!(fixture.status_in(&SWAPPING, &fine), told);
}

#[test]
fn a_bound_is_measured_by_its_own_clock() {
    let moving = Fixture::new().proven("one", 1).step("two", 2);
    let long_pull = Progress { in_lane: std::time::Duration::from_secs(1), ..progress(200) };
    let swapping = moving.status_in(&SWAPPING, &long_pull);
    assert!(!is_true(&swapping.conditions, condition_type::STALLED), "the pull took its time, not the start");
    let late = moving.status_in(&SWAPPING, &progress(60));
    assert!(is_true(&late.conditions, condition_type::STALLED));
}
