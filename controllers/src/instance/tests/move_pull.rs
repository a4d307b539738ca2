//! Pull first, then swap (D27): nothing usable is taken away for an image that is not there.

use serde_json::json;

use super::fixture::{Fixture, ago, digest, image, pulling_for};
use super::pod::PodFixture;
use crate::children::pull_pod::pull_name;
use crate::instance::plan::{Planned, PodMove};
use crate::instance::pulled::Pulled;
use crate::instance::stage::Stage;

fn failed(age: i64, ended: bool) -> Pulled {
    Pulled::Failed {
        uid: "pull-2".to_owned(),
        since: ago(age),
        ended,
        image: image("two", 2),
        reason: "ErrImagePull".to_owned(),
        message: "not found".to_owned(),
    }
}

/// A move from one to two with this pod and this knowledge of image two.
fn to_two(pod: PodFixture, pulled: Pulled) -> Fixture {
    Fixture::new().proven("one", 1).pod(pod).step("two", 2).pull(2, pulled)
}

fn pulls(planned: &Planned) -> Vec<String> {
    planned.pulls.iter().map(|pod| pod.metadata.name.clone().unwrap()).collect()
}

fn pulling() -> Stage {
    Stage::Pulling { image: format!("localhost:5000/w@{}", digest(2)), usable: "one".to_owned() }
}

fn pull_failed() -> Stage {
    Stage::PullFailed {
        image: image("two", 2),
        reason: "ErrImagePull".to_owned(),
        message: "not found".to_owned(),
        usable: Some("one".to_owned()),
    }
}

#[test]
fn a_running_step_waits_for_the_image_of_the_next() {
    let running = || PodFixture::running("one", 1);
    let name = pull_name("node-1", &digest(2));
    let unknown = to_two(running(), Pulled::Unknown).plan();
    assert!(matches!(unknown.pod, PodMove::Stay));
    assert_eq!((pulls(&unknown), &unknown.stage), (vec![name.clone()], &pulling()));
    let pod = &unknown.pulls[0];
    assert_eq!(pod.metadata.namespace.as_deref(), Some("workshop-system"));
    let spec = pod.spec.as_ref().unwrap();
    assert_eq!(spec.node_name.as_deref(), Some("node-1"));
    assert_eq!(spec.containers[0].image, Some(format!("localhost:5000/w@{}", digest(2))));

    for known in [pulling_for(1), Pulled::Going] {
        let on_its_way = to_two(running(), known).plan();
        assert!(matches!(on_its_way.pod, PodMove::Stay) && on_its_way.pulls.is_empty());
        assert_eq!(on_its_way.stage, pulling());
    }

    let held = to_two(running(), Pulled::Held).plan();
    assert!(matches!(held.pod, PodMove::Swap(_)) && held.pulls.is_empty());
}

#[test]
fn a_failed_pull_of_the_wanted_step_is_made_again_when_it_is_old_enough() {
    let young = to_two(PodFixture::running("one", 1), failed(4, false)).plan();
    assert!(matches!(young.pod, PodMove::Stay) && young.failed_pulls.is_empty());
    assert_eq!(young.stage, pull_failed());
    for ended in [false, true] {
        let old = to_two(PodFixture::running("one", 1), failed(5, ended)).plan();
        assert!(matches!(old.pod, PodMove::Stay) && old.pulls.is_empty());
        assert_eq!(old.failed_pulls, [(pull_name("node-1", &digest(2)), "pull-2".to_owned())]);
        assert_eq!(old.stage, pull_failed());
    }
}

#[test]
fn a_pull_of_the_wanted_step_that_tells_nothing_is_touched() {
    let touched = |known| to_two(PodFixture::running("one", 1), known).plan().touched_pulls;
    assert_eq!(touched(pulling_for(3)), [(pull_name("node-1", &digest(2)), "pull-2".to_owned())]);
    assert!(touched(pulling_for(2)).is_empty() && touched(Pulled::Going).is_empty());
    let held = Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1)).pull(2, pulling_for(60));
    assert!(held.plan().touched_pulls.is_empty(), "nobody waits for the next step");
}

