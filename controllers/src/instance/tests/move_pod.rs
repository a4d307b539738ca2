//! The move, exactly (api.md): when the pod is patched, with what, and when that is proven.

use serde_json::json;

use super::fixture::{Fixture, digest, image};
use super::pod::PodFixture;
use crate::children::pod::Asked;
use crate::instance::plan::{PodMove, Swap};
use crate::instance::pulled::Pulled;
use crate::instance::stage::Stage;

fn swap(fixture: &Fixture) -> Swap {
    match fixture.plan().pod {
        PodMove::Swap(swap) => swap,
        other => panic!("no swap but {other:?}"),
    }
}

/// The stage, where the pod is left as it is.
fn stays(fixture: &Fixture) -> Stage {
    let planned = fixture.plan();
    assert!(matches!(planned.pod, PodMove::Stay), "{:?}", planned.pod);
    planned.stage
}

const PRESENT: Stage = Stage::Swapping { image_present: true };
const ABSENT: Stage = Stage::Swapping { image_present: false };

#[test]
fn a_move_is_one_patch_of_everything() {
    let fixture = Fixture::new()
        .proven("one", 1)
        .pod(PodFixture::running("one", 1))
        .step("two", 2)
        .pull(2, Pulled::Held);
    assert_eq!(
        swap(&fixture),
        Swap {
            uid: "pod-1".to_owned(),
            container: 1,
            old_image: image("g1", 1),
            new_image: image("g2", 2),
            asked: Asked { step: "two".to_owned(), reset: 0 },
            replaces: "c1".to_owned(),
        }
    );
    assert_eq!(fixture.plan().stage, PRESENT);
    assert_eq!(swap(&fixture), swap(&fixture), "a repeated patch is the same patch");
}

#[test]
fn a_reset_to_the_same_digest_needs_no_pull() {
    let fixture = Fixture::new()
        .proven("one", 1)
        .pod(PodFixture::running("one", 1))
        .spec("resetCount", json!(1))
        .step("one", 2);
    let swap = swap(&fixture);
    assert_eq!((swap.new_image, swap.asked.reset), (image("g2", 1), 1));
    assert!(fixture.plan().pulls.is_empty());
}

#[test]
fn two_steps_of_one_digest_are_two_steps() {
    let fixture =
        Fixture::new().rebuilt(1, 1).proven("one", 1).pod(PodFixture::running("one", 1)).step("two", 2);
    let swap = swap(&fixture);
    assert_eq!((swap.new_image, swap.asked.step.as_str()), (image("g2", 1), "two"));
    let after = PodFixture::running("two", 1).image("g2", 1).replaces("c1");
    let moved =
        |pod| Fixture::new().rebuilt(1, 1).proven("one", 1).step("two", 2).pod(pod).pull(1, Pulled::Held);
    assert_eq!(stays(&moved(after.clone())), PRESENT, "the old container of the same digest is no proof");
    assert_eq!(stays(&moved(after.container("c2", 1))), Stage::Proven(digest(1)));
}

#[test]
fn a_move_back_is_a_move_like_any_other() {
    let fixture = Fixture::new()
        .proven("two", 2)
        .pod(PodFixture::running("two", 2).image("g2", 2))
        .step("one", 3)
        .pull(1, Pulled::Held);
    assert_eq!(swap(&fixture).new_image, image("g3", 1));
}

#[test]
fn back_before_it_began_restarts_the_old_step_once() {
    // Asked for two, and kubelet has not begun: container c1 of step one still runs.
    let between = PodFixture::running("two", 1)
        .image("g2", 2)
        .generation(2)
        .observed(1)
        .replaces("c1")
        .container("c1", 1);
    let fixture = Fixture::new().proven("one", 1).pod(between).step("one", 3);
    let back = swap(&fixture);
    assert_eq!((back.new_image.as_str(), back.replaces.as_str()), (image("g3", 1).as_str(), "c1"));
    // Both changes came before this operator looked: the wish is what runs, so nothing happens.
    let unseen = Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1)).step("one", 3);
    assert_eq!(stays(&unseen), Stage::Proven(digest(1)));
}

#[test]
fn a_template_that_changed_moves_nobody() {
    let fixture = Fixture::new().rebuilt(0, 9).proven("one", 1).pod(PodFixture::running("one", 1));
    assert_eq!(stays(&fixture), Stage::Proven(digest(1)));
    let reset = fixture.spec("resetCount", json!(1)).step("one", 2).pull(9, Pulled::Held);
    assert_eq!(swap(&reset).new_image, image("g2", 9));
    // A step that was never proven has nothing to protect: it takes the image that is there now.
    let unproven = Fixture::new()
        .rebuilt(0, 9)
        .pod(PodFixture::fresh("one", 1).unscheduled("0/1 nodes are available"))
        .plan();
    assert!(matches!(unproven.pod, PodMove::Swap(swap) if swap.new_image == image("g1-1", 9)));
}

