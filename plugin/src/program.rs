//! The name that the program was called by: `kubectl workshop` or `workshop` (D60).

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

/// How help texts and advice write the program when nobody called it otherwise.
const AS_PLUGIN: &str = "kubectl workshop";

static NAME: OnceLock<&'static str> = OnceLock::new();

/// Remembers the name behind `argv[0]`. Later calls change nothing.
pub fn remember(argv0: Option<&OsStr>) {
    NAME.get_or_init(|| name_of(argv0));
}

/// What a person types before a verb.
pub fn name() -> &'static str {
    NAME.get().copied().unwrap_or(AS_PLUGIN)
}

fn name_of(argv0: Option<&OsStr>) -> &'static str {
    let file = argv0.and_then(|path| Path::new(path).file_stem()).and_then(OsStr::to_str);
    if file == Some("workshop") { "workshop" } else { AS_PLUGIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_file() {
        let name = |path: &str| name_of(Some(OsStr::new(path)));
        assert_eq!(name("/usr/local/bin/workshop"), "workshop");
        assert_eq!(name("workshop.exe"), "workshop");
        assert_eq!(name("/usr/bin/kubectl-workshop"), "kubectl workshop");
        assert_eq!(name_of(None), "kubectl workshop");
    }
}
