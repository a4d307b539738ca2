//! Tasks of the repository that are not part of the product: `cargo xtask <task>`.
//!
//! This file is the table of tasks; each task is a folder beside it.

mod chart;
mod docs;
mod r#gen;
mod images;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Help the tests of the chart.
    Chart(chart::Arguments),
    /// Check the links of every document.
    Docs,
    /// Write every generated file, or check that none has drifted.
    Gen(r#gen::Arguments),
    /// Assemble the product's own images and push them, without a container engine.
    Images(images::Arguments),
}

fn main() -> ExitCode {
    let result: Result<(), Box<dyn std::error::Error>> = match Arguments::parse().task {
        Task::Chart(arguments) => chart::run(&arguments).map_err(Into::into),
        Task::Docs => docs::run().map_err(Into::into),
        Task::Gen(arguments) => r#gen::run(&arguments).map_err(Into::into),
        Task::Images(arguments) => images::run(&arguments).map_err(Into::into),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
