//! What `/healthz` answers, and that no peer can keep it from answering.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::agent::Agent;

/// More than the agent keeps open.
const MANY: usize = 100;
/// Files and connections that the agent may have open, far below that.
const FEW: usize = 50;

/// Waits for the end of a connection by the other side.
fn closed(stream: &mut TcpStream) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(0) => true,
        Ok(_) => false,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[test]
fn it_answers_the_step_and_the_version() {
    let mut agent = Agent::start(&[("WORKSHOP_STEP", "pipes")]);
    let want = wire::Health { step: "pipes".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
    assert_eq!(agent.health(), want);
}

#[test]
fn it_answers_nothing_else() {
    let mut agent = Agent::start(&[]);
    for request in
        ["GET / HTTP/1.1\r\n\r\n", "GET /healthz/x HTTP/1.1\r\n\r\n", "PUT /healthz HTTP/1.0\r\n\r\n"]
    {
        let answer = agent.ask(request);
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{request}: {answer}");
    }
    let answer = agent.ask("\x16\x03\x01\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
}

#[test]
fn a_request_in_pieces_is_read() {
    let mut agent = Agent::start(&[]);
    let mut stream = agent.connect();
    for piece in ["GET /hea", "lthz HTTP/1.1\r", "\n\r", "\n"] {
        stream.write_all(piece.as_bytes()).unwrap();
        // Another question in between: the piece has been read by then.
        agent.health();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

#[test]
fn slow_peers_do_not_hold_up_others_and_are_ended() {
    let mut agent = Agent::start(&[("WORKSHOP_STEP", "pipes")]);
    let mut slow: Vec<TcpStream> = (0..MANY)
        .map(|_| {
            let mut stream = agent.connect();
            stream.write_all(b"GET /healthz HTT").unwrap();
            stream
        })
        .collect();
    assert_eq!(agent.health().step, "pipes");
    let open = std::fs::read_dir(format!("/proc/{}/fd", agent.id())).unwrap().count();
    assert!(open < FEW, "{open} are open");
    assert!(slow.iter_mut().all(closed), "each is ended: the oldest to make room, the others in time");
    assert_eq!(agent.health().step, "pipes");
}

#[test]
fn endless_requests_are_ended() {
    let mut agent = Agent::start(&[]);
    let mut stream = agent.connect();
    stream.set_write_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    let error = loop {
        if let Err(error) = stream.write_all(&[b'a'; 4096]) {
            break error;
        }
    };
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    agent.health();
}

#[test]
fn a_port_that_is_taken_leaves_the_workspace() {
    let mut first = Agent::start(&[]);
    let port = first.port().to_string();
    let mut command = std::process::Command::new("env");
    command.arg(format!("WORKSHOP_AGENT_PORT={port}")).arg(crate::agent::PROGRAM);
    let mut second =
        Agent::start_by(command, &[("WORKSHOP_ENTRYPOINT", &crate::agent::script("echo up >&2"))]);
    second.said("Address already in use");
    second.said("up");
    first.health();
}
