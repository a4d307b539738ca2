//! An API server with canned answers: states of a cluster that no test can bring about on a real one.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::{Ended, kubeconfig, run, workshop};

/// A cluster, as what it answers: `GET /path` to a code and a body.
#[derive(Clone, Default)]
pub struct Canned {
    answers: BTreeMap<String, (u16, Value)>,
    /// `verb resource` that the caller may not.
    pub denied: Vec<&'static str>,
}

impl Canned {
    /// Answers with this object.
    pub fn put(&mut self, call: &str, body: Value) {
        self.answers.insert(call.to_owned(), (200, body));
    }

    /// Answers with this list.
    pub fn list(&mut self, path: &str, items: Vec<Value>) {
        self.put(
            &format!("GET {path}"),
            json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}),
        );
    }

    /// Refuses.
    pub fn refuse(&mut self, call: &str, code: u16, reason: &str, message: &str) {
        let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
                          "message": message});
        self.answers.insert(call.to_owned(), (code, body));
    }

    /// What it would answer, to be changed.
    pub fn at(&mut self, call: &str) -> &mut Value {
        &mut self.answers.get_mut(call).unwrap_or_else(|| panic!("no answer to {call}")).1
    }

    fn answer(&self, method: &Method, path: &str, body: &[u8]) -> (u16, Value) {
        let sent: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        if path.ends_with("/selfsubjectaccessreviews") {
            return (201, self.review(sent));
        }
        let call = format!("{method} {path}");
        match self.answers.get(&call) {
            // What is created is stored as it was sent, unless the cluster says otherwise.
            Some((code, Value::Null)) => (*code, named(sent)),
            Some((code, body)) => (*code, body.clone()),
            None => (
                404,
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
                "reason": "NotFound", "message": format!("{path} not found"), "details": {"kind": "x"}}),
            ),
        }
    }

    fn review(&self, mut review: Value) -> Value {
        let asked = &review["spec"]["resourceAttributes"];
        let asked = format!("{} {}", asked["verb"].as_str().unwrap(), asked["resource"].as_str().unwrap());
        review["status"] = json!({"allowed": !self.denied.contains(&asked.as_str())});
        review
    }

    /// Starts it.
    pub fn start(self) -> Running {
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let state = (Arc::new(self), requests.clone());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, Router::new().fallback(serve).with_state(state)).await
        });
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = kubeconfig(folder.path(), &format!("http://{address}"));
        Running {
            address: address.to_string(),
            kubeconfig,
            requests,
            _folder: folder,
            runtime: Some(runtime),
        }
    }
}

impl Running {
    /// The address stays, and nothing answers there.
    pub fn stop(&mut self) {
        self.runtime.take().unwrap().shutdown_timeout(std::time::Duration::from_secs(5));
    }
}

fn named(mut object: Value) -> Value {
    if object["metadata"]["name"].is_null() {
        object["metadata"]["name"] = json!("made");
    }
    object["metadata"]["uid"] = json!("u-made");
    object
}

type Shared = (Arc<Canned>, Arc<Mutex<Vec<String>>>);

async fn serve(
    State((canned, requests)): State<Shared>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> impl IntoResponse {
    requests.lock().unwrap().push(format!("{method} {uri}"));
    let (code, body) = canned.answer(&method, uri.path(), &body);
    (StatusCode::from_u16(code).unwrap(), Json(body))
}

/// A started one; it ends with this value.
pub struct Running {
    pub address: String,
    kubeconfig: String,
    requests: Arc<Mutex<Vec<String>>>,
    _folder: TempDir,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Running {
    /// A call of the program for this cluster.
    pub fn command(&self, line: &str) -> Command {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = workshop(&words);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Runs the program with this line.
    pub fn run(&self, line: &str) -> Ended {
        run(self.command(line))
    }

    /// What was asked, as `METHOD /path?query`.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}
