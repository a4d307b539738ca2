//! Checks the links of every Markdown file of the repository: files exist, and headings that are
//! pointed at exist in them. Links to other hosts are not followed.

mod links;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use thiserror::Error;

/// Why the check could not run, or what it found.
#[derive(Debug, Error)]
pub enum DocsError {
    /// The list of files could not be had.
    #[error("list the files with git ls-files: {0}")]
    List(io::Error),
    /// A file could not be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Links that lead nowhere, one per line.
    #[error("links that lead nowhere:\n{0}")]
    Broken(String),
}

/// Checks the repository that this program was built from.
///
/// # Errors
/// See [`check`].
pub fn run() -> Result<(), DocsError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let count = check(&root)?;
    println!("{count} links lead somewhere");
    Ok(())
}

/// Checks every link; answers how many there are.
///
/// # Errors
/// When a link leads nowhere, with file and line of each.
fn check(root: &Path) -> Result<usize, DocsError> {
    let mut texts = BTreeMap::new();
    for path in markdown_files(root)? {
        let text = fs::read_to_string(root.join(&path))
            .map_err(|source| DocsError::Read { path: path.clone(), source })?;
        texts.insert(path, text);
    }
    let mut broken = Vec::new();
    let mut count = 0;
    for (path, text) in &texts {
        for link in links::links(text) {
            count += 1;
            if let Some(fault) = fault(root, path, &link.target, &texts) {
                broken.push(format!("  {}:{}: {} {fault}", path.display(), link.line, link.target));
            }
        }
    }
    if broken.is_empty() { Ok(count) } else { Err(DocsError::Broken(broken.join("\n"))) }
}

fn markdown_files(root: &Path) -> Result<Vec<PathBuf>, DocsError> {
    let output =
        Command::new("git").args(["ls-files", "*.md"]).current_dir(root).output().map_err(DocsError::List)?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(PathBuf::from).collect())
}

fn fault(root: &Path, from: &Path, target: &str, texts: &BTreeMap<PathBuf, String>) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, heading) =
        target.split_once('#').map_or((target, None), |(file, heading)| (file, Some(heading)));
    let path = if file.is_empty() {
        from.to_owned()
    } else {
        normal(&from.parent().unwrap_or(Path::new("")).join(file))
    };
    if !root.join(&path).exists() {
        return Some(format!("({} does not exist)", path.display()));
    }
    let heading = heading?;
    let text = texts.get(&path)?;
    let found = links::anchors(text).iter().any(|anchor| anchor == heading);
    (!found).then(|| format!("({} has no heading \"{heading}\")", path.display()))
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts: Vec<Component> = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.into_iter().collect()
}
