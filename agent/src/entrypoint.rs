//! What the image's own entrypoint and command were, before the agent took their place.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::resource::{Resource, rlim_t, setrlimit};
use wire::StepImageEnv;

/// Most of a faulty value that a log line quotes, in characters.
const QUOTED: usize = 200;

/// Reads the list that the builder left in the environment.
///
/// # Errors
/// What is wrong with it, for the log: the workspace stays usable by terminal.
pub fn parse(value: &str) -> Result<Vec<String>, String> {
    let quoted: String = value.chars().take(QUOTED).collect();
    let words: Vec<String> = serde_json::from_str(value).map_err(|error| {
        format!("{}: want a JSON list of strings, got {quoted:?}: {error}", StepImageEnv::ENTRYPOINT)
    })?;
    match words.first().map(String::as_str) {
        None | Some("") => {
            Err(format!("{}: the list names no program: {quoted:?}", StepImageEnv::ENTRYPOINT))
        }
        Some(_) => Ok(words),
    }
}

/// Starts the image's own program in this folder, with at most `limit` processes; answers its id.
///
/// # Errors
/// When it cannot be started.
pub fn start(words: &[String], limit: Option<rlim_t>) -> io::Result<u32> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    // The agent blocks the signals that it waits for; the standard library gives a child an empty mask.
    let mut command = Command::new(program);
    command.args(arguments).env_remove(StepImageEnv::ENTRYPOINT).stdin(Stdio::null());
    if let Some(limit) = limit {
        let lower = move || setrlimit(Resource::RLIMIT_NPROC, limit, limit).map_err(io::Error::from);
        // SAFETY: between fork and exec only one system call is made; nothing is allocated or locked.
        unsafe { command.pre_exec(lower) };
    }
    Ok(command.spawn()?.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_words_is_read() {
        assert_eq!(parse(r#"["/bin/sh","-c","echo a b"]"#).unwrap(), ["/bin/sh", "-c", "echo a b"]);
    }

    #[test]
    fn anything_else_is_explained() {
        for value in ["", "sh", "[]", "[\"\"]", "[1]", "{}", "null", "[\"a\"] b"] {
            assert!(parse(value).unwrap_err().starts_with("WORKSHOP_ENTRYPOINT: "), "{value}");
        }
        assert!(parse(&"x".repeat(100_000)).unwrap_err().len() < 400);
    }
}
