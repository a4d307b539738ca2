//! The largest objects that the schemas admit are stored: their rules stay within the budget of a request,
//! and their size within what etcd takes.

use http::Method;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Value, json};
use testing::Judge;

use crate::largest::largest;
use crate::world::judge;

/// etcd refuses larger requests (`--max-request-bytes`, its default).
const ETCD_LIMIT: usize = 1_572_864;

fn schema_of(kind: &str, part: &str) -> JSONSchemaProps {
    let crd = api::crds::all().into_iter().find(|crd| crd.spec.names.kind == kind).unwrap();
    let schema = crd.spec.versions[0].schema.clone().unwrap().open_api_v3_schema.unwrap();
    schema.properties.unwrap()[part].clone()
}

fn object(kind: &str, metadata: Value, part: &str, value: &Value) -> Value {
    json!({"apiVersion": "workshop.platform/v1", "kind": kind, "metadata": metadata, part: value})
}

/// Bytes as etcd stores them: the API server writes `<` as six.
fn stored_bytes(object: &Value) -> usize {
    let text = object.to_string();
    text.len() + 5 * text.matches(['<', '>', '&']).count()
}

async fn put_status(judge: &Judge, path: &str, object: &Value) {
    let path = format!("{path}/status?fieldManager=operator&force=true&fieldValidation=Strict");
    let answer = judge.ask(Method::PATCH, &path, "application/apply-patch+yaml", object).await;
    assert_eq!((answer.status, answer.message()), (200, ""));
}

async fn stored(judge: &Judge, path: &str) -> usize {
    let answer = judge.read_as(path, "application/json").await;
    assert_eq!(answer.status, 200);
    stored_bytes(&answer.body)
}

/// 2,000 unlock conditions are the most that all steps may have together; four in each of 500 steps take
/// more room than fifty in each of 40.
fn largest_template() -> Value {
    let mut spec = largest(&schema_of("WorkspaceTemplate", "spec"));
    for step in spec["steps"].as_array_mut().unwrap() {
        let after = step["unlock"]["after"].as_array_mut().unwrap();
        assert_eq!(after.len(), 50);
        after.truncate(4);
    }
    assert_eq!(spec["steps"].as_array().map(Vec::len), Some(500));
    spec
}

#[tokio::test]
async fn the_largest_template_is_stored() {
    let judge = judge("largest-template").await;
    let name = "x".repeat(63);
    let metadata = json!({"name": name});
    let spec = largest_template();
    let whole = object("WorkspaceTemplate", metadata.clone(), "spec", &spec);
    judge.accepts_as("plugin", &whole).await;
    // A second owner of every field, as after a hand-over from the plugin to Git.
    judge.accepts_as("git", &whole).await;
    let path = format!("/apis/workshop.platform/v1/workspacetemplates/{name}");
    let status = largest(&schema_of("WorkspaceTemplate", "status"));
    put_status(&judge, &path, &object("WorkspaceTemplate", metadata, "status", &status)).await;
    let bytes = stored(&judge, &path).await;
    println!("largest template: {bytes} bytes of {ETCD_LIMIT}");
    assert!(bytes < ETCD_LIMIT, "{bytes}");
}

#[tokio::test]
async fn the_largest_instance_is_stored() {
    let class = "c".repeat(63);
    let judge = judge(&class).await;
    let metadata = json!({"name": "i".repeat(50), "namespace": class});
    let spec = largest(&schema_of("WorkspaceInstance", "spec"));
    let whole = object("WorkspaceInstance", metadata.clone(), "spec", &spec);
    judge.accepts_as("plugin", &whole).await;
    judge.accepts_as("git", &whole).await;
    let path = format!("/apis/workshop.platform/v1/namespaces/{class}/workspaceinstances/{}", "i".repeat(50));
    let status = largest(&schema_of("WorkspaceInstance", "status"));
    put_status(&judge, &path, &object("WorkspaceInstance", metadata, "status", &status)).await;
    // Both sides of the rules that compare old and new run at full size too.
    judge.accepts_as("git", &whole).await;
    let bytes = stored(&judge, &path).await;
    println!("largest instance: {bytes} bytes of {ETCD_LIMIT}");
    assert!(bytes < ETCD_LIMIT, "{bytes}");
}
