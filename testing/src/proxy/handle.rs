//! One request, from its arrival to its answer.

use std::future::pending;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;
use tokio::sync::Notify;

use super::act::{Course, Shape, act, kill_if_doomed};
use super::answer::{self, Body, Fault};
use super::identity::Inner;
use super::{Call, When, watch};

/// Serves a request. A reset ends the connection through `cut`.
pub(crate) async fn handle(
    inner: Arc<Inner>,
    cut: Arc<Notify>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Fault> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    // In a task of its own: what was forwarded is done to its end, even if the client is gone.
    let course = tokio::spawn(async move { pass(inner, head, body).await }).await?;
    match course {
        Course::Answer(response) => Ok(response),
        Course::Reset => {
            cut.notify_one();
            pending().await
        }
        Course::On | Course::Never => pending().await,
    }
}

async fn pass(inner: Arc<Inner>, head: Parts, body: Bytes) -> Course {
    let mut call = Call::of(&inner.name, &head, &body);
    let seq = inner.shared.log.begin(&mut call);
    if kill_if_doomed(&inner) {
        return Course::Never;
    }
    if !inner.accepts(&head.headers) {
        inner.shared.log.struck(seq, "token refused".to_owned());
        return Course::Answer(answer::reply(401, &Default::default(), None));
    }
    let mut shape = Shape::default();
    match act(&inner, When::BeforeForward, &call, seq, &mut shape).await {
        Course::On => {}
        other => return other,
    }
    match inner.upstream.0.send(forwarded(head, body)).await {
        Ok(response) if call.verb == "watch" && response.status().is_success() => {
            inner.shared.log.answered(seq, response.status().as_u16(), None);
            Course::Answer(watch::relay(inner.clone(), call, seq, shape, response))
        }
        Ok(response) => finish(&inner, &call, seq, shape, response).await,
        // The API server itself is away: that is what the program sees too.
        Err(_) => Course::Reset,
    }
}

/// The request as the API server gets it: without the credentials of the proxy.
fn forwarded(head: Parts, body: Bytes) -> Request<kube::client::Body> {
    let mut request = Request::from_parts(head, kube::client::Body::from(body.to_vec()));
    for name in [header::AUTHORIZATION, header::HOST, header::CONNECTION, header::CONTENT_LENGTH] {
        request.headers_mut().remove(name);
    }
    request
}

async fn finish(
    inner: &Arc<Inner>,
    call: &Call,
    seq: u64,
    mut shape: Shape,
    response: Response<kube::client::Body>,
) -> Course {
    let (head, body) = response.into_parts();
    let Ok(body) = body.collect_bytes().await else { return Course::Reset };
    let code = head.status.as_u16();
    inner.shared.log.answered(seq, code, resource_version(call, &body));
    if head.status.is_success() {
        match act(inner, When::AfterCommit, call, seq, &mut shape).await {
            Course::On => {}
            other => return other,
        }
    }
    let mut response = Response::from_parts(head, answer::whole(cut_off(body, shape.truncate)));
    strip(response.headers_mut());
    match act(inner, When::AfterReply, call, seq, &mut shape).await {
        Course::On => Course::Answer(response),
        other => other,
    }
}

/// Headers that belong to the one connection.
fn strip(headers: &mut HeaderMap<HeaderValue>) {
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
        headers.remove(name);
    }
}

fn cut_off(body: Bytes, length: Option<usize>) -> Bytes {
    length.map_or_else(|| body.clone(), |length| body.slice(..length.min(body.len())))
}

fn resource_version(call: &Call, body: &[u8]) -> Option<String> {
    // A list of thousands of objects is not read for the one field.
    let is_small = call.verb != "list" || body.len() < 64 * 1024;
    let object: Value = is_small.then(|| serde_json::from_slice(body).ok()).flatten()?;
    object.pointer("/metadata/resourceVersion").and_then(Value::as_str).map(str::to_owned)
}
