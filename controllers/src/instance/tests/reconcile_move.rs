//! Whole reconciles: a workspace moves.

use api::names;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::fixture::{Fixture, image, pulling_for};
use super::pod::PodFixture;
use super::stores::Play;
use crate::children::pull_pod::pull_name;
use crate::error::Class;
use crate::instance::pulled::Pulled;

const STATUS: &str = "PATCH /apis/workshop.platform/v1/namespaces/monday/workspaceinstances/ana/status";

fn moving() -> Fixture {
    Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1)).step("two", 2).pull(2, Pulled::Held)
}

fn pod_of(fixture: &Fixture) -> String {
    format!("/api/v1/namespaces/{}/pods/workspace", fixture.owner().namespace)
}

#[tokio::test]
async fn a_move_is_exactly_one_patch() {
    let fixture = moving();
    let play = Play::of(&fixture);
    play.reconcile().await.unwrap();
    let calls = play.server.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].what, format!("PATCH {}", pod_of(&fixture)));
    assert_eq!(calls[0].content_type, "application/json-patch+json");
    let annotation = |key: &str| format!("/metadata/annotations/{}", key.replace('/', "~1"));
    let mut added: Vec<Value> = calls[0].body.as_array().unwrap()[3..].to_vec();
    added.sort_by_key(|operation| operation["path"].to_string());
    assert_eq!(
        calls[0].body.as_array().unwrap()[..3],
        [
            json!({"op": "test", "path": "/metadata/uid", "value": "pod-1"}),
            json!({"op": "test", "path": "/spec/containers/1/image", "value": image("g1", 1)}),
            json!({"op": "replace", "path": "/spec/containers/1/image", "value": image("g2", 2)}),
        ]
    );
    assert_eq!(
        added,
        [
            json!({"op": "add", "path": annotation(names::REPLACES_ANNOTATION), "value": "c1"}),
            json!({"op": "add", "path": annotation(names::RESET_ANNOTATION), "value": "0"}),
            json!({"op": "add", "path": annotation(names::STEP_ANNOTATION), "value": "two"}),
        ]
    );
}

#[tokio::test]
async fn its_proof_is_exactly_one_status_and_then_there_is_silence() {
    let moved = PodFixture::running("two", 2).image("g2", 2).replaces("c1").container("c2", 2);
    let mut fixture = moving().pod(moved).pull(3, Pulled::Held);
    let play = Play::of(&fixture);
    assert_eq!(play.reconcile().await.unwrap(), Action::await_change());
    let calls = play.server.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(
        (calls[0].what.as_str(), calls[0].content_type.as_str()),
        (STATUS, "application/merge-patch+json")
    );
    assert_eq!(calls[0].query, "&fieldManager=workshop-operator");
    let status = &calls[0].body["status"];
    assert_eq!(status["currentStep"]["id"], "two");
    assert_eq!(status["history"][0]["from"], "one");
    assert!(status.get("completedSteps").is_none() && status.get("startedAt").is_none());

    let mut stored = serde_json::to_value(fixture.status.clone()).unwrap();
    merge(&mut stored, status);
    fixture.status = Some(serde_json::from_value(stored).unwrap());
    fixture.instance["metadata"]["resourceVersion"] = json!("101");
    let settled = Play::of(&fixture);
    assert_eq!(settled.reconcile().await.unwrap(), Action::await_change());
    assert!(settled.server.log().is_empty());
}

/// A merge patch, as the API server applies it.
fn merge(target: &mut Value, patch: &Value) {
    for (key, value) in patch.as_object().unwrap() {
        match value {
            Value::Null => drop(target.as_object_mut().unwrap().remove(key)),
            Value::Object(_) if target[key].is_object() => merge(&mut target[key], value),
            _ => target[key] = value.clone(),
        }
    }
}

#[tokio::test]
async fn an_image_that_is_not_there_is_pulled_and_nothing_else_happens() {
    let mut fixture = moving();
    fixture.pulls.clear();
    let play = Play::of(&fixture);
    let action = play.reconcile().await.unwrap();
    assert_eq!(action, Action::requeue(std::time::Duration::from_secs(2)), "status says so then");
    let calls = play.server.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].what, "POST /api/v1/namespaces/workshop-system/pods");
    assert_eq!(calls[0].body["metadata"]["name"], pull_name("node-1", &super::fixture::digest(2)));
}

