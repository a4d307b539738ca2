//! `cargo xtask chart`: what the tests of the chart need and no packaged tool does without a network.

mod error;
mod policy;
mod same;
mod schemas;

use std::path::PathBuf;

pub use error::ChartError;

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    /// Write the schemas of Kubernetes and of both kinds as files that kubeconform reads.
    Schemas {
        /// `api/openapi-spec/swagger.json` of the module k8s.io/kubernetes.
        #[arg(long)]
        swagger: PathBuf,
        /// Folder to write to.
        #[arg(long)]
        out: PathBuf,
    },
    /// Fail where a rendered installation breaks a rule: rights, pods, network, disruption, images.
    Policy {
        /// Output of `helm template` or `kubectl kustomize`.
        rendered: PathBuf,
    },
    /// Fail unless the chart and the Kustomize configuration install the same objects.
    Same {
        /// Output of `helm template` with the default values.
        #[arg(long)]
        chart: PathBuf,
        /// Output of `kubectl kustomize config/default`.
        #[arg(long)]
        config: PathBuf,
    },
}

/// Runs the task.
///
/// # Errors
/// When a file cannot be read, understood or written, or when chart and configuration differ.
pub fn run(arguments: &Arguments) -> Result<(), ChartError> {
    match &arguments.task {
        Task::Schemas { swagger, out } => schemas::write(swagger, out),
        Task::Policy { rendered } => policy::check(rendered),
        Task::Same { chart, config } => same::compare(chart, config),
    }
}
