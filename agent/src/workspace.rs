//! The life of a workspace container.

use std::process::ExitCode;
use std::thread;

use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use wire::{AGENT_PORT, Health, StepImageEnv};

use crate::{entrypoint, health, limit, log};

/// Port for tests; workspaces always use the one that everybody knows.
const PORT_VARIABLE: &str = "WORKSHOP_AGENT_PORT";
/// Only the two small threads run here; the default of 2 MiB is address space for nothing.
const STACK: usize = 64 * 1024;

/// Runs until SIGTERM or SIGINT, and then ends at once: a step change waits for this.
pub fn run() -> ExitCode {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGCHLD] {
        signals.add(signal);
    }
    // Blocked before any thread or child exists, so that none is lost.
    if let Err(error) = signals.thread_block() {
        log::line("error", &format!("block signals: {error}"));
        return ExitCode::FAILURE;
    }
    // PID 1 inherits orphans anyway; elsewhere they are asked for.
    if let Err(error) = prctl::set_child_subreaper(true) {
        log::line("warn", &format!("become the reaper of orphans: {error}"));
    }
    if let Err(reason) = limit::apply() {
        log::line("warn", &format!("process limit: {reason}"));
    }
    serve_health();
    let child = start_entrypoint();
    loop {
        match signals.wait() {
            Ok(Signal::SIGCHLD) => reap(child),
            Ok(_) => return ExitCode::SUCCESS,
            Err(error) => {
                log::line("error", &format!("wait for signals: {error}"));
                return ExitCode::FAILURE;
            }
        }
    }
}

fn serve_health() {
    let port = std::env::var(PORT_VARIABLE).ok().and_then(|text| text.parse().ok()).unwrap_or(AGENT_PORT);
    let health = Health {
        step: std::env::var(StepImageEnv::STEP).unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let body = serde_json::json!(health).to_string();
    let serving = health::listen(port).and_then(|listener| {
        thread::Builder::new()
            .name("health".to_owned())
            .stack_size(STACK)
            .spawn(move || health::serve(&listener, &body))
    });
    match serving {
        Ok(_) => log::line("info", &format!("step {:?} answers on port {port}", health.step)),
        Err(error) => log::line("error", &format!("answer on port {port}: {error}; the workspace stays")),
    }
}

/// A program that cannot be started leaves the workspace to its terminals.
fn start_entrypoint() -> Option<u32> {
    let value = std::env::var(StepImageEnv::ENTRYPOINT).ok()?;
    let words = entrypoint::parse(&value).map_err(|fault| log::line("error", &fault)).ok()?;
    match entrypoint::start(&words) {
        Ok(id) => {
            log::line("info", &format!("{words:?} runs as process {id}"));
            Some(id)
        }
        Err(error) => {
            log::line("error", &format!("start {words:?}: {error}; the workspace stays"));
            None
        }
    }
}

/// Takes every dead child: signals of one kind are merged, so one may stand for many.
fn reap(entrypoint: Option<u32>) {
    loop {
        let (id, ending) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(id, code)) => (id, format!("ended with code {code}")),
            Ok(WaitStatus::Signaled(id, signal, _)) => (id, format!("was ended by {signal}")),
            Ok(WaitStatus::StillAlive) | Err(_) => return,
            Ok(_) => continue,
        };
        if entrypoint.is_some_and(|child| i64::from(child) == i64::from(id.as_raw())) {
            log::line("info", &format!("the image's own program {ending}; the workspace stays"));
        }
    }
}
