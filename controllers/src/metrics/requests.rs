//! Requests to the API server, counted and traced where they leave the client: nothing can be forgotten.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Method, Request, Response};
use kube::client::Body;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tower::{Layer, Service};
use tracing::Instrument;

use super::labels::{Labels, known};

/// Kinds that the operator asks for; another one counts as `Other`.
const RESOURCES: [&str; 16] = [
    "workspaceinstances",
    "workspaceinstances/status",
    "workspacetemplates",
    "workspacetemplates/status",
    "pods",
    "namespaces",
    "nodes",
    "secrets",
    "resourcequotas",
    "limitranges",
    "networkpolicies",
    "serviceaccounts",
    "rolebindings",
    "leases",
    "events",
    "selfsubjectaccessreviews",
];

/// The counts.
#[derive(Clone, Debug, Default)]
pub struct Requests(Family<Labels<3>, Counter>);

impl Requests {
    pub(super) fn family(&self) -> Family<Labels<3>, Counter> {
        self.0.clone()
    }

    /// A layer for the client of the operator.
    #[must_use]
    pub fn layer(&self) -> RequestLayer {
        RequestLayer(self.clone())
    }

    fn count(&self, asked: Asked, result: &'static str) {
        let labels = [("verb", asked.verb), ("resource", asked.resource), ("result", result)];
        self.0.get_or_create(&labels).inc();
    }
}

/// What a request is about, in words from fixed sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    verb: &'static str,
    resource: &'static str,
}

impl Asked {
    fn of<B>(request: &Request<B>) -> Self {
        let mut parts = request.uri().path().split('/').filter(|part| !part.is_empty());
        // api/v1/… or apis/<group>/<version>/…
        let before = if parts.next() == Some("apis") { 2 } else { 1 };
        let mut parts: Vec<_> = parts.skip(before).collect();
        // namespaces/<name>/<resource>/…, but not namespaces/<name> and its subresources.
        if parts.first() == Some(&"namespaces") && parts.len() > 2 && parts.get(2) != Some(&"status") {
            parts.drain(..2);
        }
        let resource = match parts.as_slice() {
            [kind, _, sub, ..] => known(&format!("{kind}/{sub}"), &RESOURCES),
            [kind, ..] => known(kind, &RESOURCES),
            [] => "Other",
        };
        let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
        let verb = match *request.method() {
            Method::GET if is_watch => "watch",
            Method::GET if parts.len() < 2 => "list",
            Method::GET => "get",
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE => "delete",
            _ => "other",
        };
        Self { verb, resource }
    }
}

/// What became of a request.
fn result<B, E>(answer: &Result<Response<B>, E>) -> &'static str {
    match answer.as_ref().map(|response| response.status().as_u16()) {
        Ok(200..=299) => "ok",
        Ok(409) => "conflict",
        Ok(429) => "throttled",
        Ok(500..) => "failed",
        Ok(_) => "refused",
        Err(_) => "unanswered",
    }
}

/// Puts [`Counted`] around a client's service.
#[derive(Clone, Debug)]
pub struct RequestLayer(Requests);

impl<S> Layer<S> for RequestLayer {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Counted<S> {
        Counted { inner, requests: self.0.clone() }
    }
}

/// A service whose requests are counted, each in a span of its own.
#[derive(Clone, Debug)]
pub struct Counted<S> {
    inner: S,
    requests: Requests,
}

impl<S, B> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    B: 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let asked = Asked::of(&request);
        let span = tracing::info_span!(
            "api_request",
            otel.kind = "client",
            otel.name = format!("{} {}", asked.verb, asked.resource),
            verb = asked.verb,
            resource = asked.resource,
            result = tracing::field::Empty
        );
        let (future, requests) = (self.inner.call(request), self.requests.clone());
        let counted = async move {
            let answer = future.await;
            let result = result(&answer);
            tracing::Span::current().record("result", result);
            requests.count(asked, result);
            answer
        };
        Box::pin(counted.instrument(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, uri: &str) -> (&'static str, &'static str) {
        let Asked { verb, resource } =
            Asked::of(&Request::builder().method(method).uri(uri).body(()).unwrap());
        (verb, resource)
    }

    #[test]
    fn a_request_is_named_by_verb_and_resource_and_by_nothing_else() {
        let instance = "/apis/workshop.platform/v1/namespaces/monday/workspaceinstances/ana";
        for (method, uri, wanted) in [
            (Method::PATCH, "/api/v1/namespaces/ws-monday-ana/pods/workspace", ("patch", "pods")),
            (Method::PATCH, &format!("{instance}/status"), ("patch", "workspaceinstances/status")),
            (Method::PATCH, instance, ("patch", "workspaceinstances")),
            (Method::GET, instance, ("get", "workspaceinstances")),
            (Method::POST, "/api/v1/namespaces", ("create", "namespaces")),
            (Method::DELETE, "/api/v1/namespaces/ws-monday-ana?x=y", ("delete", "namespaces")),
            (Method::GET, "/api/v1/namespaces?watch=true&limit=5", ("watch", "namespaces")),
            (Method::GET, "/api/v1/pods?limit=500", ("list", "pods")),
            (Method::GET, "/api/v1/namespaces/workshop-system/pods", ("list", "pods")),
            (Method::POST, "/apis/events.k8s.io/v1/namespaces/monday/events", ("create", "events")),
            (Method::PUT, "/apis/coordination.k8s.io/v1/namespaces/a/leases/b", ("update", "leases")),
            (Method::GET, "/apis/example.org/v1/widgets/ana", ("get", "Other")),
            (Method::GET, "/version", ("list", "Other")),
        ] {
            assert_eq!(asked(method, uri), wanted, "{uri}");
        }
    }
}
