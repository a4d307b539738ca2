//! `kubectl workshop`: the command line of authors, instructors and platform teams.

mod action;
mod args;
mod colour;
mod context;
mod error;
mod exit;
mod explain;
mod interrupt;
mod operator;
mod output;
mod program;
mod progress;
mod report;
mod screen;
mod step_choice;
mod table;
mod tracked;
mod transfers;
mod uninstall;
mod verbs;
mod wait;

use std::process::ExitCode;

use args::{Cli, Verb};
use context::Context;
use error::Error;
use exit::Exit;

fn main() -> ExitCode {
    // Before anything may speak TLS: no crypto provider is compiled in as the default.
    let _ = rustls::crypto::ring::default_provider().install_default();
    program::remember(std::env::args_os().next().as_deref());
    let cli = match args::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(fault) => {
            let _ = fault.print();
            return ExitCode::from(u8::try_from(fault.exit_code()).unwrap_or(Exit::WrongUsage as u8));
        }
    };
    let verbose = cli.global.verbose;
    let exit = match run(cli) {
        Ok(exit) => exit,
        Err(Error::PipeClosed) => Exit::Failed,
        Err(error) => {
            eprint!("{}", error.report().text(verbose));
            error.report().exit
        }
    };
    exit.into()
}

/// Runs the verb until it ends or Ctrl-C is pressed.
fn run(cli: Cli) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let exit = runtime.block_on(async {
        tokio::select! {
            done = dispatch(cli) => done,
            error = interrupt::pressed() => Err(error),
        }
    });
    // A blocked thread (a credential plugin at its prompt) must not keep the program alive.
    runtime.shutdown_background();
    exit
}

async fn dispatch(cli: Cli) -> Result<Exit, Error> {
    let Cli { global, verb } = cli;
    match verb {
        Verb::Build(verb) => verb.run().await,
        Verb::Load(verb) => verb.run(&Context::open(&global).await?).await,
        Verb::Version(verb) => verb.run(&global).await,
        Verb::Check(verb) => verb.run(&global).await,
        Verb::Create(verb) => verb.run(&Context::open(&global).await?).await,
        Verb::Status(verb) => verb.run(&Context::open(&global).await?).await,
        Verb::Step(verb) => verb.run(&Context::open(&global).await?).await,
        Verb::Reset(verb) => verb.run(&Context::open(&global).await?).await,
        Verb::Delete(verb) => verb.run(&Context::open(&global).await?).await,
        Verb::Uninstall(verb) => verb.run(&Context::open(&global).await?).await,
    }
}
