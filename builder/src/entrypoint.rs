//! `WORKSHOP_ENTRYPOINT`: what the image would have run, kept for the agent that takes its place
//! (api.md, "The container").

use oci::RuntimeConfig;
use wire::StepImageEnv;

/// Shells that end at once when nobody types: as a child of the agent one would only start and stop.
const SHELLS: [&str; 7] = ["sh", "bash", "ash", "dash", "zsh", "fish", "ksh"];

/// Puts entrypoint and command into the environment. The image's own stay as they are: without an agent
/// it starts as its base would. A bare interactive shell is left out, since the agent offers terminals anyway.
pub(crate) fn keep(config: &mut RuntimeConfig) {
    let words: Vec<&String> = config.entrypoint.iter().chain(&config.cmd).collect();
    if words.is_empty() || is_bare_shell(&words) {
        return;
    }
    if let Ok(json) = serde_json::to_string(&words) {
        config.set_env(StepImageEnv::ENTRYPOINT, &json);
    }
}

/// `bash`, `/bin/sh`, `bash -l`: a shell without a script or command.
fn is_bare_shell(words: &[&String]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    let name = program.rsplit('/').next().unwrap_or_default();
    if name == "busybox" {
        return is_bare_shell(arguments);
    }
    let interactive = |word: &&String| matches!(word.as_str(), "-l" | "-i" | "-il" | "-li" | "--login");
    SHELLS.contains(&name) && arguments.iter().all(interactive)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(entrypoint: &[&str], cmd: &[&str]) -> Option<String> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut config =
            RuntimeConfig { entrypoint: words(entrypoint), cmd: words(cmd), ..RuntimeConfig::default() };
        keep(&mut config);
        config.env(StepImageEnv::ENTRYPOINT).map(str::to_owned)
    }

    #[test]
    fn a_program_is_kept_with_its_arguments() {
        assert_eq!(
            kept(&["/entry.sh"], &["nginx", "-g", "daemon off;"]).as_deref(),
            Some(r#"["/entry.sh","nginx","-g","daemon off;"]"#)
        );
        assert_eq!(kept(&[], &["sh", "-c", "sleep 1"]).as_deref(), Some(r#"["sh","-c","sleep 1"]"#));
        assert_eq!(kept(&["/bin/bash"], &["/start"]).as_deref(), Some(r#"["/bin/bash","/start"]"#));
    }

    #[test]
    fn a_bare_shell_is_not() {
        for (entrypoint, cmd) in [
            (&[][..], &[][..]),
            (&[], &["bash"]),
            (&["/bin/sh"], &[]),
            (&[], &["/bin/bash", "-l"]),
            (&[], &["busybox", "sh"]),
        ] {
            assert_eq!(kept(entrypoint, cmd), None, "{entrypoint:?} {cmd:?}");
        }
    }
}
