//! What is read of a workspace pod.

use api::names;
use api::v1::RunAs;
use serde_json::json;

use super::fixture::{digest, image};
use super::pod::PodFixture;
use crate::children::pod::Asked;
use crate::instance::seen::{PodSeen, Waiting};

fn seen(pod: PodFixture) -> PodSeen {
    PodSeen::of(&pod.build())
}

fn one() -> PodFixture {
    PodFixture::running("one", 1)
}

#[test]
fn everything_of_a_running_pod() {
    assert_eq!(
        seen(one().replaces("c0")),
        PodSeen {
            uid: "pod-1".to_owned(),
            generation: Some(1),
            node: Some("node-1".to_owned()),
            run_as: RunAs::NonRoot,
            asked: Some(Asked { step: "one".to_owned(), reset: 0 }),
            image: image("g1", 1),
            container: 1,
            container_id: "c1".to_owned(),
            replaces: "c0".to_owned(),
            running: true,
            node_reports: true,
            running_digest: Some(digest(1)),
            observed: true,
            waiting: None,
            deleting: false,
            finished: None,
            unscheduled: None,
        }
    );
}

#[test]
fn only_the_digest_of_an_image_id_counts() {
    let of = |image_id: &str| {
        seen(one().set("/status/containerStatuses/0/imageID", json!(image_id))).running_digest
    };
    assert_eq!(of(&format!("other.example/v@{}", digest(1))), Some(digest(1)));
    assert_eq!(of(&format!("docker-pullable://localhost:5000/w@{}", digest(2))), Some(digest(2)));
    assert_eq!(of("sha256:abc"), None);
    assert_eq!(of(""), None);
}

#[test]
fn annotations_that_cannot_be_read_ask_for_nothing() {
    assert_eq!(seen(one().without_annotations()).asked, None);
    let not_a_number = one().set(
        "/metadata/annotations",
        json!({
            names::STEP_ANNOTATION: "one", names::RESET_ANNOTATION: "many"
        }),
    );
    assert_eq!(seen(not_a_number).asked, None);
    assert_eq!(seen(one().asked("two", 3)).asked, Some(Asked { step: "two".to_owned(), reset: 3 }));
}

#[test]
fn a_pod_without_our_container_has_no_image_that_a_step_could_have() {
    let foreign =
        seen(one().set("/spec/containers", json!([{"name": "other", "image": "localhost:5000/o:1"}])));
    assert_eq!(foreign.wanted_digest(), None);
    assert_eq!(foreign.container, 0);
    assert_eq!(PodSeen::of(&k8s_openapi::api::core::v1::Pod::default()).image, "");
}

#[test]
fn who_the_container_runs_as() {
    assert_eq!(seen(one().root()).run_as, RunAs::Root);
    let root = one().set("/spec/securityContext/runAsUser", json!(0));
    assert_eq!(seen(root).run_as, RunAs::RootWithoutUserNamespace);
}

#[test]
fn kubelet_has_seen_the_spec_or_does_not_count() {
    for (generation, observed, wanted) in [
        (json!(3), Some(3), true),
        (json!(3), Some(2), false),
        (json!(3), None, true),
        (json!(null), Some(1), true),
    ] {
        let mut pod = one().build();
        pod.metadata.generation = serde_json::from_value(generation).unwrap();
        pod.status.as_mut().unwrap().observed_generation = observed;
        assert_eq!(PodSeen::of(&pod).observed, wanted, "{:?} {observed:?}", pod.metadata.generation);
    }
}

fn waits(pod: PodFixture) -> Option<(String, String, String)> {
    seen(pod).waiting.map(|Waiting { image, reason, message }| (image, reason, message))
}

#[test]
fn a_container_that_takes_its_time_does_not_wait() {
    assert_eq!(waits(one().waiting("ContainerCreating", "")), None);
    assert_eq!(waits(one().waiting("PodInitializing", "")), None);
    assert_eq!(waits(one().state(json!({"waiting": {}}))), None);
    let wanted = (image("g1", 1), "ErrImagePull".to_owned(), "not found".to_owned());
    assert_eq!(waits(one().waiting("ErrImagePull", "not found")), Some(wanted));
}

#[test]
fn a_crash_is_told_by_how_it_ended() {
    let told = |exit_code, reason: &str| {
        waits(one().waiting("CrashLoopBackOff", "back-off 20s").ended(exit_code, reason)).unwrap().2
    };
    assert_eq!(told(137, "OOMKilled"), "it ended with exit code 137, OOMKilled");
    assert_eq!(told(1, "Error"), "it ended with exit code 1");
    assert_eq!(told(0, "Completed"), "it ended with exit code 0");
    assert_eq!(waits(one().waiting("CrashLoopBackOff", "back-off 20s")).unwrap().2, "back-off 20s");
}

#[test]
fn an_init_container_that_fails_is_why_the_workspace_waits() {
    let status = |state: serde_json::Value| {
        let init = json!([{"name": "agent", "image": "", "imageID": "", "ready": false,
            "restartCount": 0, "state": state}]);
        one().waiting("PodInitializing", "").set("/status", json!({"initContainerStatuses": init}))
    };
    let failing = status(json!({"waiting": {"reason": "ErrImagePull", "message": "not found"}}));
    let wanted =
        ("localhost:5000/agent@sha256:0".to_owned(), "ErrImagePull".to_owned(), "not found".to_owned());
    assert_eq!(waits(failing), Some(wanted));
    assert_eq!(waits(status(json!({"running": {}}))), None);
}

#[test]
fn ends_deletions_and_schedules() {
    assert_eq!(seen(one().finished("Failed", Some("Evicted"))).finished.as_deref(), Some("Evicted"));
    assert_eq!(seen(one().finished("Succeeded", None)).finished.as_deref(), Some("Succeeded"));
    assert_eq!(seen(one().finished("Unknown", None)).finished, None);
    assert!(seen(one().deleting()).deleting);
    let waiting = seen(PodFixture::fresh("one", 1).unscheduled("0/1 nodes are available"));
    assert_eq!((waiting.node, waiting.unscheduled.as_deref()), (None, Some("0/1 nodes are available")));
}

#[test]
fn a_node_that_is_silent_is_told_by_the_node_controller_alone() {
    let ready =
        |condition: serde_json::Value| seen(one().set("/status/conditions/0", condition)).node_reports;
    assert!(!ready(json!({"type": "Ready", "status": "False"})));
    assert!(ready(json!({"type": "Ready", "status": "False", "reason": "ContainersNotReady"})));
    assert!(ready(json!({"type": "ContainersReady", "status": "False"})));
    assert!(seen(PodFixture::fresh("one", 1)).node_reports, "nobody said otherwise");
}
