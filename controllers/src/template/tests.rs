//! A template's status: what it says, and how rarely.

use std::sync::Arc;

use api::conditions::{condition_type, reason};
use api::v1::WorkspaceTemplateStatus;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::*;
use crate::instance::tests::fixture::{Fixture, ago, digest, image, now};
use crate::instance::tests::stores::{Play, shown};

const STATUS: &str = "PATCH /apis/workshop.platform/v1/workspacetemplates/shell/status";

async fn reconciled(play: &Play) -> Action {
    let template = play.context.stores.template("shell").unwrap();
    reconcile(template, play.context.clone()).await.unwrap()
}

#[tokio::test]
async fn a_template_says_what_it_is_and_who_uses_it_and_then_nothing() {
    let mut fixture = Fixture::new();
    let mut play = Play::of(&fixture);
    let mut other = fixture.object();
    other.metadata.name = Some("bo".to_owned());
    other.spec.template_ref.name = "another".to_owned();
    let context = Arc::get_mut(&mut play.context).unwrap();
    context.stores.instances = shown(vec![fixture.object(), other]);
    let shown_template = Arc::new(fixture.template_object().unwrap());
    play.server.answer(STATUS, 200, serde_json::to_value(shown_template.as_ref()).unwrap());
    assert_eq!(reconciled(&play).await, Action::requeue(COUNT_PERIOD));
    let calls = play.server.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(
        (calls[0].what.as_str(), &calls[0].body["metadata"]),
        (STATUS, &json!({"resourceVersion": "90"}))
    );
    let status = &calls[0].body["status"];
    assert_eq!((&status["steps"], &status["instances"]), (&json!(3), &json!(1)));
    assert_eq!(status["revision"].as_str().unwrap().len(), 12);
    assert!(status["conditions"].as_array().unwrap().iter().all(|c| c["status"] == "True"));

    fixture.template.as_mut().unwrap()["status"] = status.clone();
    let settled = Play::of(&fixture);
    reconciled(&settled).await;
    assert!(settled.server.log().is_empty());
}

#[tokio::test]
async fn a_template_that_goes_is_told_nothing() {
    let mut fixture = Fixture::new();
    fixture.template.as_mut().unwrap()["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let play = Play::of(&fixture);
    assert_eq!(reconciled(&play).await, Action::await_change());
    assert!(play.server.log().is_empty());
}

fn conditions(
    fixture: &Fixture,
    at: jiff::Timestamp,
) -> Vec<(String, String, String, String, jiff::Timestamp)> {
    check::conditions(&fixture.template_object().unwrap(), at)
        .into_iter()
        .map(|c| (c.type_, c.status, c.reason, c.message, c.last_transition_time.0))
        .collect()
}

fn broken() -> Fixture {
    let step = |id: &str, after: Value| {
        json!({"id": id, "title": id, "unlock": {"after": after},
            "image": {"reference": image(id, 1), "digest": digest(1)}})
    };
    Fixture::new().template("steps", json!([step("one", json!(["zero"])), step("two", json!(["two"]))]))
}

#[test]
fn every_fault_is_named() {
    let faults = "steps[0].unlock.after: \"zero\" is no step of this template; \
                  steps[1].unlock.after: \"two\" waits for itself";
    let said = |type_: &str, status: &str, reason: &str, message: &str| {
        (type_.to_owned(), status.to_owned(), reason.to_owned(), message.to_owned(), now())
    };
    assert_eq!(
        conditions(&broken(), now()),
        [condition_type::READY, condition_type::VALID].map(|type_| said(
            type_,
            "False",
            reason::TEMPLATE_INVALID,
            faults
        ))
    );
    assert_eq!(
        conditions(&Fixture::new(), now()),
        [condition_type::READY, condition_type::VALID].map(|type_| said(
            type_,
            "True",
            reason::AS_WANTED,
            ""
        ))
    );
}

#[test]
fn times_move_on_a_flip_only() {
    let mut fixture = broken();
    let was = check::conditions(&fixture.template_object().unwrap(), ago(60));
    let status = WorkspaceTemplateStatus { conditions: was, ..WorkspaceTemplateStatus::default() };
    let status = serde_json::to_value(status).unwrap();
    fixture.template.as_mut().unwrap()["status"] = status.clone();
    assert!(conditions(&fixture, now()).iter().all(|condition| condition.4 == ago(60)));
    let mut mended = Fixture::new();
    mended.template.as_mut().unwrap()["status"] = status;
    assert!(conditions(&mended, now()).iter().all(|condition| condition.4 == now()));
}
