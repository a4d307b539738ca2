//! Outputs as files. `UPDATE_GOLDEN=1` writes them; without it a difference is a failure.

use std::path::PathBuf;

use super::canned::Running;

/// The folder of the files.
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"))
}

/// Runs a line and compares all that it printed with the file of this name.
pub fn compare(name: &str, cluster: &Running, line: &str) {
    let ended = cluster.run(line);
    let plain = |text: &str| {
        text.replace(&cluster.address, "10.0.0.1:6443").replace(env!("CARGO_PKG_VERSION"), "VERSION")
    };
    let (out, err) = (plain(&ended.out), plain(&ended.err));
    let mut text = format!("$ kubectl workshop {line}\n{out}");
    if !err.is_empty() {
        text.push_str(&format!("(standard error)\n{err}"));
    }
    text.push_str(&format!("(exit {})\n", ended.code.unwrap()));
    if !line.contains("-o ") {
        let wide: Vec<&str> = out.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{name}: wider than 80 columns: {wide:#?}");
    }
    let path = folder().join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{} differs (UPDATE_GOLDEN=1 takes it over):\n{text}", path.display());
}
