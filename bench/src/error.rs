//! Why a measurement could not be made.

use std::path::PathBuf;

use thiserror::Error;

/// Why a measurement could not be made.
#[derive(Debug, Error)]
pub enum BenchError {
    /// No runtime for its tasks.
    #[error("start the runtime: {0}")]
    Runtime(std::io::Error),
    /// The API server said no.
    #[error("ask the API server: {0}")]
    Api(Box<kube::Error>),
    /// The images could not be made or pushed.
    #[error("push the step images: {0}")]
    Images(Box<dyn std::error::Error + Send + Sync>),
    /// What was waited for did not come.
    #[error("{what} did not come within {seconds} s; last seen: {seen}")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// What was there instead.
        seen: String,
    },
    /// An object is not as every stored object is.
    #[error("{what} lacks {field}")]
    Incomplete {
        /// Kind and name.
        what: String,
        /// The missing field.
        field: &'static str,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<kube::Error> for BenchError {
    fn from(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

impl BenchError {
    /// Names the file around an error of the file system.
    pub fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
