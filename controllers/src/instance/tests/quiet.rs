//! When status is written, and when a workspace is looked at again.

use std::time::Duration;

use api::conditions::{condition, condition_type, reason};
use serde_json::json;

use super::fixture::{Fixture, digest, now, progress};
use crate::config::Bounds;
use crate::instance::report::{again, quiet_for};
use crate::instance::stage::Stage;
use crate::instance::wishes::Progress;

const SWAPPING: Stage = Stage::Swapping { image_present: true };

fn quiet(fixture: &Fixture, stage: &Stage, progress: &Progress) -> Option<u64> {
    quiet_for(&fixture.object(), stage, progress, &Bounds::default()).map(|left| left.as_secs())
}

fn pull_failed(reason: &str, usable: Option<&str>) -> Stage {
    Stage::PullFailed {
        image: "i".to_owned(),
        reason: reason.to_owned(),
        message: String::new(),
        usable: usable.map(str::to_owned),
    }
}

fn pulling() -> Stage {
    Stage::Pulling { image: "i".to_owned(), usable: "one".to_owned() }
}

fn start_failed() -> Stage {
    Stage::StartFailed { reason: "CrashLoopBackOff".to_owned(), message: String::new() }
}

/// An instance whose status says this of a condition, in generation 2.
fn told(type_: &str, reason: &str) -> Fixture {
    let mut fixture = Fixture::new().proven("one", 1).step("two", 2);
    let conditions = &mut fixture.status.as_mut().unwrap().conditions;
    *conditions = vec![condition(type_, false, reason, "", Some(2), now())];
    fixture
}

#[test]
fn the_first_status_is_written_at_once() {
    for stage in [Stage::Preparing, SWAPPING, start_failed()] {
        assert_eq!(quiet(&Fixture::new(), &stage, &progress(0)), None);
    }
}

#[test]
fn what_passes_within_two_seconds_is_not_told() {
    let moving = Fixture::new().proven("one", 1).step("two", 2);
    assert_eq!(quiet(&moving, &SWAPPING, &progress(0)), Some(2));
    assert_eq!(quiet(&moving, &SWAPPING, &progress(1)), Some(1));
    assert_eq!(quiet(&moving, &SWAPPING, &progress(2)), None);
}

#[test]
fn a_start_is_told_at_its_beginning_and_its_end_unless_it_takes_ten_seconds() {
    let mut starting = Fixture::new();
    starting.status = Some(starting.status_in(&Stage::Preparing, &progress(0)));
    assert_eq!(quiet(&starting, &SWAPPING, &progress(3)), Some(7));
    assert_eq!(quiet(&starting, &SWAPPING, &progress(10)), None);
    assert_eq!(quiet(&starting, &Stage::Proven(digest(1)), &progress(1)), None);
}

#[test]
fn what_is_settled_is_told_at_once() {
    let moving = Fixture::new().proven("one", 1).step("two", 2);
    for stage in [
        Stage::Proven(digest(2)),
        Stage::Suspended,
        Stage::NamespaceTaken,
        pull_failed("ErrImagePull", Some("one")),
    ] {
        assert_eq!(quiet(&moving, &stage, &progress(0)), None, "{stage:?}");
    }
}

#[test]
fn a_failing_container_may_be_the_one_before() {
    let moving = Fixture::new().proven("one", 1).step("two", 2);
    for stage in [start_failed(), pull_failed("ErrImagePull", None)] {
        assert_eq!(quiet(&moving, &stage, &progress(0)), Some(2));
        assert_eq!(quiet(&moving, &stage, &progress(2)), None);
    }
}

#[test]
fn parts_of_a_move_that_was_told_of_are_told_once_they_last() {
    let part = |seconds| Progress { in_stage: Duration::from_secs(seconds), ..progress(30) };
    let busy = told(condition_type::READY, reason::PULLING);
    assert_eq!(quiet(&busy, &SWAPPING, &part(0)), Some(2));
    assert_eq!(quiet(&busy, &SWAPPING, &part(2)), None);
    let of_another_spec = Fixture::new().proven("one", 1).step("two", 2);
    assert_eq!(quiet(&of_another_spec, &SWAPPING, &part(0)), None);
}

