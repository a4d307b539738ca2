//! What a planned class is, on the command line.

use clap::Args;

/// Flags of the planned class.
#[derive(Debug, Args)]
pub struct Planned {
    /// Namespace of the class that is looked at, as -n
    #[arg(long, value_name = "CLASS")]
    pub class: Option<String>,
    /// Is there room for this many workspaces more?
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub learners: Option<u32>,
    /// Their template; default: the one that asks most
    #[arg(long, value_name = "NAME", requires = "learners")]
    pub template: Option<String>,
}
