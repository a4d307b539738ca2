//! A played API server: answers by table, and remembers every call.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::{Body, ClientBuilder};
use serde_json::{Value, json};

use crate::metrics::Metrics;

/// One call as it came in.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `POST /api/v1/namespaces`
    pub what: String,
    /// Everything after the question mark.
    pub query: String,
    /// Kind of a patch.
    pub content_type: String,
    /// Body, if any.
    pub body: Value,
}

/// The played server. Without an answer of its own, a call succeeds as plainly as it can: what was
/// sent comes back with a uid and a new resourceVersion, nothing is found, and deletions work.
#[derive(Clone, Debug, Default)]
pub struct Server {
    calls: Arc<Mutex<Vec<Call>>>,
    answers: Arc<Mutex<HashMap<String, (u16, Value)>>>,
}

impl Server {
    /// From now on this call is answered so.
    pub fn answer(&self, what: &str, code: u16, body: Value) {
        self.answers.lock().unwrap().insert(what.to_owned(), (code, body));
    }

    /// From now on this call is refused.
    pub fn refuse(&self, what: &str, code: u16, reason: &str, message: &str) {
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure",
            "code": code, "reason": reason, "message": message});
        self.answer(what, code, status);
    }

    /// Every call so far; they are forgotten then.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// How many calls there were since they were asked for last.
    pub fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// What every call so far was; they are forgotten then.
    pub fn log(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.what).collect()
    }

    /// A client of this server.
    pub fn client(&self) -> Client {
        self.counted(&Metrics::default())
    }

    /// A client of this server, whose requests are counted and traced.
    pub fn counted(&self, metrics: &Metrics) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move { Ok::<_, Infallible>(server.serve(request).await) }
        });
        ClientBuilder::new(service, "default").with_layer(&metrics.requests().layer()).build()
    }

    async fn serve(&self, request: Request<Body>) -> Response<Body> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let what = format!("{} {}", head.method, head.uri.path());
        let header = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        self.calls.lock().unwrap().push(Call {
            what: what.clone(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            content_type: header("content-type").unwrap_or_default(),
            body: body.clone(),
        });
        let answer = self.answers.lock().unwrap().get(&what).cloned();
        let (code, body) = answer.unwrap_or_else(|| plainly(&head.method, head.uri.path(), body));
        Response::builder().status(code).body(Body::from(serde_json::to_vec(&body).unwrap())).unwrap()
    }
}

fn plainly(method: &http::Method, path: &str, mut body: Value) -> (u16, Value) {
    match method.as_str() {
        "GET" => (
            404,
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
            "reason": "NotFound", "message": "not found"}),
        ),
        "DELETE" => (200, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})),
        _ => {
            let kind = if path.contains("/workspaceinstances/") { "WorkspaceInstance" } else { "" };
            if !body.is_object() {
                body = json!({});
            }
            for (field, value) in [("apiVersion", "workshop.platform/v1"), ("kind", kind)] {
                if body.get(field).is_none() {
                    body[field] = json!(value);
                }
            }
            if body.get("spec").is_none() && kind == "WorkspaceInstance" {
                body["spec"] = json!({"templateRef": {"name": "shell"}, "owner": "ana"});
            }
            body["metadata"]["uid"] = json!("made-1");
            let version = body["metadata"]["resourceVersion"].as_str().unwrap_or("0");
            body["metadata"]["resourceVersion"] = json!((version.parse::<u64>().unwrap() + 1).to_string());
            // Some fields of a status cannot be read back alone.
            body.as_object_mut().unwrap().remove("status");
            (201, body)
        }
    }
}
