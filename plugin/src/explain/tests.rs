use super::*;
use crate::context::Context;
use crate::error::Error;
use api::v1::WorkspaceInstance;
use http::{Request, Response};
use kube::client::Body;
use kube::{Api, Client};
use serde_json::json;
use std::io;

/// What a person reads when the API server answers with this.
async fn told(code: u16, body: String) -> Error {
    let service = tower::service_fn(move |_: Request<Body>| {
        let answer = Response::builder().status(code).body(Body::from(body.clone().into_bytes()));
        async move { answer }
    });
    let context = Context::of(Client::new(service, "monday"));
    let instances: Api<WorkspaceInstance> = context.in_class();
    context.call("read instance ana", instances.get("ana")).await.unwrap_err()
}

async fn status(code: u16, reason: &str, message: &str, details: serde_json::Value) -> Error {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": message, "details": details});
    told(code, body.to_string()).await
}

fn exit(error: &Error) -> Exit {
    error.report().exit
}

#[tokio::test]
async fn who_may_not_is_told_whom_to_ask() {
    let message = "workspaceinstances.workshop.platform \"ana\" is forbidden: User \"bo\" cannot get resource \
                   \"workspaceinstances\" in API group \"workshop.platform\" in the namespace \"monday\"";
    let error = status(403, "Forbidden", message, json!({"kind": "workspaceinstances", "name": "ana"})).await;
    assert_eq!(exit(&error), Exit::NotAllowed);
    insta::assert_snapshot!(error.report().text(false), @r#"
    error: cannot read instance ana
      where: class monday, cluster https://played
      why:   User "bo" cannot get resource "workspaceinstances" in API group "workshop.platform" in the namespace "monday"
      do:    ask for the role workshop-instructor in this namespace, or choose other credentials with --context or --user
             (see what you may do: kubectl auth can-i --list -n CLASS)
    "#);
}

#[tokio::test]
async fn a_quota_is_not_a_missing_right() {
    let message = "pods \"x\" is forbidden: exceeded quota: class, requested: count=1, used: count=30, limited: count=30";
    let error = status(403, "Forbidden", message, json!({})).await;
    assert!(error.report().todo.contains("ResourceQuota"), "{error:?}");
}

#[tokio::test]
async fn rules_of_the_schema_stand_on_a_line_each() {
    let causes = json!([
        {"reason": "FieldValueInvalid", "field": "spec.owner",
         "message": "Invalid value: \"string\": owner: is immutable; make another instance"},
        {"reason": "FieldValueInvalid", "field": "spec.currentStep",
         "message": "Invalid value: \"A\": spec.currentStep in body should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'"},
        {"reason": "FieldValueRequired", "field": "spec.templateRef", "message": "Required value"},
        {"reason": "FieldValueInvalid", "field": "<nil>", "message": "Invalid value: null: some validation rules were not checked"}
    ]);
    let error =
        status(422, "Invalid", "WorkspaceInstance \"ana\" is invalid", json!({"causes": causes})).await;
    assert_eq!(exit(&error), Exit::Failed);
    insta::assert_snapshot!(error.report().text(false), @r"
    error: cannot read instance ana
      where: class monday, cluster https://played
      why:   owner: is immutable; make another instance
             spec.currentStep: spec.currentStep in body should match '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'
             spec.templateRef: Required value
      do:    correct the values named above
    ");
}

#[tokio::test]
async fn a_cluster_without_the_kinds_is_told_apart_from_a_missing_object() {
    let object = json!({"kind": "workspaceinstances", "name": "ana"});
    let missing =
        status(404, "NotFound", "workspaceinstances.workshop.platform \"ana\" not found", object).await;
    assert_eq!(exit(&missing), Exit::NotFound);
    assert!(missing.report().todo.contains("kubectl workshop status -A"));
    let unknown = told(404, "404 page not found".to_owned()).await;
    assert_eq!(exit(&unknown), Exit::NotFound);
    assert!(unknown.report().why[0].contains("does not know the kinds"), "{unknown:?}");
}

#[tokio::test]
async fn a_conflict_says_that_somebody_was_faster() {
    let message = "Precondition failed: UID in precondition: u1, UID in object meta: u2";
    let error = status(409, "Conflict", message, json!({})).await;
    assert!(error.report().why[0].starts_with("it was changed or made anew meanwhile"));
    let exists = status(409, "AlreadyExists", "workspaceinstances \"ana\" already exists", json!({})).await;
    assert!(exists.report().todo.contains("another name"));
}

#[tokio::test]
async fn expired_credentials_say_to_sign_in_again() {
    let error = status(401, "Unauthorized", "Unauthorized", json!({})).await;
    assert_eq!(exit(&error), Exit::NotAllowed);
    assert!(error.report().why[0].contains("expired"));
    assert!(error.report().todo.contains("sign in again"));
}

#[tokio::test]
async fn a_silent_webhook_points_at_check() {
    let message = "Internal error occurred: failed calling webhook \"x\": connection refused";
    let error = status(500, "InternalError", message, json!({})).await;
    assert!(error.report().todo.contains("check"));
}

#[test]
fn the_network_is_put_in_plain_words() {
    let told = |fault: io::Error| {
        let wrapped = io::Error::other(fault);
        explain(&kube::Error::Service(Box::new(wrapped))).why
    };
    let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
    assert_eq!(told(refused), "the API server cannot be reached: nothing listens there (connection refused)");
    let late = io::Error::from(io::ErrorKind::TimedOut);
    assert_eq!(told(late), "the API server cannot be reached: it did not answer in time");
}

#[test]
fn certificates_are_put_in_plain_words() {
    use rustls::CertificateError as Bad;
    let told = |bad| {
        let fault = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidCertificate(bad));
        explain(&kube::Error::Service(Box::new(fault))).why
    };
    assert_eq!(told(Bad::Expired), "the API server's certificate has expired");
    assert_eq!(
        told(Bad::UnknownIssuer),
        "the API server's certificate is signed by nobody that the kubeconfig trusts"
    );
    assert_eq!(
        told(Bad::NotValidForName),
        "the API server's certificate is for another name than the address in use"
    );
}

#[test]
fn a_missing_context_is_named() {
    let (why, todo) = kubeconfig(&KubeconfigError::LoadContext("staging".to_owned()));
    assert_eq!(why, "there is no context \"staging\"");
    assert!(todo.contains("kubectl config get-contexts"));
}
