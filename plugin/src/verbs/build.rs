//! `build`: from a workshop folder to images and artifact.

pub mod compile;
mod progress;

use clap::{Args, Subcommand};

use crate::error::Error;
use crate::exit::Exit;

/// Build step images and the artifact of a workshop
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  kubectl workshop build compile
  kubectl workshop build compile examples/shell-basics")]
pub struct Build {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Compile(compile::Compile),
}

impl Build {
    /// Runs the verb.
    pub async fn run(self) -> Result<Exit, Error> {
        match self.what {
            What::Compile(compile) => compile.run().await,
        }
    }
}
