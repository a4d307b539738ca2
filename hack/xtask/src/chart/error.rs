//! What can go wrong in the tests of the chart.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why schemas could not be written, or what differs.
#[derive(Debug, Error)]
pub enum ChartError {
    /// A file cannot be read or written.
    #[error("{}: {source}; check the path and that the file belongs to you", path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: {fault}", path.display())]
    Content {
        /// Where.
        path: PathBuf,
        /// What is wrong and what to do.
        fault: String,
    },
    /// Chart and configuration differ.
    #[error(
        "helm/workshop and config/default install different objects:\n{}\nchange helm/workshop/templates or hack/xtask/src/gen so that both say the same",
        .0.join("\n")
    )]
    Differ(Vec<String>),
}

impl ChartError {
    /// A fault of reading or writing `path`.
    pub fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }

    /// `path` is not understood.
    pub fn content(path: &Path, fault: impl ToString) -> Self {
        Self::Content { path: path.to_owned(), fault: fault.to_string() }
    }
}
