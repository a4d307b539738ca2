//! Logs: one line per event on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How to log.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Format {
    /// One JSON object per line, for collectors.
    Json,
    /// For people.
    Text,
}

/// Starts logging.
///
/// # Errors
/// When the filter cannot be read, or logging was started before.
pub fn install(filter: &str, format: Format) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("--log \"{filter}\": {error}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let stderr = std::io::stderr;
    let installed = match format {
        Format::Json => registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(stderr))
            .try_init(),
        Format::Text => registry.with(tracing_subscriber::fmt::layer().with_writer(stderr)).try_init(),
    };
    installed.map_err(|error| format!("logging: {error}"))
}
