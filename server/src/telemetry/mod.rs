//! Logs on standard error, and traces to wherever the environment says.

mod json;
mod traces;

#[cfg(test)]
mod tests;

use thiserror::Error;
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::filter::{EnvFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use traces::Traces;

/// How to log.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Format {
    /// One JSON object per line, for collectors.
    Json,
    /// For people.
    Text,
}

/// Why nothing could be logged or traced.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("--log \"{filter}\": {source} (for example: info,controllers=debug)")]
    Filter {
        /// As it was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging was started before.
    #[error("start logging: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
    /// The environment asks for traces that cannot be sent.
    #[error("traces: {0}")]
    Traces(#[from] traces::TracesError),
}

/// Keeps telemetry going; to be ended at last.
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<Traces>,
}

impl Telemetry {
    /// Sends what is left of the traces.
    pub fn end(self) {
        if let Some(traces) = self.traces {
            traces.end();
        }
    }
}

/// Starts logging, and tracing if the environment asks for it.
///
/// # Errors
/// When the filter or the environment cannot be understood, or logging was started before.
pub fn install(filter: &str, format: Format) -> Result<Telemetry, TelemetryError> {
    let traces = traces::from(|name| std::env::var(name).ok())?;
    let log = log(filter, format, std::io::stderr)?;
    let spans = traces.as_ref().map(spans);
    tracing_subscriber::registry().with(spans).with(log).try_init()?;
    Ok(Telemetry { traces })
}

/// The layer of the log, with its filter.
fn log<S, W>(
    filter: &str,
    format: Format,
    writer: W,
) -> Result<Box<dyn Layer<S> + Send + Sync>, TelemetryError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    let wrong = |source| TelemetryError::Filter { filter: filter.to_owned(), source };
    let mut levels = EnvFilter::try_new(filter).map_err(wrong)?;
    // Below errors it quotes whole answers that it cannot read, and one of them may hold a secret.
    if let Ok(directive) = "kube_client::client=error".parse() {
        levels = levels.add_directive(directive);
    }
    Ok(match format {
        Format::Json => json::Json::new(writer).with_filter(levels).boxed(),
        Format::Text => tracing_subscriber::fmt::layer().with_writer(writer).with_filter(levels).boxed(),
    })
}

/// The layer of the traces: our own spans only, whatever the log leaves out.
fn spans<S>(traces: &Traces) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let ours = Targets::new()
        .with_target("controllers", LevelFilter::INFO)
        .with_target("workshop_server", LevelFilter::INFO);
    tracing_opentelemetry::layer()
        .with_tracer(traces.tracer())
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_filter(ours)
}
