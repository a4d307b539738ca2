//! Whole reconciles: a workspace is made.

use api::names;
use kube::runtime::controller::Action;
use serde_json::{Value, json};

use super::fixture::{Fixture, image};
use super::stores::Play;
use crate::error::{Class, Error};
use crate::stores::Seals;

const INSTANCE: &str = "/apis/workshop.platform/v1/namespaces/monday/workspaceinstances/ana";

/// Nothing stands but the instance.
fn nothing() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.namespace = None;
    fixture.seals = Some(Seals::default());
    fixture.instance["metadata"]["finalizers"] = json!([]);
    fixture
}

fn ready(status: &Value) -> (&str, &str) {
    let conditions = status["conditions"].as_array().unwrap();
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready").unwrap();
    (ready["reason"].as_str().unwrap(), ready["message"].as_str().unwrap())
}

#[tokio::test]
async fn everything_is_made_in_the_order_in_which_it_protects() {
    let fixture = nothing();
    let ns = fixture.owner().namespace;
    let play = Play::of(&fixture);
    play.reconcile().await.unwrap();
    let calls = play.server.calls();
    let what: Vec<_> = calls.iter().map(|call| call.what.as_str()).collect();
    assert_eq!(
        what,
        [
            format!("PATCH {INSTANCE}"),
            "POST /api/v1/namespaces".to_owned(),
            format!(
                "PATCH /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings/workshop-operator"
            ),
            format!("PATCH /apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings/workspace"),
            format!("PATCH /api/v1/namespaces/{ns}/resourcequotas/workspace"),
            format!("PATCH /api/v1/namespaces/{ns}/limitranges/workspace"),
            format!("PATCH /apis/networking.k8s.io/v1/namespaces/{ns}/networkpolicies/workspace"),
            format!("PATCH /api/v1/namespaces/{ns}/serviceaccounts/workspace"),
            format!("POST /api/v1/namespaces/{ns}/pods"),
            format!("PATCH {INSTANCE}/status"),
        ]
    );
    assert_eq!(
        calls[0].body,
        json!({"metadata": {"finalizers": [names::FINALIZER], "resourceVersion": "100"}})
    );
    assert_eq!(calls[0].content_type, "application/merge-patch+json");
    let labels = &calls[1].body["metadata"]["labels"];
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
    assert_eq!(labels["pod-security.kubernetes.io/warn"], "restricted");
    for child in &calls[2..8] {
        assert_eq!(child.content_type, "application/apply-patch+yaml");
        assert_eq!(child.query, "&force=true&fieldManager=workshop-operator");
        assert_eq!(child.body["metadata"]["labels"][names::INSTANCE_UID_LABEL], "ana-1");
        assert!(child.body["metadata"]["annotations"][names::APPLIED_ANNOTATION].is_string());
    }
    let pod = &calls[8].body;
    assert_eq!(
        pod["metadata"]["ownerReferences"],
        json!([{"apiVersion": "v1", "kind": "Namespace", "name": ns, "uid": "made-1", "controller": true}])
    );
    assert_eq!(pod["spec"]["containers"][0]["image"], image("g1", 1));
    let report = &calls[9].body;
    assert_eq!(report["metadata"]["resourceVersion"], "101", "the version that the finalizer made");
    assert_eq!(report["status"]["phase"], "Provisioning");
    assert_eq!(ready(&report["status"]).0, "Progressing");
}

#[tokio::test]
async fn until_the_watch_shows_its_own_writes_nothing_is_decided_anew() {
    let play = Play::of(&nothing());
    play.reconcile().await.unwrap();
    play.server.calls();
    let again = play.reconcile().await.unwrap();
    assert_eq!(again, Action::requeue(std::time::Duration::from_millis(100)));
    assert!(play.server.log().is_empty());
}

#[tokio::test]
async fn a_name_that_is_taken_is_looked_at_live() {
    let fixture = nothing();
    let ns = fixture.owner().namespace;
    let meta = |labels: Value, deleting: Value| {
        json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata":
            {"name": ns, "uid": "ns-9", "labels": labels, "deletionTimestamp": deleting}})
    };
    let ours = json!({names::INSTANCE_UID_LABEL: "ana-1"});
    let former = json!({names::MANAGED_BY_LABEL: names::OPERATOR, names::INSTANCE_UID_LABEL: "ana-0"});
    let time = json!("2026-01-01T00:00:00Z");
    for (found, reason, makes_pod) in [
        (meta(json!({}), Value::Null), "NamespaceTaken", false),
        (meta(former.clone(), Value::Null), "NamespaceTaken", false),
        (meta(former, time), "NamespaceTerminating", false),
        (meta(ours, Value::Null), "Progressing", true),
    ] {
        let play = Play::of(&nothing());
        play.server.refuse("POST /api/v1/namespaces", 409, "AlreadyExists", "exists");
        play.server.answer(&format!("GET /api/v1/namespaces/{ns}"), 200, found.clone());
        play.reconcile().await.unwrap();
        let calls = play.server.calls();
        let pod = calls.iter().find(|call| call.what.ends_with("/pods"));
        assert_eq!(pod.is_some(), makes_pod, "{found}");
        if let Some(pod) = pod {
            assert_eq!(pod.body["metadata"]["ownerReferences"][0]["uid"], "ns-9");
        }
        assert_eq!(ready(&calls.last().unwrap().body["status"]).0, reason, "{found}");
    }
}