#[test]
fn who_has_nothing_to_lose_does_not_wait() {
    let pod = || PodFixture::running("one", 1);
    for (name, pod) in [
        ("crash looping", pod().waiting("CrashLoopBackOff", "back-off 40s")),
        ("its own image cannot be pulled", pod().waiting("ImagePullBackOff", "not found")),
        ("not scheduled", PodFixture::fresh("one", 1).unscheduled("0/1 nodes are available")),
        ("being made, image unknown", PodFixture::fresh("one", 1)),
    ] {
        for pulled in [Pulled::Unknown, pulling_for(1), failed(60, false)] {
            let planned = to_two(pod.clone(), pulled).plan();
            assert!(matches!(planned.pod, PodMove::Swap(_)), "{name}: {planned:?}");
            assert_eq!(planned.stage, Stage::Swapping { image_present: false }, "{name}");
            assert!(planned.pulls.is_empty(), "{name}");
        }
    }
}

#[test]
fn a_step_that_is_about_to_run_is_worth_waiting_for() {
    for pod in [
        PodFixture::fresh("one", 1),
        PodFixture::running("one", 1).state(json!({"terminated": {"exitCode": 1}})),
    ] {
        let planned = to_two(pod, Pulled::Unknown).pull(1, Pulled::Held).plan();
        assert!(matches!(planned.pod, PodMove::Stay), "{planned:?}");
        assert_eq!(planned.stage, pulling());
    }
}

#[test]
fn the_usable_step_is_the_one_that_the_pod_was_asked_for() {
    let pod = PodFixture::running("three", 3).without_annotations();
    let planned = Fixture::new().proven("one", 1).pod(pod).step("two", 2).plan();
    assert!(matches!(planned.stage, Stage::Pulling { usable, .. } if usable == "one"));
}

#[test]
fn a_proven_step_and_the_one_after_it_are_held() {
    let proven = |step: &str, seed| Fixture::new().proven(step, seed).pod(PodFixture::running(step, seed));
    let names =
        |seeds: &[u8]| -> Vec<_> { seeds.iter().map(|seed| pull_name("node-1", &digest(*seed))).collect() };
    assert_eq!(pulls(&proven("one", 1).plan()), names(&[1, 2]));
    assert_eq!(pulls(&proven("one", 1).pull(1, Pulled::Held).plan()), names(&[2]));
    for known in [pulling_for(1), Pulled::Going, Pulled::Held, failed(600, false), failed(600, true)] {
        // What ended badly is swept away, and asked for again then.
        assert!(pulls(&proven("one", 1).pull(1, Pulled::Held).pull(2, known).plan()).is_empty());
    }
    assert_eq!(pulls(&proven("three", 3).step("three", 1).plan()), names(&[3]), "there is no step after");
}

#[test]
fn equal_images_are_held_once_and_images_that_the_template_dropped_not_at_all() {
    let equal = Fixture::new().rebuilt(1, 1).proven("one", 1).pod(PodFixture::running("one", 1)).plan();
    assert_eq!(pulls(&equal), [pull_name("node-1", &digest(1))]);
    let dropped = Fixture::new().rebuilt(0, 9).proven("one", 1).pod(PodFixture::running("one", 1)).plan();
    assert_eq!(pulls(&dropped), [pull_name("node-1", &digest(2))]);
}

#[test]
fn a_step_on_its_way_pulls_nothing_else() {
    let pod = PodFixture::running("two", 1).image("g2", 2).replaces("c1").container("c1", 1);
    let planned = Fixture::new().proven("one", 1).pod(pod).step("two", 2).pull(2, Pulled::Held).plan();
    assert!(planned.pulls.is_empty() && matches!(planned.pod, PodMove::Stay));
}
