//! The two verbs of a test of the API: an object is accepted, or rejected with words that help.

use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// What the API server said to one request.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Warning` headers, without code and agent.
    pub warnings: Vec<String>,
    /// The object, or the Status.
    pub body: Value,
}

impl Answer {
    /// Message of a Status; empty for an object.
    #[must_use]
    pub fn message(&self) -> &str {
        self.body.get("message").and_then(Value::as_str).unwrap_or_default()
    }

    /// The value at a JSON pointer; null where there is none.
    #[must_use]
    pub fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or(&Value::Null)
    }
}

/// Sends objects to a real API server and judges its answers. Panics with the whole answer where a test
/// would fail, so that the reason is read without a second run.
#[derive(Clone)]
pub struct Judge {
    client: Client,
    user: Option<String>,
}

#[allow(clippy::panic, reason = "a judge is the assertion of a test")]
impl Judge {
    /// Judges by this API server.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, user: None }
    }

    /// The same judge, whose requests are those of `user` (impersonation).
    #[must_use]
    pub fn as_user(&self, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..self.clone() }
    }

    /// One request. `path` is that of the API, for example `/api/v1/namespaces`.
    pub async fn ask(&self, method: Method, path: &str, content: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header("content-type", content);
        self.send(path, request.header("accept", "application/json"), body.to_string().into_bytes()).await
    }

    /// Reads `path` in a form, for example as a Table.
    pub async fn read_as(&self, path: &str, accept: &str) -> Answer {
        self.send(path, Request::builder().uri(path).header("accept", accept), Vec::new()).await
    }

    async fn send(&self, path: &str, mut request: http::request::Builder, body: Vec<u8>) -> Answer {
        if let Some(user) = &self.user {
            request = request.header("impersonate-user", user);
        }
        let request = request.body(Body::from(body));
        let request = request.unwrap_or_else(|fault| panic!("{path}: {fault}"));
        let response = self.client.send(request).await.unwrap_or_else(|fault| panic!("{path}: {fault}"));
        let (head, body) = response.into_parts();
        let body = body.collect_bytes().await.unwrap_or_else(|fault| panic!("{path}: {fault}"));
        let warnings = head.headers.get_all("warning").iter();
        Answer {
            status: head.status.as_u16(),
            warnings: warnings.filter_map(|value| value.to_str().ok()).map(warning).collect(),
            body: serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))),
        }
    }

    /// Applies `object` (server-side, as `manager`, unknown fields refused) and requires that it is taken.
    pub async fn accepts_as(&self, manager: &str, object: &Value) -> Answer {
        let answer = self.apply(manager, object).await;
        assert!((200..300).contains(&answer.status), "rejected: {}\n{}", answer.message(), short(object));
        answer
    }

    /// [`Judge::accepts_as`] as `testing`.
    pub async fn accepts(&self, object: &Value) -> Answer {
        self.accepts_as("testing", object).await
    }

    /// Applies `object` and requires that it is refused with a message that holds `fragment`.
    pub async fn rejects(&self, object: &Value, fragment: &str) -> Answer {
        let answer = self.apply("testing", object).await;
        assert!(
            answer.status >= 400,
            "accepted, but should be rejected with \"{fragment}\"\n{}",
            short(object)
        );
        assert!(answer.message().contains(fragment), "rejected without \"{fragment}\": {}", answer.message());
        answer
    }

    async fn apply(&self, manager: &str, object: &Value) -> Answer {
        let path = format!("{}?fieldManager={manager}&force=true&fieldValidation=Strict", path_of(object));
        self.ask(Method::PATCH, &path, "application/apply-patch+yaml", object).await
    }
}

/// Path of an object: its kind in lower case and in plural, below its namespace if it names one.
fn path_of(object: &Value) -> String {
    let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let version = word("/apiVersion");
    let root = if version.contains('/') { "apis" } else { "api" };
    let namespace = match word("/metadata/namespace") {
        "" => String::new(),
        namespace => format!("/namespaces/{namespace}"),
    };
    let kind = word("/kind").to_lowercase();
    let plural = kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"));
    format!("/{root}/{version}{namespace}/{plural}/{}", word("/metadata/name"))
}

/// The text of `299 - "text"`, a quoted string of RFC 9110 (section 5.6.4).
fn warning(header: &str) -> String {
    let quoted = header.split_once(" \"").map_or(header, |(_, quoted)| quoted);
    let text = quoted.strip_suffix('"').unwrap_or(quoted);
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

fn short(object: &Value) -> String {
    object.to_string().chars().take(2000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let object = |version: &str, kind: &str, metadata: Value| json!({"apiVersion": version, "kind": kind, "metadata": metadata});
        let cases = [
            (object("v1", "Namespace", json!({"name": "a"})), "/api/v1/namespaces/a"),
            (
                object("networking.k8s.io/v1", "NetworkPolicy", json!({"name": "a", "namespace": "b"})),
                "/apis/networking.k8s.io/v1/namespaces/b/networkpolicies/a",
            ),
        ];
        for (object, path) in cases {
            assert_eq!(path_of(&object), path);
        }
    }

    #[test]
    fn a_warning_is_read_without_its_frame() {
        assert_eq!(warning("299 - \"unknown field \\\"spec.x\\\"\""), "unknown field \"spec.x\"");
        assert_eq!(warning("299 - \"plain\""), "plain");
    }
}
