//! The one server program of the platform (D50). Today it knows `operator` and `crds`.

mod operator;
mod pages;
mod telemetry;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Server side of the workshop platform.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// What to log, for example `info` or `controllers=debug,info`.
    #[arg(long, global = true, env = "WORKSHOP_LOG", default_value = "info")]
    log: String,
    /// How to log.
    #[arg(long, global = true, env = "WORKSHOP_LOG_FORMAT", default_value = "json")]
    log_format: telemetry::Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the operator: templates and instances become running workspaces.
    Operator(operator::Arguments),
    /// Print both custom resource definitions as YAML.
    Crds,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // One provider, chosen before any connection: rustls panics at first use otherwise.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        eprintln!("workshop-server: another TLS provider is installed already");
        return ExitCode::FAILURE;
    }
    let telemetry = match telemetry::install(&arguments.log, arguments.log_format) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("workshop-server: {error}");
            return ExitCode::from(2);
        }
    };
    let result = match arguments.command {
        Command::Operator(arguments) => operator::run(arguments).map_err(|error| error.to_string()),
        Command::Crds => crds(),
    };
    let code = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the server ends");
            ExitCode::FAILURE
        }
    };
    telemetry.end();
    code
}

fn crds() -> Result<(), String> {
    for crd in api::crds::all() {
        let yaml =
            serde_saphyr::to_string(&crd).map_err(|error| format!("print the definitions: {error}"))?;
        println!("---\n{yaml}");
    }
    Ok(())
}
