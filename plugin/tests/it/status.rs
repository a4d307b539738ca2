//! `status` in the states of a workspace, as golden files.

use serde_json::{Value, json};

use super::canned::Canned;
use super::golden::compare;
use super::well::{ago, template};

const INSTANCES: &str = "/apis/workshop.platform/v1/namespaces/monday/workspaceinstances";
const TEMPLATE: &str = "GET /apis/workshop.platform/v1/workspacetemplates/shell-basics";
/// Ages are far from where their text changes.
const HALF: i64 = 30;

fn minutes(count: i64) -> String {
    ago(count * 60 + HALF)
}

fn condition(type_: &str, status: &str, reason: &str, message: &str, since: &str) -> Value {
    json!({"type": type_, "status": status, "reason": reason, "message": message, "observedGeneration": 3,
           "lastTransitionTime": since})
}

/// Ready on the second step.
fn ana() -> Value {
    let ok = |type_| condition(type_, "True", "AsWanted", "", &minutes(45));
    json!({
        "apiVersion": "workshop.platform/v1", "kind": "WorkspaceInstance",
        "metadata": {"name": "ana", "namespace": "monday", "uid": "u1", "generation": 3, "creationTimestamp": minutes(60)},
        "spec": {"templateRef": {"name": "shell-basics"}, "owner": "ana@example.org", "currentStep": "pipes"},
        "status": {
            "phase": "Running", "observedGeneration": 3, "resetCount": 1, "runAs": "NonRoot", "templateRevision": "3",
            "currentStep": {"id": "pipes", "digest": format!("sha256:{}", "a".repeat(64)), "since": minutes(45)},
            "workspaceNamespace": "ws-monday-ana-0a1b2c", "startedAt": minutes(59),
            "history": [{"to": "finding", "resetCount": 0, "at": minutes(59)},
                        {"from": "finding", "to": "pipes", "resetCount": 1, "at": minutes(45)}],
            "conditions": [ok("Ready"), condition("Reconciling", "False", "AsWanted", "", &minutes(45)),
                condition("Stalled", "False", "AsWanted", "", &minutes(45)), ok("TemplateResolved"),
                ok("NamespaceReady"), ok("ImagesAvailable"), ok("StepReady")]
        }
    })
}

/// Sets conditions, by type.
fn set(instance: &mut Value, type_: &str, status: &str, reason: &str, message: &str) {
    let conditions = instance["status"]["conditions"].as_array_mut().unwrap();
    conditions.retain(|one| one["type"] != type_);
    let at = if type_ == "Ready" { 0 } else { conditions.len() };
    conditions.insert(at, condition(type_, status, reason, message, &minutes(12)));
}

/// Not ready because of one rung.
fn held_up(instance: &mut Value, rung: &str, reason: &str, message: &str) {
    set(instance, "Ready", "False", reason, message);
    set(instance, rung, "False", reason, message);
}

fn stalled(instance: &mut Value, reason: &str, message: &str) {
    set(instance, "Stalled", "True", reason, message);
}

fn golden(name: &str, change: impl FnOnce(&mut Value)) {
    let mut instance = ana();
    change(&mut instance);
    let mut cluster = Canned::default();
    cluster.put(&format!("GET {INSTANCES}/ana"), instance);
    cluster.put(TEMPLATE, template());
    compare(&format!("status/{name}"), &cluster.start(), "status ana");
}

#[test]
fn ready() {
    golden("ready", |_| ());
    golden("update-available", |ana| ana["status"]["updateAvailable"] = json!(true));
}

#[test]
fn unseen() {
    golden("unseen", |ana| ana["status"] = Value::Null);
    golden("behind", |ana| {
        ana["metadata"]["generation"] = json!(4);
        ana["spec"]["currentStep"] = json!("scripting");
    });
}

#[test]
fn on_its_way() {
    let moving = |ana: &mut Value| {
        ana["spec"]["currentStep"] = json!("scripting");
        ana["status"]["phase"] = json!("Transitioning");
        ana["status"]["transition"] =
            json!({"from": "pipes", "to": "scripting", "startedAt": minutes(12), "attempt": 1});
        set(ana, "Reconciling", "True", "Swapping", "");
    };
    golden("moving", |ana| {
        moving(ana);
        held_up(ana, "StepReady", "Swapping", "the container of the step is starting");
    });
    golden("pulling", |ana| {
        moving(ana);
        let message = "pulling r.example/shell-basics:scripting; step \"pipes\" stays usable";
        held_up(ana, "ImagesAvailable", "Pulling", message);
    });
}

