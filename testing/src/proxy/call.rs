//! What a request asks for, in the words of the API.

use http::request::Parts;
use http::{Method, header};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One request of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Who asks.
    pub identity: String,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: String,
    /// API group; empty for the core.
    pub group: String,
    /// Plural, with the sub-resource behind a slash: `pods`, `workspaceinstances/status`.
    pub resource: String,
    /// Namespace; empty for what has none.
    pub namespace: String,
    /// Name; of a creation, that in the body.
    pub name: String,
    /// First half of the SHA-256 of the body; empty without one.
    pub body: String,
    /// Whether this watch goes on after one that ended, without a list in between.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resumes: bool,
    /// What a list and the watch after it have in common: path and selectors.
    #[serde(skip)]
    pub collection: String,
}

impl Call {
    /// What these parts of a request ask for.
    #[must_use]
    pub fn of(identity: &str, head: &Parts, body: &[u8]) -> Self {
        let query = head.uri.query().unwrap_or_default();
        let mut call = Self { identity: identity.to_owned(), ..Self::default() };
        call.place(head.uri.path());
        call.verb = verb(&head.method, query, call.name.is_empty()).to_owned();
        call.collection = format!("{}?{}", head.uri.path(), selectors(query));
        if head.headers.contains_key(header::ACCEPT) {
            let accept = head.headers.get(header::ACCEPT).map(|value| value.as_bytes().to_vec());
            call.collection.push_str(&String::from_utf8_lossy(&accept.unwrap_or_default()));
        }
        if !body.is_empty() {
            call.body = hex::encode(Sha256::digest(body)).chars().take(32).collect();
        }
        if call.name.is_empty() && call.verb == "create" {
            let object: Value = serde_json::from_slice(body).unwrap_or_default();
            call.name =
                object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        }
        call
    }

    /// Whether it changes something.
    #[must_use]
    pub fn is_write(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list" | "watch")
    }

    fn place(&mut self, path: &str) {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        if parts.next() == Some("apis") {
            self.group = parts.next().unwrap_or_default().to_owned();
        }
        parts.next();
        let mut rest: Vec<&str> = parts.collect();
        if let ["namespaces", namespace, third, ..] = rest.as_slice()
            && !matches!(*third, "status" | "finalize")
        {
            self.namespace = (*namespace).to_owned();
            rest.drain(..2);
        }
        let mut rest = rest.into_iter();
        self.resource = rest.next().unwrap_or_default().to_owned();
        self.name = rest.next().unwrap_or_default().to_owned();
        if let Some(sub) = rest.next() {
            self.resource = format!("{}/{sub}", self.resource);
        }
    }
}

fn verb(method: &Method, query: &str, collection: bool) -> &'static str {
    let watches = query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1"));
    match method.as_str() {
        "GET" if watches => "watch",
        "GET" if collection => "list",
        "GET" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if collection => "deletecollection",
        "DELETE" => "delete",
        _ => "other",
    }
}

fn selectors(query: &str) -> String {
    let chosen: Vec<&str> = query.split('&').filter(|pair| pair.contains("Selector=")).collect();
    chosen.join("&")
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn call(method: &str, uri: &str, body: &str) -> Call {
        let (head, ()) = Request::builder().method(method).uri(uri).body(()).unwrap().into_parts();
        Call::of("operator", &head, body.as_bytes())
    }

    #[test]
    fn a_request_is_read_as_the_api_server_reads_it() {
        let rows = [
            ("GET", "/api/v1/pods?limit=500", "list", "", "pods", "", ""),
            ("GET", "/api/v1/pods?watch=true&limit=500", "watch", "", "pods", "", ""),
            ("GET", "/api/v1/namespaces/ws", "get", "", "namespaces", "", "ws"),
            ("PATCH", "/api/v1/namespaces/ws/status", "patch", "", "namespaces/status", "", "ws"),
            ("DELETE", "/api/v1/namespaces/ws/pods/workspace", "delete", "", "pods", "ws", "workspace"),
            ("DELETE", "/api/v1/namespaces/ws/pods", "deletecollection", "", "pods", "ws", ""),
            (
                "PATCH",
                "/apis/workshop.platform/v1/namespaces/monday/workspaceinstances/ana/status?fieldManager=x",
                "patch",
                "workshop.platform",
                "workspaceinstances/status",
                "monday",
                "ana",
            ),
            (
                "PUT",
                "/apis/coordination.k8s.io/v1/namespaces/a/leases/b",
                "update",
                "coordination.k8s.io",
                "leases",
                "a",
                "b",
            ),
        ];
        for (method, uri, verb, group, resource, namespace, name) in rows {
            let found = call(method, uri, "");
            assert_eq!(
                (
                    found.verb.as_str(),
                    found.group.as_str(),
                    found.resource.as_str(),
                    found.namespace.as_str(),
                    found.name.as_str()
                ),
                (verb, group, resource, namespace, name),
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn a_creation_is_named_by_its_body() {
        let body = r#"{"metadata":{"name":"workspace"}}"#;
        let found = call("POST", "/api/v1/namespaces/ws/pods", body);
        assert_eq!((found.verb.as_str(), found.name.as_str()), ("create", "workspace"));
        assert_eq!(found.body.len(), 32);
        assert!(found.is_write() && !call("GET", "/api/v1/pods", "").is_write());
    }

    #[test]
    fn a_list_and_its_watch_are_of_one_collection() {
        let list = call("GET", "/api/v1/pods?limit=500&labelSelector=a%3Db", "");
        let watch = call("GET", "/api/v1/pods?watch=true&labelSelector=a%3Db&resourceVersion=7", "");
        let other = call("GET", "/api/v1/pods?watch=true&labelSelector=a%3Dc", "");
        assert_eq!(list.collection, watch.collection);
        assert_ne!(watch.collection, other.collection);
    }
}
