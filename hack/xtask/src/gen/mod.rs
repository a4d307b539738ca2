//! `cargo xtask gen`: files that are made from the code, so that they cannot disagree with it.
//!
//! Every generator is a plain function from nothing to a list of files. Writing and checking are here.

mod chart;
mod crds;
mod error;
mod files;
mod kustomize;
mod operator;
pub mod rbac;
mod reference;
mod samples;
#[cfg(test)]
mod words;
mod yaml;

use std::path::Path;

pub use error::GenError;
use files::File;

/// Arguments of the task.
#[derive(clap::Args)]
pub struct Arguments {
    /// Change nothing; fail and list the files that are not what the generator would write.
    #[arg(long)]
    check: bool,
}

/// Folders that hold generated files only; a file in them that no generator makes is drift as well.
const FOLDERS: [&str; 6] = [
    "config/crd",
    "config/rbac",
    "config/operator",
    "config/default",
    "config/samples",
    "helm/workshop/templates/crds",
];

/// Writes all generated files, or compares them.
///
/// # Errors
/// When a file cannot be made, read or written, or when `--check` finds drift.
pub fn run(arguments: &Arguments) -> Result<(), GenError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = all()?;
    let drift = files::drift(&root, &files, &FOLDERS)?;
    if arguments.check {
        return if drift.is_empty() { Ok(()) } else { Err(GenError::Drift(drift)) };
    }
    for change in &drift {
        println!("{change}");
    }
    files::write(&root, &files, &drift)
}

/// Every generated file of the repository.
pub fn all() -> Result<Vec<File>, GenError> {
    let crds = api::crds::all();
    let mut files = crds::files(&crds)?;
    files.extend(rbac::files());
    files.extend(operator::files()?);
    files.extend(samples::files()?);
    files.extend(kustomize::files());
    files.extend(chart::files(&crds)?);
    files.push(reference::file(&crds));
    Ok(files)
}
