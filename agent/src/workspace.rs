//! The life of a workspace container: one thread, one place to wait.

use std::env::{self, VarError};
use std::process::ExitCode;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::AsFd;
use wire::{AGENT_PORT, Health, StepImageEnv};

use crate::health::Server;
use crate::{entrypoint, limit, log, reaper};

/// Port for tests; workspaces always use the one that everybody knows.
const PORT_VARIABLE: &str = "WORKSHOP_AGENT_PORT";

/// Runs until SIGTERM or SIGINT, and then ends at once: a step change waits for this. Children are not
/// waited for; the kernel ends them with PID 1.
pub fn run() -> ExitCode {
    match live() {
        Ok(()) => ExitCode::SUCCESS,
        Err((what, error)) => {
            log::line("error", &format!("{what}: {error}; the workspace ends"));
            ExitCode::FAILURE
        }
    }
}

fn live() -> Result<(), (&'static str, Errno)> {
    let mut expected = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGCHLD] {
        expected.add(signal);
    }
    // Blocked before any child exists, so that none is lost.
    expected.thread_block().map_err(|error| ("block signals", error))?;
    let signals = SignalFd::with_flags(&expected, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .map_err(|error| ("open a descriptor for signals", error))?;
    reaper::adopt_orphans();
    let mut server = serve();
    let child = start_entrypoint();
    loop {
        if told_to_end(&signals).map_err(|error| ("read signals", error))? {
            return Ok(());
        }
        let more = reaper::reap(child);
        if let Some(server) = &mut server {
            server.advance();
        }
        wait(&signals, server.as_ref(), more);
    }
}

/// Sleeps until there is something to do.
fn wait(signals: &SignalFd, server: Option<&Server>, more: bool) {
    let mut watched = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    let mut timeout = PollTimeout::NONE;
    if let Some(server) = server {
        server.watch(&mut watched);
        // The deadline itself lies one millisecond after the whole milliseconds that are left of it.
        let left = server.patience().and_then(|left| u16::try_from(left.as_millis() + 1).ok());
        timeout = left.into();
    }
    if more {
        timeout = PollTimeout::ZERO;
    }
    // Ending early does no harm: whoever calls looks at everything.
    let _ = poll(&mut watched, timeout);
}

/// Empties the queue of signals; whether one of them asks for the end.
fn told_to_end(signals: &SignalFd) -> Result<bool, Errno> {
    loop {
        match signals.read_signal() {
            // All that SIGCHLD says is that there is somebody to reap.
            Ok(Some(signal)) if i64::from(signal.ssi_signo) == i64::from(Signal::SIGCHLD as i32) => {}
            Ok(Some(_)) => return Ok(true),
            Ok(None) => return Ok(false),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}

fn serve() -> Option<Server> {
    let port = match env::var(PORT_VARIABLE) {
        Ok(text) => text.parse().unwrap_or_else(|_| {
            log::line("warn", &format!("{PORT_VARIABLE}: want a port, got {text:?}; it is {AGENT_PORT}"));
            AGENT_PORT
        }),
        Err(_) => AGENT_PORT,
    };
    let health = Health {
        step: env::var(StepImageEnv::STEP).unwrap_or_default(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let body = serde_json::json!(health).to_string();
    match Server::listen(port, body).and_then(|server| Ok((server.port()?, server))) {
        Ok((port, server)) => {
            log::line("info", &format!("step {:?} answers on port {port}", health.step));
            Some(server)
        }
        Err(error) => {
            log::line("error", &format!("answer on port {port}: {error}; the workspace stays"));
            None
        }
    }
}

/// A program that cannot be started leaves the workspace to its terminals.
fn start_entrypoint() -> Option<u32> {
    let limit = limit::for_children();
    let words = match env::var(StepImageEnv::ENTRYPOINT) {
        Ok(value) => entrypoint::parse(&value),
        Err(VarError::NotPresent) => return None,
        Err(error @ VarError::NotUnicode(_)) => Err(format!("{}: {error}", StepImageEnv::ENTRYPOINT)),
    };
    let words = match words {
        Ok(words) => words,
        Err(fault) => {
            log::line("error", &format!("{fault}; nothing was started, the workspace stays"));
            return None;
        }
    };
    // Arguments may be long or secret; the log names the program only.
    let program = words.first().map_or("", String::as_str);
    match entrypoint::start(&words, limit) {
        Ok(id) => {
            let most = limit.map_or(String::new(), |limit| format!(", with at most {limit} processes"));
            log::line("info", &format!("{program:?} runs as process {id}{most}"));
            Some(id)
        }
        Err(error) => {
            log::line("error", &format!("start {program:?}: {error}; the workspace stays"));
            None
        }
    }
}