#[tokio::test]
async fn a_write_that_is_refused_for_good_is_told() {
    let fixture = Fixture::new();
    let play = Play::of(&fixture);
    let pods = format!("POST /api/v1/namespaces/{}/pods", fixture.owner().namespace);
    play.server.refuse(&pods, 403, "Forbidden", "pods \"workspace\" is forbidden: exceeded quota: team");
    let error = play.reconcile().await.unwrap_err();
    assert_eq!(error.class(), Class::Lasting);
    let calls = play.server.calls();
    let status = &calls.last().unwrap().body["status"];
    assert_eq!(status["phase"], "Failed");
    let (reason, message) = ready(status);
    assert_eq!(reason, "WriteRefused");
    assert!(message.contains("exceeded quota: team (403)"), "{message}");
}

#[tokio::test]
async fn what_passes_is_no_failure_and_is_told_once_it_lasts() {
    let mut fixture = Fixture::new();
    let pods = format!("POST /api/v1/namespaces/{}/pods", fixture.owner().namespace);
    for (code, reason, words, class) in [
        (403, "Forbidden", "status unknown for quota: workspace", Class::Stale),
        (403, "Forbidden", "exceeded quota: workspace, requested: pods=1", Class::Stale),
        (500, "InternalError", "failed calling webhook", Class::Transient),
    ] {
        let play = Play::of(&fixture);
        play.server.refuse(&pods, code, reason, words);
        assert_eq!(play.reconcile().await.unwrap_err().class(), class);
        let calls = play.server.calls();
        assert_eq!(calls[0].what, pods);
        let status = &calls[1].body["status"];
        assert_eq!((status["phase"].as_str(), ready(status).0), (Some("Provisioning"), "Progressing"));
        assert!(ready(status).1.contains(words), "{}", ready(status).1);
    }
    fixture = fixture.proven("one", 1);
    let play = Play::of(&fixture);
    play.server.refuse(&pods, 500, "InternalError", "failed calling webhook");
    assert!(play.reconcile().await.is_err());
    assert_eq!(play.server.log(), [pods], "nothing is said of what may pass within two seconds");
}

#[tokio::test]
async fn pull_secrets_come_before_the_pod_and_one_that_is_missing_is_named() {
    let fixture = Fixture::new().template("imagePullSecrets", json!([{"name": "team"}]));
    let ns = fixture.owner().namespace;
    let source = "GET /api/v1/namespaces/workshop-system/secrets/team";
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "team", "uid": "s-1", "resourceVersion": "7"}, "data": {".dockerconfigjson": "e30="}});
    let play = Play::of(&fixture);
    play.server.answer(source, 200, secret);
    play.reconcile().await.unwrap();
    let calls = play.server.calls();
    assert_eq!(calls[0].what, source);
    assert_eq!(calls[1].what, format!("PATCH /api/v1/namespaces/{ns}/secrets/team"));
    assert_eq!(calls[1].body["data"], json!({".dockerconfigjson": "e30="}));
    assert!(calls[1].body["metadata"].get("uid").is_none());
    assert_eq!(calls[2].what, format!("POST /api/v1/namespaces/{ns}/pods"));

    let play = Play::of(&fixture);
    let error = play.reconcile().await.unwrap_err();
    assert!(matches!(error, Error::NoPullSecret { .. }));
    let calls = play.server.calls();
    assert!(ready(&calls.last().unwrap().body["status"]).1.contains("there is no secret \"team\""));
}

#[tokio::test]
async fn root_without_the_user_namespace_that_was_asked_for_is_taken_away() {
    let mut fixture = Fixture::new().template("defaults", json!({"runAs": "Root"}));
    fixture.namespace.as_mut().unwrap().level = Some("restricted".to_owned());
    let ns = fixture.owner().namespace;
    let play = Play::of(&fixture);
    let pods = format!("POST /api/v1/namespaces/{ns}/pods");
    let stored = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "workspace", "namespace": ns, "uid": "pod-9"}, "spec": {"containers": []}});
    play.server.answer(&pods, 201, stored);
    assert!(matches!(play.reconcile().await.unwrap_err(), Error::NoUserNamespaces));
    let calls = play.server.calls();
    assert_eq!(calls[0].what, format!("PATCH /api/v1/namespaces/{ns}"), "the level before the pod");
    assert_eq!(
        calls[0].body,
        json!({"metadata": {"uid": "ns-1", "labels": {
            "pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/warn": "baseline"}}})
    );
    assert_eq!((calls[1].what.as_str(), &calls[1].body["spec"]["hostUsers"]), (pods.as_str(), &json!(false)));
    assert_eq!(calls[2].what, format!("DELETE /api/v1/namespaces/{ns}/pods/workspace"));
    assert_eq!(calls[2].body["preconditions"]["uid"], "pod-9");
}
