//! `workshop-server operator`: configuration from flags, then the controllers until SIGTERM.

use std::net::SocketAddr;
use std::sync::Arc;

use api::quantity;
use api::v1::Resources;
use controllers::config::{Bounds, built_in_settings};
use controllers::{Config, Metrics, Operator};
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

use crate::pages;

/// Flags of the operator.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Image that holds the agent, best by digest: registry/workshop/agent@sha256:…
    #[arg(long, env = "WORKSHOP_AGENT_IMAGE")]
    agent_image: String,
    /// Namespace of the operator: pull pods run here, pull secrets lie here.
    #[arg(long, env = "POD_NAMESPACE")]
    namespace: String,
    /// ServiceAccount of the operator, which it binds in every workspace namespace.
    #[arg(long, env = "POD_SERVICE_ACCOUNT", default_value = api::names::OPERATOR)]
    service_account: String,
    /// Let templates run as root of the node (D49). Learners who break out are root there.
    #[arg(long, env = "WORKSHOP_ALLOW_ROOT_WITHOUT_USER_NAMESPACE")]
    allow_root_without_user_namespace: bool,
    /// CPU limit of a workspace where neither template nor instance says one.
    #[arg(long, default_value = "1", value_parser = read_quantity)]
    default_cpu: String,
    /// Memory limit of a workspace where neither template nor instance says one.
    #[arg(long, default_value = "1Gi", value_parser = read_quantity)]
    default_memory: String,
    /// Most reconciles at the same time.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Address of /metrics.
    #[arg(long, default_value = "[::]:8080")]
    metrics_address: SocketAddr,
    /// Address of /healthz and /readyz.
    #[arg(long, default_value = "[::]:8081")]
    health_address: SocketAddr,
}

/// Why the operator could not run.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// No runtime for its tasks.
    #[error("start the runtime: {0}")]
    Runtime(std::io::Error),
    /// No way to the API server.
    #[error(
        "read the cluster's configuration: {0} (in a pod it comes from the ServiceAccount, elsewhere from KUBECONFIG)"
    )]
    Client(Box<kube::Error>),
    /// The pages cannot be served.
    #[error("listen on {address}: {source}")]
    Listen {
        /// Address of the pages.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The pages ended.
    #[error("serve health and metrics: {0}")]
    Serve(std::io::Error),
    /// SIGTERM cannot be heard.
    #[error("listen for SIGTERM: {0}")]
    Signal(std::io::Error),
}

fn read_quantity(text: &str) -> Result<String, quantity::QuantityError> {
    quantity::parse(text).map(|_| text.to_owned())
}

/// Runs the operator until SIGTERM or SIGINT.
///
/// # Errors
/// When it cannot start.
pub fn run(arguments: Arguments) -> Result<(), OperatorError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(OperatorError::Runtime)?;
    runtime.block_on(operate(arguments))
}

async fn operate(arguments: Arguments) -> Result<(), OperatorError> {
    let metrics = Metrics::default();
    let client = client(&metrics).await.map_err(|error| OperatorError::Client(Box::new(error)))?;
    let mut defaults = built_in_settings();
    defaults.resources =
        Some(Resources { cpu: Some(arguments.default_cpu), memory: Some(arguments.default_memory) });
    let config = Config {
        namespace: arguments.namespace,
        service_account: arguments.service_account,
        agent_image: arguments.agent_image,
        defaults,
        allow_root_without_user_namespace: arguments.allow_root_without_user_namespace,
        concurrency: arguments.concurrency,
        bounds: Bounds::default(),
    };
    tracing::info!(namespace = config.namespace, agent = config.agent_image, "the operator starts");
    let operator = Operator::new(client, config, metrics);
    let context = operator.context();
    let metrics = listen(arguments.metrics_address).await?;
    let health = listen(arguments.health_address).await?;
    let ready = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut terminate = signal(SignalKind::terminate()).map_err(OperatorError::Signal)?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("asked to end; reconciles that began come to their end");
    };
    let flag = ready.clone();
    let watch_ready = {
        let context = context.clone();
        async move {
            context.stores.ready().await;
            flag.store(true, std::sync::atomic::Ordering::Relaxed);
            tracing::info!("every watch has shown its objects");
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = operator.run(stop) => Ok(()),
        () = watch_ready => Ok(()),
        served = axum::serve(metrics, pages::metrics(context)).into_future() => served.map_err(OperatorError::Serve),
        served = axum::serve(health, pages::health(ready)).into_future() => served.map_err(OperatorError::Serve),
    }
}

/// A client whose requests are counted and traced.
async fn client(metrics: &Metrics) -> Result<kube::Client, kube::Error> {
    let config = kube::Config::infer().await.map_err(kube::Error::InferConfig)?;
    let builder = kube::client::ClientBuilder::try_from(config)?;
    Ok(builder.with_layer(&metrics.requests().layer()).build())
}

async fn listen(address: SocketAddr) -> Result<tokio::net::TcpListener, OperatorError> {
    tokio::net::TcpListener::bind(address).await.map_err(|source| OperatorError::Listen { address, source })
}
