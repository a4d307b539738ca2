//! What the API server does with objects beyond refusing them.

use http::Method;
use serde_json::{Value, json};
use testing::{Answer, Judge};

use crate::objects::{instance, template, with};
use crate::world::judge;

const TEMPLATES: &str = "/apis/workshop.platform/v1/workspacetemplates";

fn instances(class: &str) -> String {
    format!("/apis/workshop.platform/v1/namespaces/{class}/workspaceinstances")
}

async fn merge(judge: &Judge, path: &str, body: Value) -> Answer {
    judge.ask(Method::PATCH, path, "application/merge-patch+json", &body).await
}

#[tokio::test]
async fn defaults_are_written_out() {
    let judge = judge("defaults").await;
    let stored = judge.accepts(&template("defaults")).await;
    assert_eq!(stored.at("/spec/defaults"), &json!({}));
    // Nothing else appears by itself, so what Git declares is what is there.
    let fields: Vec<_> = stored.at("/spec").as_object().unwrap().keys().collect();
    assert_eq!(fields, ["defaults", "steps"]);
    let stored = judge.accepts(&instance("defaults", "ana")).await;
    assert_eq!(stored.at("/spec"), &instance("defaults", "ana")["spec"]);
    let again = judge.accepts(&instance("defaults", "ana")).await;
    assert_eq!(again.at("/metadata/resourceVersion"), stored.at("/metadata/resourceVersion"));
}

#[tokio::test]
async fn null_is_the_same_as_absent() {
    let judge = judge("nulls").await;
    let mut object = instance("nulls", "ana");
    object["spec"]["currentStep"] = Value::Null;
    object["spec"]["resetCount"] = Value::Null;
    object["spec"]["overrides"] = json!({"runAs": null, "lifecycle": {"ttl": null}});
    let answer = judge.ask(Method::POST, &instances("nulls"), "application/json", &object).await;
    assert_eq!((answer.status, answer.message()), (201, ""));
    let expected = with(instance("nulls", "ana"), "/spec/overrides", json!({"lifecycle": {}}));
    assert_eq!(answer.at("/spec"), &expected["spec"]);
}

/// An empty object is a value: a rule without arguments is not lost on any way in.
#[tokio::test]
async fn empty_objects_are_kept() {
    let judge = judge("empty").await;
    let policy = json!([{"path": "runAs", "rule": {"free": {}}}]);
    let object = with(template("empty"), "/spec/overridePolicy", policy.clone());
    assert_eq!(judge.accepts(&object).await.at("/spec/overridePolicy"), &policy, "applied");
    let again = judge.accepts_as("second", &object).await;
    assert_eq!(again.at("/spec/overridePolicy"), &policy, "applied by another");
    let object = with(object, "/metadata/name", json!("empty-posted"));
    let answer = judge.ask(Method::POST, TEMPLATES, "application/json", &object).await;
    assert_eq!(answer.at("/spec/overridePolicy"), &policy, "posted");
}

/// Server-side apply makes `null` of an object that loses its last field. It has to be taken, and to read
/// as "nothing set".
#[tokio::test]
async fn whatever_was_set_can_be_emptied() {
    let judge = judge("emptied").await;
    let of_instance = [
        ("/spec/overrides", json!({"runAs": "Root"}), json!({})),
        ("/spec/overrides/lifecycle", json!({"ttl": "1h"}), json!({})),
        ("/spec/overrides/lifecycle/idleSuspend", json!({"after": "1h"}), json!({})),
        ("/spec/overrides/resources", json!({"cpu": "1"}), json!({})),
        ("/spec/members", json!([{"name": "bo"}]), json!([])),
    ];
    for (position, (pointer, full, empty)) in of_instance.into_iter().enumerate() {
        let object = instance("emptied", &format!("i{position}"));
        judge.accepts(&with(object.clone(), pointer, full)).await;
        let stored = judge.accepts(&with(object, pointer, empty)).await;
        let read: api::v1::WorkspaceInstance = serde_json::from_value(stored.body).unwrap();
        let set = read.spec.overrides.unwrap_or_default();
        assert_eq!((set.run_as, read.spec.members.len()), (None, 0), "{pointer}");
        assert_eq!(set.lifecycle.and_then(|lifecycle| lifecycle.ttl), None, "{pointer}");
    }
    let of_template = [
        ("/spec/defaults", json!({"runAs": "Root"}), json!({})),
        ("/spec/defaults/cluster", json!({"mode": "none"}), json!({})),
        ("/spec/network", json!({"egress": [{"cidr": "10.0.0.0/8"}]}), json!({})),
        ("/spec/network/egress", json!([{"cidr": "10.0.0.0/8"}]), json!([])),
        ("/spec/overridePolicy", json!([{"path": "runAs", "rule": {"free": {}}}]), json!([])),
        ("/spec/imagePullSecrets", json!([{"name": "x"}]), json!([])),
        ("/spec/extraQuota", json!({"pods": "4"}), json!({})),
        ("/spec/allowedClasses", json!({"matchLabels": {"a": "b"}}), json!({})),
        ("/spec/allowedClasses/matchLabels", json!({"a": "b"}), json!({})),
        ("/spec/steps/0/unlock/after", json!(["x"]), json!([])),
    ];
    for (position, (pointer, full, empty)) in of_template.into_iter().enumerate() {
        let object = template(&format!("emptied-{position}"));
        judge.accepts(&with(object.clone(), pointer, full)).await;
        let stored = judge.accepts(&with(object, pointer, empty)).await;
        let read: api::v1::WorkspaceTemplate = serde_json::from_value(stored.body).unwrap();
        assert!(read.spec.override_policy.is_empty() && read.spec.extra_quota.is_empty(), "{pointer}");
        assert!(read.spec.network.unwrap_or_default().egress.is_empty(), "{pointer}");
    }
}

