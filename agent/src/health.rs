//! Answers which step this container runs. A bounded number of connections, each with a deadline and
//! none ever waited for, so that no peer can hold up another or the reaping of children.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};

use crate::request::{self, LONGEST, Question};

/// Most connections at a time; the oldest gives way.
const MOST: usize = 32;
/// Longest time for a question.
const PATIENCE: Duration = Duration::from_secs(5);

/// The listening socket and the questions that are on their way.
pub struct Server {
    listener: TcpListener,
    open: Vec<Connection>,
    health: String,
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    since: Instant,
}

impl Server {
    /// Listens on every address of the pod, IPv6 and IPv4; answers `health`, which is JSON.
    ///
    /// # Errors
    /// When the port is taken or there is no network.
    pub fn listen(port: u16, health: String) -> io::Result<Self> {
        // The standard library sets SO_REUSEADDR: connections to the container that a step change
        // ended do not keep the port from the next one.
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
            .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, open: Vec::new(), health })
    }

    /// The port that it listens on.
    ///
    /// # Errors
    /// None that the kernel documents.
    pub fn port(&self) -> io::Result<u16> {
        self.listener.local_addr().map(|address| address.port())
    }

    /// Adds what has to be watched for input.
    pub fn watch<'a>(&'a self, list: &mut Vec<PollFd<'a>>) {
        list.push(PollFd::new(self.listener.as_fd(), PollFlags::POLLIN));
        list.extend(self.open.iter().map(|open| PollFd::new(open.stream.as_fd(), PollFlags::POLLIN)));
    }

    /// How long until a connection has to be ended; none while nobody is connected.
    pub fn patience(&self) -> Option<Duration> {
        self.open.first().map(|oldest| PATIENCE.saturating_sub(oldest.since.elapsed()))
    }

    /// Does what can be done without waiting.
    pub fn advance(&mut self) {
        // Bounded, so that a flood of connections does not keep the agent from its signals.
        for _ in 0..MOST {
            match self.listener.accept() {
                Ok((stream, _)) => self.take(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // No descriptor left, most likely: the oldest gives way here too.
                Err(_) => {
                    self.open.drain(..1.min(self.open.len()));
                    break;
                }
            }
        }
        self.open.retain_mut(|open| open.since.elapsed() < PATIENCE && advance(open, &self.health));
    }

    fn take(&mut self, stream: TcpStream) {
        if stream.set_nonblocking(true).is_ok() {
            self.open.push(Connection { stream, read: Vec::new(), since: Instant::now() });
            self.open.drain(..self.open.len().saturating_sub(MOST));
        }
    }
}

/// Reads what came; answers and ends the connection once the question is whole.
fn advance(connection: &mut Connection, health: &str) -> bool {
    let mut chunk = [0; 1024];
    let mut ended = false;
    while connection.read.len() < LONGEST {
        match connection.stream.read(&mut chunk) {
            Ok(0) => {
                ended = true;
                break;
            }
            Ok(count) => connection.read.extend(chunk.iter().take(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(_) => return false,
        }
    }
    let answer = match request::read(&connection.read) {
        Question::Unfinished if ended => return false,
        Question::Unfinished => return true,
        Question::Health => request::answer("200 OK", health),
        Question::Unknown => request::answer("404 Not Found", "{}"),
        Question::Bad => request::answer("400 Bad Request", "{}"),
    };
    // An answer fits into any send buffer; a peer that is gone needs none.
    let _ = connection.stream.write_all(&answer);
    false
}
