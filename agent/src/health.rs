//! Answers which step this container runs. One thread, a bounded number of connections, each with
//! a deadline, so that no peer can hold up another.

use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::request::{self, LONGEST, Question};

/// Most connections at a time; the oldest gives way.
const MOST: usize = 32;
/// Longest time for a question.
const PATIENCE: Duration = Duration::from_secs(5);

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
    since: Instant,
}

/// Listens on every address of the pod.
///
/// # Errors
/// When the port is taken or there is no network.
pub fn listen(port: u16) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)))
        .or_else(|_| TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], port))))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Answers for ever.
pub fn serve(listener: &TcpListener, health: &str) -> ! {
    let mut open: Vec<Connection> = Vec::new();
    loop {
        wait(listener, &open);
        while let Ok((stream, _)) = listener.accept() {
            if stream.set_nonblocking(true).is_ok() {
                if open.len() >= MOST {
                    open.remove(0);
                }
                open.push(Connection { stream, read: Vec::new(), since: Instant::now() });
            }
        }
        open.retain_mut(|connection| connection.since.elapsed() < PATIENCE && advance(connection, health));
    }
}

/// Sleeps until something comes, or until a deadline has to be looked at.
fn wait(listener: &TcpListener, open: &[Connection]) {
    let timeout = if open.is_empty() { PollTimeout::NONE } else { PollTimeout::from(1000_u16) };
    let mut watched = vec![PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    watched.extend(open.iter().map(|connection| PollFd::new(connection.stream.as_fd(), PollFlags::POLLIN)));
    // A signal ends the wait early, which does no harm.
    let _ = poll(&mut watched, timeout);
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