#[tokio::test]
async fn unknown_fields_are_dropped_with_a_warning_or_refused() {
    let judge = judge("unknown").await;
    let object = with(instance("unknown", "ana"), "/spec/overrides/lifecycle/tll", json!("4h"));
    judge.rejects(&object, "field not declared in schema").await;

    let strict = format!("{}?fieldValidation=Strict", instances("unknown"));
    let answer = judge.ask(Method::POST, &strict, "application/json", &object).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.message().contains("unknown field \"spec.overrides.lifecycle.tll\""),
        "{}",
        answer.message()
    );

    let answer = judge.ask(Method::POST, &instances("unknown"), "application/json", &object).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.warnings, ["unknown field \"spec.overrides.lifecycle.tll\""]);
    assert_eq!(answer.at("/spec/overrides/lifecycle"), &json!({}));
}

#[tokio::test]
async fn spec_and_status_are_written_apart() {
    let judge = judge("status").await;
    judge.accepts(&instance("status", "ana")).await;
    let path = format!("{}/ana", instances("status"));

    let answer = merge(&judge, &path, json!({"status": {"phase": "Running"}})).await;
    assert_eq!((answer.status, answer.at("/status")), (200, &Value::Null));

    let both = json!({"spec": {"currentStep": "deploy"}, "status": {"phase": "Running"}});
    let answer = merge(&judge, &format!("{path}/status"), both).await;
    assert_eq!(answer.at("/status/phase"), &json!("Running"));
    assert_eq!(answer.at("/spec/currentStep"), &Value::Null);
    assert_eq!(answer.at("/metadata/generation"), &json!(1), "a status write is no change of the spec");

    let answer = merge(&judge, &path, json!({"spec": {"currentStep": "deploy"}})).await;
    assert_eq!(answer.at("/metadata/generation"), &json!(2));
    assert_eq!(answer.at("/status/phase"), &json!("Running"));
}

#[tokio::test]
async fn a_write_from_an_old_sight_is_refused() {
    let judge = judge("fence").await;
    let seen = judge.accepts(&instance("fence", "ana")).await;
    judge.accepts(&with(instance("fence", "ana"), "/spec/currentStep", json!("deploy"))).await;
    let body = json!({
        "metadata": {"resourceVersion": seen.at("/metadata/resourceVersion")},
        "status": {"phase": "Running"}
    });
    let answer = merge(&judge, &format!("{}/ana/status", instances("fence")), body).await;
    assert_eq!(answer.status, 409);
}

#[tokio::test]
async fn conditions_are_a_map_by_type() {
    let judge = judge("conditions").await;
    judge.accepts(&template("conditions")).await;
    let path = format!("{TEMPLATES}/conditions/status");
    let condition = |type_: &str, status: &str| {
        json!({
            "type": type_, "status": status, "reason": "AsWanted", "message": "",
            "lastTransitionTime": "2026-01-02T03:04:05Z"
        })
    };
    let status = |conditions: Value| json!({"status": {"conditions": conditions}});

    let twice = json!([condition("Ready", "True"), condition("Ready", "False")]);
    let answer = merge(&judge, &path, status(twice)).await;
    assert!(answer.message().contains("Duplicate value"), "{}", answer.message());
    for bad in [condition("Ready", "Yes"), with(condition("Ready", "True"), "/reason", json!("not a word"))] {
        let answer = merge(&judge, &path, status(json!([bad]))).await;
        assert_eq!(answer.status, 422, "{}", answer.message());
    }

    // Two managers own a condition each: neither write takes the other's away.
    for (manager, type_) in [("one", "Ready"), ("two", "Valid")] {
        let object = json!({
            "apiVersion": "workshop.platform/v1", "kind": "WorkspaceTemplate",
            "metadata": {"name": "conditions"}, "status": {"conditions": [condition(type_, "True")]}
        });
        let path = format!("{path}?fieldManager={manager}");
        let answer = judge.ask(Method::PATCH, &path, "application/apply-patch+yaml", &object).await;
        assert_eq!(answer.status, 200, "{}", answer.message());
    }
    let stored = judge.read_as(&path, "application/json").await;
    let types: Vec<_> =
        stored.at("/status/conditions").as_array().unwrap().iter().map(|it| &it["type"]).collect();
    assert_eq!(types, ["Ready", "Valid"]);
}

