//! The schema of the log, and what a collector gets.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::Value;
use tokio::sync::mpsc;

use super::*;

/// Lines as they are written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn read(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn layer<S>(&self, filter: &str) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let lines = self.clone();
        log(filter, Format::Json, move || lines.clone()).unwrap()
    }
}

/// What a reconcile of an instance logs, as the operator does it.
fn reconcile() {
    let transition = tracing::error_span!(target: "controllers::traces", parent: None, "transition", instance = "monday/ana", template = "shell", step = "two", from = "one");
    let span = tracing::error_span!(target: "controllers::traces", parent: &transition, "reconcile", instance = %"monday/ana", template = "shell", step = Some("two"));
    let _entered = span.entered();
    let _apply = tracing::info_span!(target: "controllers::instance", "apply").entered();
    let pause = std::time::Duration::from_secs(2);
    tracing::warn!(target: "controllers", error = %"move pod: \"no\"\nat all", retry_in = ?pause, count = 3, "reconcile failed");
}

#[test]
fn every_line_is_an_object_with_stable_keys_and_names_the_instance() {
    let lines = Lines::default();
    // The strictest filter that shows the line: it takes no name away.
    let subscriber = tracing_subscriber::registry().with(lines.layer("warn"));
    tracing::subscriber::with_default(subscriber, || {
        reconcile();
        tracing::warn!(target: "controllers", "alone");
        tracing::info!(target: "controllers", "not asked for");
    });
    let read = lines.read();
    assert_eq!(read.len(), 2);
    let line = read[0].as_object().unwrap();
    let keys: Vec<_> = line.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "timestamp",
            "level",
            "target",
            "message",
            "instance",
            "template",
            "step",
            "error",
            "retry_in",
            "count"
        ]
    );
    line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!((line["level"].as_str(), line["target"].as_str()), (Some("WARN"), Some("controllers")));
    assert_eq!(line["message"], "reconcile failed");
    assert_eq!((line["instance"].as_str(), line["step"].as_str()), (Some("monday/ana"), Some("two")));
    assert_eq!((line["retry_in"].as_str(), line["count"].as_i64()), (Some("2s"), Some(3)));
    assert_eq!(read[1].as_object().unwrap().len(), 4, "{}", read[1]);
}

#[test]
fn answers_that_cannot_be_read_are_not_quoted_whatever_the_filter() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.layer("trace"));
    tracing::subscriber::with_default(subscriber, || {
        tracing::warn!(target: "kube_client::client", "{{\"data\": \"a secret\"");
    });
    assert!(lines.read().is_empty());
}

#[test]
fn a_filter_that_cannot_be_read_is_refused_with_an_example() {
    let refused = log::<tracing_subscriber::Registry, _>("controllers=loud", Format::Text, std::io::stderr);
    let words = refused.err().unwrap().to_string();
    assert!(
        words.contains("--log \"controllers=loud\"") && words.contains("info,controllers=debug"),
        "{words}"
    );
}

#[test]
fn traces_are_off_unless_the_environment_asks_for_them() {
    let wanted = |all: &[(&str, &str)]| {
        let all: HashMap<_, _> =
            all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        traces::from(move |name| all.get(name).cloned()).map(|traces| traces.is_some())
    };
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert!(!wanted(&[]).unwrap());
    assert!(!wanted(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap());
    assert!(wanted(&[endpoint]).unwrap());
    assert!(wanted(&[("OTEL_TRACES_EXPORTER", "otlp")]).unwrap());
    assert!(!wanted(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]).unwrap());
    assert!(!wanted(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]).unwrap());
    let grpc = wanted(&[endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]).unwrap_err().to_string();
    assert!(grpc.contains("\"grpc\" is not known here; use http/protobuf"), "{grpc}");
    assert!(wanted(&[("OTEL_TRACES_EXPORTER", "zipkin")]).is_err());
}

/// A collector that hands over what it gets.
async fn collector() -> (String, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let take = move |headers: HeaderMap, body: Bytes| {
        let _ = sender.send((headers, body));
        async {}
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/v1/traces", post(take));
    tokio::spawn(axum::serve(listener, router).into_future());
    (address, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_reaches_the_collector_and_its_id_the_log() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (address, mut received) = collector().await;
    let lines = Lines::default();
    let endpoint = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| address.clone());
    let traces = traces::from(endpoint).unwrap().unwrap();
    let subscriber = tracing_subscriber::registry().with(spans(&traces)).with(lines.layer("warn"));
    tracing::subscriber::with_default(subscriber, || {
        reconcile();
        tracing::info_span!(target: "kube_runtime", "not ours").in_scope(|| {});
    });
    tokio::task::spawn_blocking(move || traces.end()).await.unwrap();
    let (headers, body) = received.recv().await.unwrap();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let resource = request.resource_spans[0].resource.clone().unwrap();
    assert!(resource.attributes.iter().any(|all| all.key == "service.name"));
    let spans: Vec<Span> = request
        .resource_spans
        .into_iter()
        .flat_map(|all| all.scope_spans)
        .flat_map(|all| all.spans)
        .collect();
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    assert_eq!(spans.len(), 3, "{spans:?}");
    assert_eq!(named("reconcile").parent_span_id, named("transition").span_id);
    assert_eq!(named("apply").parent_span_id, named("reconcile").span_id);
    assert!(spans.iter().all(|span| span.trace_id == spans[0].trace_id));
    let id: String = spans[0].trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(lines.read()[0]["trace_id"], Value::from(id));
}