#[tokio::test]
async fn who_asked_about_a_pull_is_told_of_its_end_and_not_of_its_beginning() {
    let name = pull_name("node-1", &super::fixture::digest(2));
    let holding = |known: Option<Pulled>| {
        let mut fixture = Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1));
        fixture.pulls.extend(known.map(|pulled| (2, pulled)));
        Play::of(&fixture)
    };
    for (known, is_told) in [(Some(pulling_for(1)), false), (Some(Pulled::Held), true), (None, true)] {
        let play = holding(known.clone());
        assert!(play.context.told_of_pull(&name).is_empty(), "nobody has asked yet");
        play.reconcile().await.unwrap();
        let told = play.context.told_of_pull(&name);
        assert_eq!(told.into_iter().any(|asker| asker.name == "ana"), is_told, "{known:?}");
        assert!(play.context.told_of_pull(&name).is_empty(), "nobody is told twice: {known:?}");
    }
}

#[tokio::test]
async fn a_failed_pull_is_told_at_once_and_its_pod_taken_away_by_uid() {
    let mut fixture = moving();
    let failed = Pulled::Failed {
        uid: String::new(),
        since: super::fixture::now(),
        ended: true,
        image: String::new(),
        reason: String::new(),
        message: String::new(),
    };
    fixture.pulls.insert(2, failed);
    let play = Play::of(&fixture);
    let action = play.reconcile().await.unwrap();
    assert_eq!(action, Action::requeue(fixture.config.bounds.pull_look));
    let calls = play.server.calls();
    let name = pull_name("node-1", &super::fixture::digest(2));
    assert_eq!(calls[0].what, format!("DELETE /api/v1/namespaces/workshop-system/pods/{name}"));
    assert_eq!(calls[0].body["preconditions"]["uid"], "pull-2");
    assert_eq!(calls[1].what, STATUS);
    let message = calls[1].body["status"]["conditions"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("Evicted; step \"one\" stays usable"), "{message}");
}

#[tokio::test]
async fn a_pull_that_tells_nothing_is_touched_by_uid() {
    let mut fixture = moving();
    fixture.pulls.insert(2, pulling_for(20));
    let play = Play::of(&fixture);
    play.reconcile().await.unwrap();
    let calls = play.server.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let name = pull_name("node-1", &super::fixture::digest(2));
    assert_eq!(calls[0].what, format!("PATCH /api/v1/namespaces/workshop-system/pods/{name}"));
    assert_eq!(
        calls[0].body,
        json!({"metadata": {"uid": "pull-2", "annotations": {names::TOUCHED_ANNOTATION: "true"}}})
    );
}

#[tokio::test]
async fn a_stale_move_or_status_is_tried_again_soon_and_said_to_nobody() {
    let fixture = moving();
    let swap = format!("PATCH {}", pod_of(&fixture));
    for (code, reason) in [(422, "Invalid"), (409, "Conflict"), (404, "NotFound")] {
        let play = Play::of(&fixture);
        play.server.refuse(
            &swap,
            code,
            reason,
            "the server rejected our request due to an error in our request",
        );
        let error = play.reconcile().await.unwrap_err();
        assert_eq!(error.class(), Class::Stale, "{code}");
        assert_eq!(play.server.log(), [swap.as_str()], "{code}");
    }
    let moved = PodFixture::running("two", 2).image("g2", 2).replaces("c1").container("c2", 2);
    let play = Play::of(&moving().pod(moved).pull(3, Pulled::Held));
    play.server.refuse(STATUS, 409, "Conflict", "the object has been modified");
    assert_eq!(play.reconcile().await.unwrap_err().class(), Class::Stale);
    assert_eq!(play.server.log(), [STATUS]);
}

#[tokio::test]
async fn a_suspended_workspace_loses_this_pod_and_no_other() {
    let fixture = moving().spec("operatingMode", json!("Suspended"));
    let play = Play::of(&fixture);
    play.reconcile().await.unwrap();
    let calls = play.server.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].what, format!("DELETE {}", pod_of(&fixture)));
    assert_eq!(calls[0].body["preconditions"], json!({"uid": "pod-1"}));
    for (code, reason) in [(404, "NotFound"), (409, "Conflict")] {
        play.server.refuse(&format!("DELETE {}", pod_of(&fixture)), code, reason, "another");
        assert!(play.reconcile().await.is_ok(), "gone or another is what was wanted");
    }
}

#[tokio::test]
async fn a_refusal_touches_nothing_and_says_so() {
    let play = Play::of(&moving().step("nine", 3));
    play.reconcile().await.unwrap();
    assert_eq!(play.server.log(), [STATUS]);
}
