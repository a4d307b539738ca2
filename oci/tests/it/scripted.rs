//! A server that answers as a test says and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use oci::{Credentials, Registry, RegistryOptions};

/// One request, as a test looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// `GET /v2/a/manifests/1?x=y`.
    pub line: String,
    /// The header `Authorization`.
    pub authorization: Option<String>,
}

pub struct Scripted {
    pub host: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// Answer with a status and headers.
pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}

impl Scripted {
    /// `script` gets the request and how many came before it.
    pub async fn start(script: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, script) = (seen.clone(), Arc::new(script));
        let service = axum::Router::new().fallback(move |request: Request| {
            let (log, script) = (log.clone(), script.clone());
            async move {
                let authorization = request.headers().get("authorization");
                let authorization = authorization.map(|value| value.to_str().unwrap().to_owned());
                let line = format!("{} {}", request.method(), request.uri());
                // All of a body is taken, as a registry does.
                axum::body::to_bytes(request.into_body(), 1 << 24).await.unwrap();
                let seen = Seen { line, authorization };
                let count = {
                    let mut log = log.lock().unwrap();
                    log.push(seen.clone());
                    log.len() - 1
                };
                script(&seen, count)
            }
        });
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { host, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    pub fn open(&self) -> Registry {
        self.open_with(Credentials::default())
    }

    pub fn open_with(&self, credentials: Credentials) -> Registry {
        let options = RegistryOptions { credentials, ..RegistryOptions::default() };
        Registry::open(&self.host, &options).unwrap()
    }
}
