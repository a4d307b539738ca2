//! What can go wrong while files are generated.

use std::path::PathBuf;

use thiserror::Error;

use super::files::Change;

/// Why generated files could not be made, compared or written.
#[derive(Debug, Error)]
pub enum GenError {
    /// A value has no YAML or JSON form.
    #[error(
        "{what} cannot be written as YAML: {fault}; this is a fault of the generator in hack/xtask/src/gen"
    )]
    Yaml {
        /// What was to be written.
        what: String,
        /// What the serialiser says.
        fault: String,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {source}; check that the file belongs to you and that there is space", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Generated files are not what the code says.
    #[error("generated files differ from the code:\n{}\nrun `cargo xtask gen` and commit what it writes", list(.0))]
    Drift(Vec<Change>),
}

fn list(changes: &[Change]) -> String {
    changes.iter().map(|change| format!("  {change}")).collect::<Vec<_>>().join("\n")
}