#[test]
fn the_image_cannot_be_pulled() {
    golden("pull-failed", |ana| {
        ana["spec"]["currentStep"] = json!("scripting");
        let message = "cannot pull r.example/shell-basics:scripting: ErrImagePull: failed to authorize: \
                       401 Unauthorized; step \"pipes\" stays usable";
        held_up(ana, "ImagesAvailable", "ImagePullFailed", message);
        held_up(ana, "StepReady", "ImagePullFailed", message);
        stalled(ana, "ImagePullFailed", message);
    });
}

#[test]
fn past_a_bound() {
    golden("stalled", |ana| {
        let message = "not done after 60 s: no node has taken the workspace yet: 0/3 nodes are available: \
                       3 Insufficient memory.";
        held_up(ana, "StepReady", "DeadlineExceeded", message);
        stalled(ana, "DeadlineExceeded", message);
    });
    golden("unschedulable", |ana| {
        ana["status"]["currentStep"] = Value::Null;
        ana["status"]["history"] = json!([]);
        let message = "no node has taken the workspace yet: 0/3 nodes are available: 3 Insufficient memory.";
        held_up(ana, "StepReady", "Scheduling", message);
    });
    golden("start-failed", |ana| {
        let message = "the container of the step does not start: CrashLoopBackOff: exit code 127";
        held_up(ana, "StepReady", "StartFailed", message);
        stalled(ana, "StartFailed", message);
    });
}

#[test]
fn being_deleted() {
    let deleted = |ana: &mut Value| {
        ana["metadata"]["deletionTimestamp"] = json!(minutes(12));
        ana["metadata"]["finalizers"] = json!(["workshop.platform/workspace"]);
        ana["status"]["phase"] = json!("Terminating");
        set(ana, "Ready", "False", "Terminating", "the workspace is being taken away");
    };
    golden("deleting", deleted);
    golden("deletion-blocked", |ana| {
        deleted(ana);
        let message = "namespace ws-monday-ana-0a1b2c has not gone for 120 s: Some content in the namespace has \
                       finalizers remaining: example.org/backup in 1 resource instances";
        set(ana, "DeletionBlocked", "True", "Terminating", message);
        stalled(ana, "Terminating", message);
    });
}

#[test]
fn a_rule_says_no() {
    golden("template-gone", |ana| {
        held_up(ana, "TemplateResolved", "TemplateNotFound", "there is no template \"shell-basics\"");
        stalled(ana, "TemplateNotFound", "there is no template \"shell-basics\"");
    });
    golden("step-unknown", |ana| {
        ana["spec"]["currentStep"] = json!("pipe");
        let message =
            "template \"shell-basics\" has no step \"pipe\"; its steps are finding, pipes, scripting";
        held_up(ana, "TemplateResolved", "StepNotFound", message);
        stalled(ana, "StepNotFound", message);
    });
    golden("suspended", |ana| {
        ana["spec"]["operatingMode"] = json!("Suspended");
        ana["status"]["phase"] = json!("Suspended");
        held_up(ana, "StepReady", "Suspended", "suspended; set spec.operatingMode to Running to go on");
        set(ana, "Suspended", "True", "Suspended", "");
    });
}

#[test]
fn a_class_in_all_forms() {
    let mut bo = ana();
    bo["metadata"]["name"] = json!("bo");
    bo["spec"]["owner"] = json!("a-very-long-name-of-a-learner@faculty.university.example.org");
    held_up(&mut bo, "ImagesAvailable", "ImagePullFailed", "x");
    let mut cem = ana();
    cem["metadata"]["name"] = json!("cem");
    cem["status"] = Value::Null;
    let mut cluster = Canned::default();
    cluster.list(INSTANCES, vec![ana(), bo, cem]);
    let cluster = cluster.start();
    compare("status/class", &cluster, "status");
    compare("status/class-wide", &cluster, "status -o wide");
    compare("status/class-name", &cluster, "status -o name");
}
