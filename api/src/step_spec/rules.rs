//! Rules of single fields: each gives the message of what is wrong, or nothing.

use std::collections::HashMap;

/// Length of a DNS label, and of a step id in both kinds.
const MAX_LABEL: usize = 63;
const MAX_PATH: usize = 4095;
const MAX_NAME: usize = 255;
/// Names that only the platform sets.
const RESERVED_ENV: &str = "WORKSHOP_";
/// Where the container runtime puts something over the image, or the platform does.
const MOUNTED: [&str; 4] = ["/proc", "/sys", "/dev", crate::names::AGENT_FOLDER];

/// A name that is used as a DNS label.
pub(super) fn label(text: &str) -> Option<String> {
    if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Some("must be lowercase alphanumeric and hyphens only".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        return Some("must begin and end with a letter or digit".to_owned());
    }
    (text.len() > MAX_LABEL).then(|| format!("must be at most {MAX_LABEL} characters long"))
}

/// A label that is not the unchanging tag of another step (D19).
pub(super) fn step_id(id: &str) -> Option<String> {
    label(id).or_else(|| {
        let (_, hex) = id.rsplit_once("-sha256-")?;
        let taken = hex.len() == 12 && hex.bytes().all(|b| b.is_ascii_hexdigit());
        taken.then(|| "must not end with -sha256-<12 digits>, which is how tags for digests end".to_owned())
    })
}

/// A name that every shell can use and that is not one of the platform's.
pub(super) fn variable(name: &str) -> Option<String> {
    let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if name.is_empty() || !letters || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Some(
            "a variable's name must be letters, digits and underscores, not beginning with a digit"
                .to_owned(),
        );
    }
    name.starts_with(RESERVED_ENV)
        .then(|| format!("names that begin with {RESERVED_ENV} belong to the platform"))
}

/// A path of a file in an image.
pub(super) fn image_path(path: &str) -> Option<String> {
    let Some(rest) = path.strip_prefix('/') else {
        return Some("must be an absolute path".to_owned());
    };
    if rest.is_empty() || rest.ends_with('/') {
        return Some("must be the path of a file, not of a directory".to_owned());
    }
    if let Some(message) = parts(rest) {
        return Some(message);
    }
    let below = |folder: &&&str| {
        path.strip_prefix(**folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    MOUNTED.iter().find(below).map(|folder| {
        format!("nothing of an image is seen below {folder}, which is mounted over when a container starts")
    })
}

/// A path of a file beside the specification. That it leads nowhere else is seen on the disk.
pub(super) fn source_path(path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some("must be relative to the specification, so that others can build it too".to_owned());
    }
    if path.split('/').any(|part| part == "..") {
        return Some("must stay inside the folder of the specification".to_owned());
    }
    parts(path)
}

fn parts(path: &str) -> Option<String> {
    if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Some("must not have empty, \".\" or \"..\" parts".to_owned());
    }
    if path.contains(char::is_control) {
        return Some("must not contain control characters".to_owned());
    }
    if path.split('/').any(|part| part.starts_with(".wh.")) {
        return Some("names that begin with .wh. mean deletions in an image layer".to_owned());
    }
    let fits = path.len() <= MAX_PATH && path.split('/').all(|part| part.len() <= MAX_NAME);
    (!fits).then(|| format!("must be at most {MAX_PATH} bytes long, each part at most {MAX_NAME}"))
}

/// A path that was written before, or that cannot be beside those that were.
pub(super) fn below_a_file(path: &str, before: &HashMap<String, usize>) -> Option<String> {
    if let Some(m) = before.get(path) {
        return Some(format!("\"{path}\" is already written by file {m}"));
    }
    let parents = path.char_indices().filter(|(_, c)| *c == '/').filter_map(|(at, _)| path.get(..at));
    for parent in parents {
        if let Some(m) = before.get(parent) {
            return Some(format!("\"{parent}\" is a file (file {m}), so nothing can be below it"));
        }
    }
    let below =
        |(other, _): &(&String, &usize)| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    before
        .iter()
        .filter(below)
        .map(|(_, m)| m)
        .min()
        .map(|m| format!("\"{path}\" is a directory for file {m}"))
}
