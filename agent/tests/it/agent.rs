//! A running agent, and conditions to wait for.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_workshop-agent");
/// Longest wait for any condition; a busy machine stays far below.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits until `condition` answers something.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < end, "waited {LIMIT:?} in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What `/proc` says of a process in one line of its status; nothing when it is gone.
pub fn status(id: u32, field: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// Whether there is such a process, dead and not yet taken ones included.
pub fn exists(id: u32) -> bool {
    status(id, "Pid").is_some()
}

/// The agent with its log; it and all that it started end with this value.
pub struct Agent {
    child: Child,
    log: Option<ChildStderr>,
    unread: Vec<u8>,
    seen: Vec<String>,
}

impl Agent {
    /// Starts the agent with a port of its own and these variables.
    pub fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_by(Command::new(PROGRAM), variables)
    }

    /// The same by another command, which ends up in the agent.
    pub fn start_by(mut command: Command, variables: &[(&str, &str)]) -> Self {
        command.env("WORKSHOP_AGENT_PORT", "0").envs(variables.iter().copied());
        let mut child =
            command.stdin(Stdio::null()).stderr(Stdio::piped()).process_group(0).spawn().expect("starts");
        let log = child.stderr.take();
        Self { child, log, unread: Vec::new(), seen: Vec::new() }
    }

    /// The agent as PID 1 of a fresh process namespace, as root of a fresh user namespace that stands
    /// for an ordinary user outside; these arguments to `unshare` come before the program.
    pub fn start_as_pid_one(
        arguments: &[impl AsRef<OsStr>],
        program: impl AsRef<OsStr>,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = if std::fs::metadata("/proc/self").expect("is there").uid() == 0 {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=200000", "--regid=200000", "--clear-groups", "unshare"]);
            command
        } else {
            Command::new("unshare")
        };
        command.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child"]);
        command.args(arguments).arg(program).current_dir("/");
        Self::start_by(command, variables)
    }

    /// Process id of what was started.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a log line with this text; answers what follows it in the line.
    pub fn said(&mut self, text: &str) -> String {
        let mut found = self.seen.iter().find_map(|line| after(line, text));
        loop {
            match found {
                Some(rest) => return rest,
                None => found = after(&self.next_line(&format!("{text:?}")), text),
            }
        }
    }

    /// Waits for this many log lines with this text; answers what follows it in each.
    pub fn lines_with(&mut self, text: &str, count: usize) -> Vec<String> {
        let mut found: Vec<String> = self.seen.iter().filter_map(|line| after(line, text)).collect();
        while found.len() < count {
            let line = self.next_line(&format!("{count} times {text:?}"));
            found.extend(after(&line, text));
        }
        found
    }

    fn next_line(&mut self, want: &str) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(at) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=at).collect();
                self.seen.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                return self.seen.last().expect("was pushed").clone();
            }
            let log = self.log.as_mut().expect("the log is open");
            let left = end.saturating_duration_since(Instant::now());
            let left = PollTimeout::try_from(left).expect("is short");
            poll(&mut [PollFd::new(log.as_fd(), PollFlags::POLLIN)], left).expect("can be watched");
            let mut chunk = [0; 4096];
            let count = if Instant::now() < end { log.read(&mut chunk).expect("can be read") } else { 0 };
            assert!(count > 0, "never said {want}; said {:#?}", self.seen);
            self.unread.extend(&chunk[..count]);
        }
    }

    /// Stops reading the log: from now on nobody does.
    pub fn close_log(&mut self) {
        self.log = None;
    }

    /// Process id, in the agent's namespace, of the image's own program.
    pub fn entrypoint(&mut self) -> u32 {
        number(&self.said("runs as process "))
    }

    /// Port on which it answers.
    pub fn port(&mut self) -> u16 {
        number(&self.said(" answers on port ")).try_into().expect("is a port")
    }

    /// Sends these bytes and answers all that comes back.
    pub fn ask(&mut self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("takes the request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers text");
        answer
    }

    /// A connection that fails rather than waits for ever.
    pub fn connect(&mut self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port())).expect("listens");
        stream.set_read_timeout(Some(LIMIT)).expect("takes a limit");
        stream
    }

    /// Asks for health; fails if the answer is anything else.
    pub fn health(&mut self) -> wire::Health {
        let answer = self.ask("GET /healthz HTTP/1.1\r\nhost: agent\r\n\r\n");
        let (head, body) = answer.split_once("\r\n\r\n").expect("has a body");
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        serde_json::from_str(body).expect("is the shared message")
    }

    /// Sends a signal to the agent itself.
    pub fn signal(&self, signal: Signal) {
        kill(process(self.id()), signal).expect("can be signalled");
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        wait_for("the agent ends", || self.child.try_wait().expect("can be asked"))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // The whole group: without a namespace of its own, children outlive the agent.
        let _ = killpg(process(self.id()), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

fn after(line: &str, text: &str) -> Option<String> {
    line.split_once(text).map(|(_, rest)| rest.to_owned())
}

/// The process id as the system calls want it.
pub fn process(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).expect("is a process id"))
}

/// The number at the beginning of a text.
pub fn number(text: &str) -> u32 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number: {text:?}"))
}

/// Value of the variable that makes the agent run this script.
pub fn script(script: &str) -> String {
    serde_json::json!(["/bin/sh", "-c", script]).to_string()
}
