//! Whole reconciles: an instance is deleted.

use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::pod::PodFixture;
use super::stores::Play;

const INSTANCE: &str = "/apis/workshop.platform/v1/namespaces/monday/workspaceinstances/ana";

/// An instance whose deletion was asked for this many seconds ago.
fn deleted(seconds: i64) -> Fixture {
    let mut fixture = Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1));
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
    fixture.instance["metadata"]["deletionTimestamp"] = json!(since.to_string());
    fixture
}

fn namespace_of(fixture: &Fixture) -> String {
    format!("/api/v1/namespaces/{}", fixture.owner().namespace)
}

#[tokio::test]
async fn the_namespace_goes_first_by_its_uid() {
    let fixture = deleted(0);
    let play = Play::of(&fixture);
    let action = play.reconcile().await.unwrap();
    assert_ne!(action, Action::await_change(), "it is looked at again");
    let calls = play.server.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].what, format!("DELETE {}", namespace_of(&fixture)));
    assert_eq!(calls[0].body["preconditions"], json!({"uid": "ns-1"}));
}

#[tokio::test]
async fn the_finalizer_goes_when_the_namespace_is_gone_and_others_stay() {
    let mut fixture = deleted(5);
    fixture.namespace = None;
    fixture.instance["metadata"]["finalizers"] = json!(["other/one", api::names::FINALIZER]);
    let play = Play::of(&fixture);
    assert_eq!(play.reconcile().await.unwrap(), Action::await_change());
    let calls = play.server.calls();
    let what: Vec<_> = calls.iter().map(|call| call.what.as_str()).collect();
    assert_eq!(what, [format!("GET {}", namespace_of(&fixture)), format!("PATCH {INSTANCE}")]);
    assert_eq!(calls[1].body, json!({"metadata": {"finalizers": ["other/one"], "resourceVersion": "100"}}));
}

#[tokio::test]
async fn a_namespace_that_the_watch_has_not_shown_is_not_left_behind() {
    let mut fixture = deleted(0);
    fixture.namespace = None;
    let play = Play::of(&fixture);
    let found = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata":
        {"name": fixture.owner().namespace, "uid": "ns-7", "labels": {api::names::INSTANCE_UID_LABEL: "ana-1"}}});
    play.server.answer(&format!("GET {}", namespace_of(&fixture)), 200, found);
    play.reconcile().await.unwrap();
    let calls = play.server.calls();
    assert_eq!(calls[1].what, format!("DELETE {}", namespace_of(&fixture)));
    assert_eq!(calls[1].body["preconditions"]["uid"], "ns-7");
}

#[tokio::test]
async fn a_namespace_of_somebody_else_is_not_touched() {
    let mut fixture = deleted(0);
    fixture.namespace.as_mut().unwrap().ours = false;
    let play = Play::of(&fixture);
    play.reconcile().await.unwrap();
    assert_eq!(play.server.log(), [format!("PATCH {INSTANCE}")], "only the finalizer goes");
}

#[tokio::test]
async fn an_instance_that_has_no_finalizer_of_ours_is_left_alone() {
    let mut fixture = deleted(0);
    fixture.instance["metadata"]["finalizers"] = json!(["other/one"]);
    let play = Play::of(&fixture);
    assert_eq!(play.reconcile().await.unwrap(), Action::await_change());
    assert!(play.server.log().is_empty());
}

#[tokio::test]
async fn neither_the_template_nor_the_class_is_needed_to_go() {
    let mut without = deleted(0);
    without.template = None;
    let restricted = deleted(0).template("allowedClasses", json!({"matchLabels": {"a": "b"}}));
    for fixture in [without, restricted] {
        let play = Play::of(&fixture);
        play.reconcile().await.unwrap();
        assert_eq!(play.server.log(), [format!("DELETE {}", namespace_of(&fixture))]);
    }
}

fn condition<'a>(status: &'a Value, type_: &str) -> Option<&'a Value> {
    status["conditions"].as_array().unwrap().iter().find(|condition| condition["type"] == type_)
}

#[tokio::test]
async fn a_deletion_that_lasts_is_told_and_past_its_bound_it_is_told_why() {
    let going = |seconds| {
        let mut fixture = deleted(seconds);
        fixture.namespace.as_mut().unwrap().deleting = true;
        fixture
    };
    assert!({
        let play = Play::of(&going(0));
        play.reconcile().await.unwrap();
        play.server.log().is_empty()
    });

    let play = Play::of(&going(30));
    play.reconcile().await.unwrap();
    let calls = play.server.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let status = &calls[0].body["status"];
    assert_eq!(status["phase"], "Terminating");
    assert_eq!(condition(status, "Ready").unwrap()["reason"], "Terminating");
    assert!(condition(status, "DeletionBlocked").is_none());

    let fixture = going(200);
    let play = Play::of(&fixture);
    let why = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": fixture.owner().namespace},
    "status": {"conditions": [
        {"type": "NamespaceDeletionDiscoveryFailure", "status": "False", "message": "fine"},
        {"type": "NamespaceContentRemaining", "status": "True", "message": "pods. has 1 resource instances"}
    ]}});
    play.server.answer(&format!("GET {}", namespace_of(&fixture)), 200, why);
    play.reconcile().await.unwrap();
    let calls = play.server.calls();
    let blocked = condition(&calls.last().unwrap().body["status"], "DeletionBlocked").unwrap();
    assert_eq!(blocked["status"], "True");
    assert_eq!(
        blocked["message"].as_str().unwrap(),
        format!(
            "namespace {} has not gone for 120 s: pods. has 1 resource instances",
            fixture.owner().namespace
        )
    );
}
