use super::*;
use serde_json::{Value, json};

/// An instance on the step `pipes`, ready at generation 3, after one reset.
pub fn ana() -> WorkspaceInstance {
    serde_json::from_value(ana_json()).unwrap()
}

pub fn ana_json() -> Value {
    let condition = |type_: &str, status: &str, reason: &str| {
        json!({"type": type_, "status": status, "reason": reason, "message": "", "observedGeneration": 3,
               "lastTransitionTime": "2026-01-05T09:30:00Z"})
    };
    json!({
        "apiVersion": "workshop.platform/v1", "kind": "WorkspaceInstance",
        "metadata": {"name": "ana", "namespace": "monday", "uid": "u1", "generation": 3,
                     "creationTimestamp": "2026-01-05T09:00:00Z"},
        "spec": {"templateRef": {"name": "shell-basics"}, "owner": "ana", "currentStep": "pipes", "resetCount": 1},
        "status": {
            "phase": "Running", "observedGeneration": 3, "resetCount": 1,
            "currentStep": {"id": "pipes", "digest": format!("sha256:{}", "a".repeat(64)), "since": "2026-01-05T09:30:00Z"},
            "workspaceNamespace": "ws-monday-ana-0a1b2c", "url": "https://learn.example/ana",
            "startedAt": "2026-01-05T09:01:00Z", "expiresAt": "2026-01-05T13:00:00Z",
            "history": [
                {"to": "finding", "resetCount": 0, "at": "2026-01-05T09:01:00Z"},
                {"from": "finding", "to": "pipes", "resetCount": 1, "at": "2026-01-05T09:30:00Z"}
            ],
            "conditions": [condition("Ready", "True", "AsWanted"), condition("StepReady", "True", "AsWanted")]
        }
    })
}

fn with(change: impl FnOnce(&mut Value)) -> WorkspaceInstance {
    let mut value = ana_json();
    change(&mut value);
    serde_json::from_value(value).unwrap()
}

fn wanted() -> Wanted {
    Wanted { uid: Some("u1".to_owned()), generation: 3, step: Some("pipes".to_owned()), reset_count: 1 }
}

#[test]
fn ready_on_the_wanted_step_and_reset_is_done() {
    assert_eq!(judge(Some(&ana()), &wanted()), Seen::Done);
    assert_eq!(judge(Some(&ana()), &Wanted { step: None, ..wanted() }), Seen::Done);
}

#[test]
fn an_old_answer_does_not_count() {
    let later = Wanted { generation: 4, ..wanted() };
    assert!(matches!(judge(Some(&ana()), &later), Seen::NotYet(_)));
    let other_step = Wanted { step: Some("scripts".to_owned()), ..wanted() };
    assert!(matches!(judge(Some(&ana()), &other_step), Seen::NotYet(_)));
    assert!(matches!(judge(Some(&ana()), &Wanted { reset_count: 2, ..wanted() }), Seen::NotYet(_)));
    let unseen = with(|value| value["status"] = Value::Null);
    assert!(matches!(judge(Some(&unseen), &wanted()), Seen::NotYet(_)));
}

#[test]
fn the_reason_and_message_of_ready_are_shown() {
    let pulling = with(|value| {
        value["status"]["conditions"][0] = json!({"type": "Ready", "status": "False", "reason": "Pulling",
            "message": "pulling pipes", "observedGeneration": 3, "lastTransitionTime": "2026-01-05T09:30:00Z"});
    });
    assert_eq!(judge(Some(&pulling), &wanted()), Seen::NotYet("Pulling: pulling pipes".to_owned()));
}

#[test]
fn what_needs_a_person_is_told_apart() {
    let stalled = with(|value| {
        value["status"]["conditions"] = json!([
            {"type": "Ready", "status": "False", "reason": "ImagePullFailed", "message": "no such image",
             "observedGeneration": 3, "lastTransitionTime": "2026-01-05T09:30:00Z"},
            {"type": "Stalled", "status": "True", "reason": "ImagePullFailed", "message": "no such image",
             "observedGeneration": 3, "lastTransitionTime": "2026-01-05T09:30:00Z"}]);
    });
    assert_eq!(judge(Some(&stalled), &wanted()), Seen::Stalled("ImagePullFailed: no such image".to_owned()));
    let suspended = with(|value| {
        value["status"]["conditions"][0]["status"] = json!("False");
        value["status"]["conditions"][0]["reason"] = json!("Suspended");
    });
    assert_eq!(judge(Some(&suspended), &wanted()), Seen::Stalled("Suspended".to_owned()));
}

#[test]
fn a_stall_of_the_step_before_does_not_count() {
    let stale = with(|value| {
        value["status"]["conditions"][0]["status"] = json!("False");
        value["status"]["conditions"][1] = json!({"type": "Stalled", "status": "True", "reason": "StartFailed",
            "message": "", "observedGeneration": 2, "lastTransitionTime": "2026-01-05T09:30:00Z"});
    });
    assert!(matches!(judge(Some(&stale), &wanted()), Seen::NotYet(_)));
}

#[test]
fn another_object_of_the_same_name_is_not_it() {
    assert_eq!(judge(None, &wanted()), Seen::Gone);
    assert_eq!(judge(Some(&with(|value| value["metadata"]["uid"] = json!("u2"))), &wanted()), Seen::Gone);
}

#[test]
fn a_later_wish_for_another_step_ends_the_waiting() {
    let moved_on = with(|value| {
        value["spec"]["currentStep"] = json!("scripts");
        value["metadata"]["generation"] = json!(4);
    });
    assert_eq!(judge(Some(&moved_on), &wanted()), Seen::Overtaken("scripts".to_owned()));
}
