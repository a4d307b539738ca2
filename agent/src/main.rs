//! PID 1 of every workspace (D26): it ends at once on SIGTERM, reaps what is orphaned, runs the
//! image's own program as its child, and answers which step this container runs.
//!
//! Static, one thread, no async runtime: there is one agent per learner, and its memory is theirs.

mod entrypoint;
mod health;
mod install;
mod limit;
mod log;
mod reaper;
mod request;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

const HELP: &str = "\
PID 1 of a workspace.

Usage:
  workshop-agent               run a workspace: WORKSHOP_ENTRYPOINT as child, /healthz on port 7681
  workshop-agent install PATH  copy this program to PATH
  workshop-agent exit          end at once: proof that an image can be run
  workshop-agent --version
  workshop-agent --help

Environment:
  WORKSHOP_ENTRYPOINT      JSON list of strings: the program to run, and its arguments
  WORKSHOP_STEP            step id that /healthz answers
  WORKSHOP_PROCESS_LIMIT   processes that children may have in a user namespace (512)
  WORKSHOP_AGENT_PORT      another port than 7681
";

fn main() -> ExitCode {
    // Not every argument is UTF-8; such a one is a path or unknown.
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    match (words.as_slice(), arguments.get(1)) {
        ([], _) => workspace::run(),
        (["exit"], _) => ExitCode::SUCCESS,
        (["install", _], Some(path)) => install(path.as_ref()),
        (["--version" | "-V"], _) => {
            println!("workshop-agent {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        (["--help" | "-h"], _) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("workshop-agent: unknown arguments: {}\n\n{HELP}", words.join(" "));
            ExitCode::from(2)
        }
    }
}

fn install(path: &Path) -> ExitCode {
    match install::install(path) {
        Ok(()) => {
            log::line("info", &format!("agent {} is at {}", env!("CARGO_PKG_VERSION"), path.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            log::line("error", &error.to_string());
            ExitCode::FAILURE
        }
    }
}
