//! How fast a step change is: ours, the bare pod patch below it, and two ways of a Deployment, on the
//! same node, with the same pod, in turns. docs/bench/README.md tells the method.

mod arm;
mod audit;
mod error;
mod flips;
mod goals;
mod images;
mod report;
mod run;
mod sight;
mod stage;
mod stats;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::error::BenchError;

/// Compares step changes on a cluster where the product is installed.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Registry that this machine and the node reach under one name.
    #[arg(long, default_value = "198.18.0.1:15000")]
    registry: String,
    /// The API server's audit log, for the count of writes.
    #[arg(long, default_value = "/var/lib/workshop-platform/cluster/log/audit.log")]
    audit_log: PathBuf,
    /// Changes per arm, one at a time.
    #[arg(long, default_value_t = 40)]
    count: usize,
    /// Workspaces that move at the same moment in the second part; 0 leaves it out.
    #[arg(long, default_value_t = 20)]
    together: usize,
    /// Rounds of the second part.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Random moves and resets of one workspace in the third part; 0 leaves it out.
    #[arg(long, default_value_t = 200)]
    flips: usize,
    /// Folder of the two reports, transition.md and transition.json.
    #[arg(long)]
    output: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("another TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(BenchError::Runtime)
        .and_then(|runtime| runtime.block_on(bench(&arguments)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(arguments: &Arguments) -> Result<(), BenchError> {
    let client = kube::Client::try_default().await?;
    eprintln!("pushing step images to {}", arguments.registry);
    let steps = images::push(&arguments.registry).await?;
    let sight = sight::Sight::open(&client);
    stage::clear(&client).await?;
    let result = run::all(&client, &sight, &steps, arguments).await;
    // What was set up goes in any case; the first error is the one to tell.
    let cleared = stage::clear(&client).await;
    let measured = result?;
    cleared?;
    let markdown = report::markdown(&measured);
    println!("{markdown}");
    if let Some(folder) = &arguments.output {
        report::write(folder, &markdown, &measured)?;
    }
    Ok(())
}