#[test]
fn a_pod_that_somebody_changed_is_repaired() {
    let pod = || PodFixture::running("one", 1).generation(2).observed(2);
    for (name, pod, wanted) in [
        ("image by hand, tag kept", pod().image("g1", 7).container("c7", 7), image("g1-1", 1)),
        ("again", pod().image("g1-1", 7).container("c8", 7), image("g1-2", 1)),
        ("a tag of their own", pod().image("latest", 7).container("c7", 7), image("g1-2", 1)),
        ("no digest", pod().set("/spec/containers/1/image", json!("localhost:5000/w:one")), image("g1-2", 1)),
        ("annotations changed", pod().asked("two", 0), image("g1-1", 1)),
        ("annotations gone", pod().without_annotations(), image("g1-1", 1)),
    ] {
        let fixture = Fixture::new().proven("one", 1).pod(pod).pull(1, Pulled::Held);
        assert_eq!(swap(&fixture).new_image, wanted, "{name}");
    }
}

#[test]
fn proof_takes_another_container_of_the_digest_and_a_kubelet_that_has_seen_the_spec() {
    let pod = || {
        PodFixture::running("two", 2)
            .image("g2", 2)
            .generation(2)
            .observed(2)
            .replaces("c1")
            .container("c2", 2)
    };
    for (name, pod, wanted) in [
        ("all of it", pod(), Stage::Proven(digest(2))),
        ("a server that does not count", pod().observed(2).set("/metadata/generation", json!(null)), {
            Stage::Proven(digest(2))
        }),
        ("kubelet has not seen it", pod().observed(1), PRESENT),
        ("the container that is replaced", pod().container("c1", 2), PRESENT),
        ("another digest runs", pod().container("c2", 1), ABSENT),
        ("not running", pod().state(json!({"terminated": {"exitCode": 0}})), PRESENT),
        ("being made", pod().waiting("ContainerCreating", ""), PRESENT),
        (
            "its node is silent",
            pod().set("/status/conditions/0/status", json!("False")),
            Stage::NodeSilent("node-1".to_owned()),
        ),
    ] {
        let fixture = Fixture::new().proven("one", 1).step("two", 2).pod(pod);
        assert_eq!(stays(&fixture), wanted, "{name}");
    }
}

#[test]
fn an_image_that_is_not_known_to_be_there_may_still_come() {
    let fresh = PodFixture::fresh("one", 1);
    assert_eq!(stays(&Fixture::new().pod(fresh.clone())), ABSENT);
    assert_eq!(stays(&Fixture::new().pod(fresh).pull(1, Pulled::Held)), PRESENT);
}

#[test]
fn what_kubelet_says_of_a_container_that_was_asked_for() {
    let pod = || PodFixture::running("one", 1).generation(2).observed(2);
    let pull_failed = |reason: &str| Stage::PullFailed {
        image: image("g1", 1),
        reason: reason.to_owned(),
        message: "words".to_owned(),
        usable: None,
    };
    let start_failed = |reason: &str, message: &str| Stage::StartFailed {
        reason: reason.to_owned(),
        message: message.to_owned(),
    };
    for reason in [
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "InvalidImageName",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    ] {
        assert_eq!(stays(&Fixture::new().pod(pod().waiting(reason, "words"))), pull_failed(reason));
    }
    for reason in ["RunContainerError", "CreateContainerError", "CreateContainerConfigError"] {
        let fixture = Fixture::new().pod(pod().waiting(reason, "words"));
        assert_eq!(stays(&fixture), start_failed(reason, "words"));
    }
    let killed = pod().waiting("CrashLoopBackOff", "back-off 10s").ended(137, "OOMKilled");
    assert_eq!(
        stays(&Fixture::new().pod(killed)),
        start_failed("CrashLoopBackOff", "it ended with exit code 137, OOMKilled")
    );
    let old_news = pod().waiting("ErrImagePull", "words").observed(1);
    assert!(matches!(stays(&Fixture::new().pod(old_news)), Stage::Swapping { .. }));
    let unscheduled = PodFixture::fresh("one", 1).unscheduled("0/3 nodes are available");
    assert_eq!(
        stays(&Fixture::new().pod(unscheduled)),
        Stage::Scheduling("0/3 nodes are available".to_owned())
    );
}