#[test]
fn another_try_to_pull_is_no_news() {
    let failing = told(condition_type::IMAGES_AVAILABLE, reason::IMAGE_PULL_FAILED);
    let in_lane = |seconds| Progress { in_lane: Duration::from_secs(seconds), ..progress(600) };
    assert_eq!(quiet(&failing, &pulling(), &in_lane(20)), Some(280));
    assert_eq!(quiet(&failing, &pulling(), &in_lane(300)), None);
    assert_eq!(quiet(&failing, &pull_failed("ImagePullBackOff", Some("one")), &in_lane(0)), Some(2));
    assert_eq!(quiet(&failing, &pull_failed("ErrImagePull", Some("one")), &in_lane(0)), None);
    assert_eq!(quiet(&failing, &Stage::Proven(digest(2)), &in_lane(0)), None);
    let other_spec = failing.step("three", 3);
    assert_eq!(quiet(&other_spec, &pulling(), &progress(1)), Some(1));
}

#[test]
fn every_stage_on_the_way_is_looked_at_again_by_its_bound() {
    let bounds = Bounds::default();
    let look = |stage: &Stage, seconds| again(stage, &progress(seconds), None, &bounds).map(|t| t.as_secs());
    assert_eq!(look(&SWAPPING, 2), Some(58));
    assert_eq!(look(&SWAPPING, 60), None, "it is called stalled by now; only news can change that");
    assert_eq!(look(&Stage::Swapping { image_present: false }, 2), Some(298));
    assert_eq!(look(&pulling(), 2), Some(3), "by then it is touched");
    assert_eq!(look(&pulling(), 5), Some(295));
    assert_eq!(look(&Stage::NamespaceTerminating, 2), Some(118));
    assert_eq!(look(&pull_failed("ErrImagePull", None), 2), Some(2));
    assert_eq!(look(&Stage::NamespaceTaken, 2), Some(5));
    for stage in [Stage::Proven(digest(1)), Stage::Suspended, start_failed()] {
        assert_eq!(look(&stage, 2), None, "{stage:?}");
    }
    let quiet = Some(Duration::from_secs(1));
    assert_eq!(again(&SWAPPING, &progress(1), quiet, &bounds), quiet);
    let long = Some(Duration::from_secs(280));
    let touch = |seconds| again(&pulling(), &progress(seconds), long, &bounds).map(|t| t.as_secs());
    assert_eq!((touch(1), touch(5)), (Some(4), Some(280)));
}

#[test]
fn the_patch_of_a_status_is_the_difference() {
    let mut fixture = Fixture::new().proven("one", 1).step("two", 2);
    let old =
        fixture.status_in(&Stage::Pulling { image: "i".to_owned(), usable: "one".to_owned() }, &progress(3));
    fixture.status = Some(old.clone());
    fixture.status.as_mut().unwrap().completed_steps = vec!["one".to_owned()];
    let old = fixture.status.clone().unwrap();
    let fixture = fixture.pod(super::pod::PodFixture::running("two", 2));
    let new = fixture.status_in(&Stage::Proven(digest(2)), &progress(4));
    let change = crate::instance::report::change(Some(&old), &new);
    let keys: Vec<_> = change.as_object().unwrap().keys().map(String::as_str).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["conditions", "currentStep", "history", "phase", "runAs", "transition"]);
    assert_eq!(change["transition"], json!(null), "a merge patch takes a field away by null only");
    assert!(old.transition.is_some() && new.completed_steps == ["one"]);
    assert_eq!(crate::instance::report::change(Some(&new), &new), json!({}));
    let first = crate::instance::report::change(None, &new);
    assert!(first.get("completedSteps").is_none() && first.get("observedGeneration").is_some());
}
