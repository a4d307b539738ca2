//! What the image's own entrypoint and command were, before the agent took their place.

use std::io;
use std::process::{Command, Stdio};

use wire::StepImageEnv;

/// Reads the list that the builder left in the environment.
///
/// # Errors
/// What is wrong with it, for the log: the workspace stays usable by terminal.
pub fn parse(value: &str) -> Result<Vec<String>, String> {
    let words: Vec<String> = serde_json::from_str(value).map_err(|error| {
        format!("{}: want a JSON list of strings, got {value:?}: {error}", StepImageEnv::ENTRYPOINT)
    })?;
    match words.first().map(String::as_str) {
        None | Some("") => Err(format!("{}: the list names no program: {value:?}", StepImageEnv::ENTRYPOINT)),
        Some(_) => Ok(words),
    }
}

/// Starts the image's own program; answers its process id.
///
/// # Errors
/// When it cannot be started.
pub fn start(words: &[String]) -> io::Result<u32> {
    let (program, arguments) =
        words.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    // The signals that the agent waits for are blocked in it; the standard library clears the mask
    // of a child.
    let child = Command::new(program)
        .args(arguments)
        .env_remove(StepImageEnv::ENTRYPOINT)
        .stdin(Stdio::null())
        .spawn()?;
    Ok(child.id())
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
        for value in ["", "sh", "[]", "[\"\"]", "[1]", "{}"] {
            assert!(parse(value).unwrap_err().starts_with("WORKSHOP_ENTRYPOINT: "), "{value}");
        }
    }
}
