//! Which changes are worth an event, how many there are, and what the API server gets.

use std::sync::Arc;

use api::v1::WorkspaceInstanceStatus;
use serde_json::json;

use super::*;
use crate::instance::Stage;
use crate::instance::tests::fixture::{Fixture, digest, progress};
use crate::instance::tests::pod::PodFixture;
use crate::instance::tests::stores::Play;

fn moving() -> Fixture {
    Fixture::new().proven("one", 1).step("two", 2).pod(PodFixture::running("two", 2))
}

fn reasons(steps: &[&WorkspaceInstanceStatus]) -> Vec<String> {
    let pairs = steps.windows(2).filter_map(|pair| news(Some(pair[0]), pair[1]));
    pairs.map(|news| news.reason).collect()
}

fn failed_pull() -> Stage {
    let [image, reason, message] = ["i", "ErrImagePull", "401"].map(str::to_owned);
    Stage::PullFailed { image, reason, message, usable: Some("one".to_owned()) }
}

#[test]
fn an_ordinary_step_change_has_no_event() {
    let fixture = moving();
    let before = fixture.status.clone().unwrap();
    let proven = fixture.status_in(&Stage::Proven(digest(2)), &progress(1));
    assert_eq!(news(Some(&before), &proven), None);
}

#[test]
fn a_step_change_that_was_told_of_is_told_when_it_is_done() {
    let mut fixture = moving();
    let before = fixture.status.clone().unwrap();
    let swapping = fixture.status_in(&Stage::Swapping { image_present: true }, &progress(3));
    fixture.status = Some(swapping.clone());
    let proven = fixture.status_in(&Stage::Proven(digest(2)), &progress(4));
    assert_eq!(reasons(&[&before, &swapping, &proven]), ["StepReached"]);
}

#[test]
fn a_failed_pull_and_its_healing_are_two_events_whatever_the_count_of_tries() {
    let mut fixture = moving();
    let before = fixture.status.clone().unwrap();
    let failed = fixture.status_in(&failed_pull(), &progress(3));
    fixture.status = Some(failed.clone());
    let again = fixture.status_in(&failed_pull(), &progress(9));
    let healed = fixture.status_in(&Stage::Proven(digest(2)), &progress(12));
    assert_eq!(reasons(&[&before, &failed, &again, &healed]), ["ImagePullFailed", "Recovered"]);
    let event = news(Some(&before), &failed).unwrap();
    assert!(event.warning && event.action == "Pull" && event.note.contains("401"), "{event:?}");
}

#[test]
fn a_first_start_a_suspension_and_a_lost_pod_are_told() {
    let mut fixture = Fixture::new();
    let preparing = fixture.status_in(&Stage::Preparing, &progress(0));
    assert_eq!(news(None, &preparing), None, "it has only begun");
    fixture.status = Some(preparing.clone());
    let fixture = fixture.pod(PodFixture::running("one", 1));
    let proven = fixture.status_in(&Stage::Proven(digest(1)), &progress(4));
    assert_eq!(reasons(&[&preparing, &proven]), ["Started"]);
    let mut running = Fixture::new();
    running.status = Some(proven.clone());
    let suspended = running.status_in(&Stage::Suspended, &progress(1));
    assert_eq!(reasons(&[&proven, &suspended, &suspended]), ["Suspended"]);
    let lost = Stage::PodLost { message: "the pod ended: Evicted".to_owned(), node: None };
    let lost = running.status_in(&lost, &progress(2));
    assert_eq!(reasons(&[&proven, &lost]), ["PodLost"]);
}

#[test]
fn a_namespace_that_does_not_go_is_told() {
    let gathered = moving().gathered();
    let quiet = crate::instance::terminating(&gathered, None);
    let held = crate::instance::terminating(&gathered, Some("a finalizer"));
    assert_eq!(reasons(&[&quiet, &held, &held]), ["DeletionBlocked"]);
}

#[test]
fn a_note_fits_and_ends_with_a_whole_letter() {
    let mut status = moving().status_in(&failed_pull(), &progress(3));
    for condition in &mut status.conditions {
        condition.message = "ä".repeat(900);
    }
    let note = news(None, &status).unwrap().note;
    assert!(note.len() <= 1024 && note.ends_with("ä…"), "{} bytes", note.len());
}

fn notice(reason: &str) -> Notice {
    let news = News { warning: true, reason: reason.to_owned(), action: "Pull", note: "a note".to_owned() };
    let object = Fixture::new().object();
    let play = ObjectReference { resource_version: None, ..kube::Resource::object_ref(&object, &()) };
    Notice { news, regarding: play, related: None }
}

#[tokio::test(start_paused = true)]
async fn the_same_word_is_not_said_again_at_once() {
    let events = Events::default();
    for reason in ["ImagePullFailed", "Recovered", "ImagePullFailed", "Recovered", "ImagePullFailed"] {
        assert!(events.take(notice(reason)));
    }
    let mut queue = events.queue().unwrap();
    assert!(events.queue().is_none(), "one end");
    assert_eq!(queue.len(), 2);
    tokio::time::advance(QUIET).await;
    events.tidy();
    assert!(lock(&events.told).is_empty());
    assert!(events.take(notice("ImagePullFailed")));
    assert_eq!(queue.len(), 3);
    queue.close();
    assert!(!events.take(notice("Other")), "nobody listens");
}

#[tokio::test]
async fn an_event_says_reason_action_and_what_it_is_about_and_the_next_one_is_the_same_series() {
    let play = Play::of(&moving());
    let context = Arc::clone(&play.context);
    let instance = context.stores.instances.state().pop().unwrap();
    let pod = moving().gathered().pod_reference();
    let path = "/apis/events.k8s.io/v1/namespaces/monday/events";
    let posted = async {
        for round in ["a", "b"] {
            let news = News { note: round.to_owned(), ..notice("PodLost").news };
            lock(&context.events.told).clear();
            context.tell(news, &instance, pod.clone());
        }
        loop {
            tokio::task::yield_now().await;
            if play.server.count() == 2 {
                break play.server.calls();
            }
        }
    };
    let publish = publish(context.client.clone(), context.events.queue(), &context.metrics);
    let calls = tokio::select! { calls = posted => calls, () = publish => unreachable!() };
    let event = &calls[0].body;
    assert_eq!(calls[0].what, format!("POST {path}"));
    assert!(calls[1].what.starts_with(&format!("PATCH {path}/ana.")), "{}", calls[1].what);
    assert_eq!(calls[1].body["series"]["count"], json!(2));
    assert_eq!(event["reason"], "PodLost");
    assert_eq!(event["action"], "Pull");
    assert_eq!(event["type"], "Warning");
    assert_eq!(event["regarding"]["name"], "ana");
    assert_eq!(event["regarding"]["resourceVersion"], json!(null), "or no two events are one series");
    assert_eq!(event["related"]["name"], "workspace");
    assert_eq!(event["reportingController"], "workshop.platform/workshop-operator");
}

#[tokio::test]
async fn an_event_that_is_refused_is_counted_and_holds_nobody_up() {
    let play = Play::of(&moving());
    let path = "POST /apis/events.k8s.io/v1/namespaces/monday/events";
    play.server.refuse(path, 403, "Forbidden", "no");
    assert!(play.context.events.take(notice("PodLost")));
    let mut queue = play.context.events.queue().unwrap();
    queue.close();
    publish(play.context.client.clone(), Some(queue), &play.context.metrics).await;
    assert!(play.context.metrics_text().contains("workshop_events_lost_total 1"));
}
