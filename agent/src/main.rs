//! PID 1 of every workspace (D26): it ends at once on SIGTERM, reaps what is orphaned, runs the
//! image's own program as its child, and answers which step this container runs.
//!
//! Static, without an async runtime: one thread waits for signals, one for connections.

mod entrypoint;
mod health;
mod install;
mod limit;
mod log;
mod request;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
PID 1 of a workspace.

Usage:
  workshop-agent               run a workspace: WORKSHOP_ENTRYPOINT as child, /healthz on port 7681
  workshop-agent install PATH  copy this program to PATH
  workshop-agent exit          end at once: proof that an image can be run
  workshop-agent --version
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => workspace::run(),
        ["exit"] => ExitCode::SUCCESS,
        ["install", path] => match install::install(path.as_ref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                log::line("error", &error.to_string());
                ExitCode::FAILURE
            }
        },
        ["--version" | "-V"] => {
            println!("workshop-agent {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        ["--help" | "-h"] => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        _ => {
            eprint!("workshop-agent: unknown arguments: {}\n\n{HELP}", words.join(" "));
            ExitCode::from(2)
        }
    }
}
