//! Ctrl-C, and pipes that close early.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use super::cluster::cluster;

#[test]
fn ctrl_c_says_what_goes_on_and_loses_nothing() {
    let cluster = cluster();
    cluster.expect(0, "create left --template shell -n silent");
    let mut command = cluster.command("step left pipes -n silent");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    // The first line of progress comes when the write is done and the waiting has begun.
    let mut progress = String::new();
    err.read_line(&mut progress).unwrap();
    assert!(progress.contains("left: "), "{progress}");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(
        rest.contains("left goes on moving to pipes; look: kubectl workshop status left -n silent"),
        "{rest}"
    );
    let left = cluster.block_on(cluster.instances("silent").get("left")).unwrap();
    assert_eq!(left.spec.current_step.as_deref(), Some("pipes"));
}

#[test]
fn a_watch_shows_every_change_until_its_reader_goes() {
    let cluster = cluster();
    cluster.expect(0, "create seen --template shell -n monday --wait");
    let mut command = cluster.command("status seen --watch -n monday");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("NAME"));
    assert!(lines.next().unwrap().unwrap().contains("finding"));
    cluster.expect(0, "step seen pipes -n monday");
    assert!(lines.next().unwrap().unwrap().contains("pipes"));
    drop(lines);
    cluster.expect(0, "step seen scripting -n monday");
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(1), ""));
}
