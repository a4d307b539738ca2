//! Answers that the proxy makes up.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::stream;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde_json::json;

/// Whatever ends a body before its time.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;
/// Body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Fault>;

/// A whole body.
pub(crate) fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// An answer with this code; a Kubernetes Status where no body is given.
pub(crate) fn reply(code: u16, headers: &BTreeMap<String, String>, body: Option<&str>) -> Response<Body> {
    let text = body.map_or_else(|| status(code), str::to_owned);
    let mut response = Response::new(whole(Bytes::from(text)));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A Status as the API server words it.
pub(crate) fn status(code: u16) -> String {
    let reason = match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "injected by the fault proxy", "reason": reason, "code": code
    })
    .to_string()
}

/// A JSON object of this size, made while it is sent.
pub(crate) fn huge(mebibytes: u64) -> Response<Body> {
    let begin = stream::iter([Ok(Bytes::from_static(b"{\"kind\":\""))]);
    let piece = Bytes::from(vec![b'x'; 1024 * 1024]);
    let pieces = stream::iter((0..mebibytes).map(move |_| Ok(piece.clone())));
    let end = stream::iter([Ok(Bytes::from_static(b"\"}"))]);
    let frames = futures::StreamExt::chain(futures::StreamExt::chain(begin, pieces), end);
    let frames = futures::TryStreamExt::map_ok(frames, Frame::data);
    let mut response = Response::new(BodyExt::boxed_unsync(StreamBody::new(frames)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
