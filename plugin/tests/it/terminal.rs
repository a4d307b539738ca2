//! At a terminal: questions, and lines that are redrawn.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::cluster::cluster;
use super::program::Ended;

/// Runs the program at a terminal of its own, with these keys.
fn type_at(line: &str, keys: &str) -> Ended {
    let plain = cluster().command(line);
    let words: Vec<String> = std::iter::once(plain.get_program())
        .chain(plain.get_args())
        .map(|word| word.to_str().unwrap().to_owned())
        .collect();
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &words.join(" "), "/dev/null"]);
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = command
        .env_remove("CI")
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(keys.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    // A terminal shows both streams as one.
    let out = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    Ended { code: output.status.code(), err: String::new(), out }
}

#[test]
fn a_deletion_is_asked_about_at_a_terminal() {
    let cluster = cluster();
    cluster.expect(0, "create asked --template shell -n silent");
    for no in ["n\n", "\n", "\u{4}"] {
        let declined = type_at("delete asked -n silent", no);
        assert_eq!(declined.code, Some(8), "{no:?}: {}", declined.out);
        assert!(
            declined.out.contains("This deletes workspace asked of class silent, and all work in it."),
            "{}",
            declined.out
        );
    }
    cluster.expect(0, "status asked -n silent");
    let agreed = type_at("delete asked -n silent", "y\n");
    assert_eq!(agreed.code, Some(0), "{}", agreed.out);
    cluster.expect(6, "status asked -n silent");
}

#[test]
fn waiting_is_redrawn_at_a_terminal_and_leaves_one_line() {
    let cluster = cluster();
    let made = type_at("create drawn --template shell -n monday --wait", "");
    assert_eq!(made.code, Some(0), "{}", made.out);
    assert!(made.out.contains("drawn is ready on finding"), "{}", made.out);
    assert!(made.out.contains('\u{1b}'), "nothing was redrawn: {:?}", made.out);
    cluster.expect(0, "delete drawn --yes -n monday");
}
