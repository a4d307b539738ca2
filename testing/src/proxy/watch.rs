//! A watch on its way through the proxy, event by event.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream;
use http::{Response, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::act::{Course, Shape, act};
use super::answer::{self, Body, Fault};
use super::identity::Inner;
use super::{Call, WatchEvent, When};

/// Events on their way; a slow reader slows the API server down.
const QUEUE: usize = 16;

type Sender = mpsc::Sender<Bytes>;

/// The answer that delivers the events of `response`.
pub(crate) fn relay(
    inner: Arc<Inner>,
    call: Call,
    seq: u64,
    shape: Shape,
    response: Response<kube::client::Body>,
) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
        head.headers.remove(name);
    }
    let (sender, receiver) = mpsc::channel(QUEUE);
    tokio::spawn(async move {
        let gone = sender.clone();
        tokio::select! {
            () = deliver(&inner, &call, seq, shape, body, sender) => {}
            // Nobody reads any more.
            () = gone.closed() => {}
        }
    });
    let frames = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|bytes| (Ok::<_, Fault>(Frame::data(bytes)), receiver))
    });
    Response::from_parts(head, BodyExt::boxed_unsync(StreamBody::new(frames)))
}

async fn deliver(
    inner: &Arc<Inner>,
    call: &Call,
    seq: u64,
    shape: Shape,
    body: kube::client::Body,
    sender: Sender,
) {
    tokio::select! {
        biased;
        () = after(shape.silent_after) => pending().await,
        () = after(shape.end_after) => {}
        () = events(inner, call, seq, body, &sender) => {}
    }
}

async fn after(time: Option<Duration>) {
    match time {
        // A timer of no length lets the first event through.
        Some(Duration::ZERO) => {}
        Some(time) => sleep(time).await,
        None => pending().await,
    }
}

async fn events(inner: &Arc<Inner>, call: &Call, seq: u64, mut body: kube::client::Body, sender: &Sender) {
    let mut waiting = BytesMut::new();
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        waiting.extend_from_slice(&data);
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line = waiting.split_to(end.saturating_add(1)).freeze();
            if !event(inner, call, seq, line, sender).await {
                return;
            }
        }
    }
}

/// Delivers one event; whether the watch goes on.
async fn event(inner: &Arc<Inner>, call: &Call, seq: u64, line: Bytes, sender: &Sender) -> bool {
    let event = read(call, seq, inner.shared.log.now(), &line);
    let about = Call { namespace: event.namespace.clone(), name: event.name.clone(), ..call.clone() };
    let mut shape = Shape::default();
    let course = act(inner, When::BeforeEvent, &about, seq, &mut shape).await;
    if shape.gone {
        let line = format!("{{\"type\":\"ERROR\",\"object\":{}}}\n", answer::status(410));
        // A reader that is gone needs no end.
        let _ = sender.send(Bytes::from(line)).await;
        return false;
    }
    match course {
        Course::On => {}
        Course::Never => pending().await,
        Course::Answer(_) | Course::Reset => return false,
    }
    inner.shared.log.event(event);
    sender.send(line).await.is_ok() && shape.end_after.is_none()
}

fn read(call: &Call, watch: u64, millis: u64, line: &[u8]) -> WatchEvent {
    let value: Value = serde_json::from_slice(line).unwrap_or_default();
    let word = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    WatchEvent {
        watch,
        millis,
        kind: word("/type"),
        resource: call.resource.clone(),
        namespace: word("/object/metadata/namespace"),
        name: word("/object/metadata/name"),
        resource_version: word("/object/metadata/resourceVersion"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_what_it_is_about() {
        let line =
            br#"{"type":"ADDED","object":{"metadata":{"namespace":"a","name":"b","resourceVersion":"7"}}}"#;
        let call = Call { resource: "pods".to_owned(), ..Call::default() };
        let event = read(&call, 3, 0, line);
        let found = (event.kind.as_str(), event.namespace.as_str(), event.name.as_str());
        assert_eq!(found, ("ADDED", "a", "b"));
        assert_eq!((event.watch, event.resource_version.as_str()), (3, "7"));
    }
}