/// One field, one manager (D9): whoever moves the learner does not give up the reset, and Git, which
/// declares neither, takes neither away.
#[tokio::test]
async fn fields_of_action_have_owners_of_their_own() {
    let judge = judge("owners-of-fields").await;
    let class = "owners-of-fields";
    let partial = |pointer: &str, value: Value| {
        let object = json!({
            "apiVersion": "workshop.platform/v1", "kind": "WorkspaceInstance",
            "metadata": {"name": "ana", "namespace": class}, "spec": {}
        });
        with(object, pointer, value)
    };
    judge.accepts_as("git", &instance(class, "ana")).await;
    judge.accepts_as(api::names::field_manager::STEP, &partial("/spec/currentStep", json!("deploy"))).await;
    judge.accepts_as(api::names::field_manager::RESET, &partial("/spec/resetCount", json!(1))).await;
    judge.accepts_as(api::names::field_manager::STEP, &partial("/spec/currentStep", json!("intro"))).await;
    let stored = judge.accepts_as("git", &instance(class, "ana")).await;
    assert_eq!(stored.at("/spec/currentStep"), &json!("intro"));
    assert_eq!(stored.at("/spec/resetCount"), &json!(1));
}

async fn table(judge: &Judge, path: &str) -> (Vec<String>, Vec<Value>) {
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let answer = judge.read_as(path, accept).await;
    let columns = answer.at("/columnDefinitions").as_array().unwrap();
    let shown = |column: &&Value| column["priority"] == json!(0);
    let names =
        columns.iter().filter(shown).map(|column| column["name"].as_str().unwrap().to_owned()).collect();
    (names, answer.at("/rows/0/cells").as_array().unwrap().clone())
}

#[tokio::test]
async fn columns_say_what_people_ask() {
    let judge = judge("columns").await;
    judge.accepts(&instance("columns", "ana")).await;
    let status = json!({"status": {
        "currentStep": {"id": "deploy", "digest": "sha256:x", "since": "2026-01-02T03:04:05Z"},
        "expiresAt": "2100-01-02T03:04:05Z",
        "conditions": [{"type": "Ready", "status": "True", "reason": "AsWanted", "message": "",
            "lastTransitionTime": "2026-01-02T03:04:05Z"}]
    }});
    let path = instances("columns");
    assert_eq!(merge(&judge, &format!("{path}/ana/status"), status).await.status, 200);
    let (names, cells) = table(&judge, &path).await;
    assert_eq!(names, ["Name", "Template", "User", "Step", "Ready", "Reason", "Expires", "Age"]);
    let expected = ["ana", "kubernetes-101", "ana", "deploy", "True", "AsWanted", "2100-01-02T03:04:05Z"];
    assert_eq!(cells[..7], expected.map(Value::from));

    judge.accepts(&template("columns")).await;
    let status = json!({"status": {"steps": 2, "instances": 1, "revision": "abc"}});
    assert_eq!(merge(&judge, &format!("{TEMPLATES}/columns/status"), status).await.status, 200);
    let (names, cells) = table(&judge, &format!("{TEMPLATES}?fieldSelector=metadata.name=columns")).await;
    assert_eq!(names, ["Name", "Steps", "Ready", "Instances", "Revision", "Age"]);
    assert_eq!(cells[..5], [json!("columns"), json!(2), Value::Null, json!(1), json!("abc")]);
}

#[tokio::test]
async fn instances_are_selected_by_template_owner_and_phase() {
    let judge = judge("selected").await;
    judge.accepts(&instance("selected", "ana")).await;
    let other = with(instance("selected", "bo"), "/spec/owner", json!("bo"));
    judge.accepts(&other).await;
    let path = instances("selected");
    assert_eq!(
        merge(&judge, &format!("{path}/bo/status"), json!({"status": {"phase": "Running"}})).await.status,
        200
    );
    let cases =
        [("spec.templateRef.name=kubernetes-101", 2), ("spec.owner=bo", 1), ("status.phase=Running", 1)];
    for (selector, count) in cases {
        let found = judge.read_as(&format!("{path}?fieldSelector={selector}"), "application/json").await;
        assert_eq!(
            found.at("/items").as_array().map(Vec::len),
            Some(count),
            "{selector}: {}",
            found.message()
        );
    }
}
