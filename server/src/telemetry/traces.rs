//! Traces over OTLP, switched on by the standard variables of OpenTelemetry and off without them.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use thiserror::Error;
use tokio::runtime::Runtime;

/// How long the last spans may take at the end of the process.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Time limit of one request where the environment names none (OpenTelemetry, OTLP exporter).
const LIMIT: Duration = Duration::from_secs(10);
/// The one protocol that is compiled in.
const PROTOCOL: &str = "http/protobuf";

/// Why traces cannot be sent.
#[derive(Debug, Error)]
pub enum TracesError {
    /// A variable asks for what this program cannot do.
    #[error("{variable}=\"{value}\" is not known here; use {known}, or unset it")]
    Unknown {
        /// Name of the variable.
        variable: &'static str,
        /// Its value.
        value: String,
        /// What can be done.
        known: &'static str,
    },
    /// No threads to send with.
    #[error("start the sender: {0}")]
    Sender(std::io::Error),
    /// The client cannot be made.
    #[error("make the client: {0}")]
    Client(reqwest::Error),
    /// The exporter refuses its settings.
    #[error("{0}; see the OTEL_EXPORTER_OTLP_ variables")]
    Exporter(opentelemetry_otlp::ExporterBuildError),
}

/// Sends spans until it is ended.
#[derive(Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    sender: Runtime,
}

impl Traces {
    /// For the layer that makes spans.
    pub fn tracer(&self) -> SdkTracer {
        self.provider.tracer("workshop-server")
    }

    /// Sends what is left.
    pub fn end(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_WORDS) {
            tracing::warn!(%error, "the last spans were not sent");
        }
        self.sender.shutdown_background();
    }
}

/// What the environment asks for; nothing is the default.
///
/// # Errors
/// When it asks for what cannot be done.
pub fn from(environment: impl Fn(&str) -> Option<String>) -> Result<Option<Traces>, TracesError> {
    // The specification: an empty variable is one that is not set.
    let get = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    if !is_wanted(&get)? {
        return Ok(None);
    }
    let sender = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("traces")
        .enable_all()
        .build()
        .map_err(TracesError::Sender)?;
    let client = Sender {
        client: reqwest::Client::builder().timeout(limit(&get)).build().map_err(TracesError::Client)?,
        handle: sender.handle().clone(),
        fails: AtomicBool::new(false),
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(endpoint(&get))
        .build()
        .map_err(TracesError::Exporter)?;
    let provider =
        SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource(&get)).build();
    Ok(Some(Traces { provider, sender }))
}

fn is_wanted(get: &impl Fn(&str) -> Option<String>) -> Result<bool, TracesError> {
    if get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(false);
    }
    let unknown = |variable, value, known| Err(TracesError::Unknown { variable, value, known });
    let endpoints = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
    let wanted = match get("OTEL_TRACES_EXPORTER").as_deref() {
        None => endpoints.into_iter().any(|name| get(name).is_some()),
        Some("otlp") => true,
        Some("none") => false,
        Some(other) => return unknown("OTEL_TRACES_EXPORTER", other.to_owned(), "otlp or none"),
    };
    if !wanted {
        return Ok(false);
    }
    for name in ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"] {
        match get(name) {
            Some(value) if value != PROTOCOL => return unknown(name, value, PROTOCOL),
            Some(_) => return Ok(true),
            None => {}
        }
    }
    Ok(true)
}

/// Where to send: the endpoint of traces as it stands, or that of all signals with the path of traces.
fn endpoint(get: &impl Fn(&str) -> Option<String>) -> String {
    get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").unwrap_or_else(|| {
        let base = get("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap_or_else(|| "http://localhost:4318".to_owned());
        format!("{}/v1/traces", base.trim_end_matches('/'))
    })
}

fn limit(get: &impl Fn(&str) -> Option<String>) -> Duration {
    let names = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"];
    let milliseconds = names.into_iter().find_map(get).and_then(|value| value.trim().parse().ok());
    milliseconds.map_or(LIMIT, Duration::from_millis)
}

/// Who sends. The variables of OpenTelemetry are read beside this, and win.
fn resource(get: &impl Fn(&str) -> Option<String>) -> Resource {
    let named = get("OTEL_SERVICE_NAME").is_some()
        || get("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
    let mut resource = Resource::builder();
    if !named {
        resource = resource.with_service_name("workshop-operator");
    }
    let pod = [("POD_NAME", "k8s.pod.name"), ("POD_NAMESPACE", "k8s.namespace.name")];
    let pod = pod.into_iter().filter_map(|(name, key)| Some(KeyValue::new(key, get(name)?)));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    resource.with_attributes(pod.chain([version])).build()
}

/// The HTTP client of the exporter. The exporter has a thread without a runtime; this brings one.
#[derive(Debug)]
struct Sender {
    client: reqwest::Client,
    handle: tokio::runtime::Handle,
    fails: AtomicBool,
}

impl Sender {
    /// Says so when it begins to fail, and when it works again: not for every batch.
    fn tell(&self, outcome: Result<(), String>) {
        let failed = outcome.is_err();
        if self.fails.swap(failed, Ordering::Relaxed) == failed {
            return;
        }
        match outcome {
            Err(error) => tracing::warn!(error, "traces cannot be sent; they are lost until they can"),
            Ok(()) => tracing::info!("traces can be sent again"),
        }
    }
}

impl HttpClient for Sender {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let sent = self.handle.spawn(send(self.client.clone(), request)).await;
            let answer = sent.map_err(HttpError::from).and_then(|sent| sent);
            self.tell(match &answer {
                Ok(answer) if answer.status().is_success() => Ok(()),
                Ok(answer) => Err(format!("the collector answers {}", answer.status())),
                Err(error) => Err(with_causes(error.as_ref())),
            });
            answer
        })
    }
}

async fn send(client: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let response = client.execute(request.try_into()?).await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut answer = Response::new(response.bytes().await?);
    (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
    Ok(answer)
}

/// An error with what led to it: the outermost alone says that sending failed, and no more.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
