//! Why an image could not be assembled or pushed.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What went wrong, and what to do.
#[derive(Debug, Error)]
pub enum Error {
    /// A program has not been compiled.
    #[error("{}: not there; compile it first: cargo build --package {package}", path.display())]
    NotCompiled {
        /// Where it should be.
        path: PathBuf,
        /// Cargo's name for it.
        package: &'static str,
    },
    /// A program of the system is missing.
    #[error("{program}: cannot be started ({source}); install the packages of hack/packages")]
    Tool {
        /// Its name.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A program of the system failed.
    #[error("{program}: {status}; its last words:\n{output}")]
    Failed {
        /// Its name.
        program: &'static str,
        /// Exit status.
        status: std::process::ExitStatus,
        /// The end of its output.
        output: String,
    },
    /// A file.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of ours with other content than we write.
    #[error("{}: cannot be read: {source}; remove it", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Where reading stopped.
        source: serde_json::Error,
    },
    /// There is no place for the cache.
    #[error("no place for the cache: set WORKSHOP_CACHE, XDG_CACHE_HOME or HOME")]
    NoCache,
    /// The process itself.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// A layer.
    #[error(transparent)]
    Layer(#[from] oci::LayerError),
    /// A path in a layer.
    #[error(transparent)]
    Change(#[from] oci::ChangeError),
    /// The registry, before a push.
    #[error(transparent)]
    Store(#[from] oci::StoreError),
    /// The push.
    #[error(transparent)]
    Image(#[from] oci::ImageError),
    /// The name that the image would get.
    #[error(transparent)]
    Reference(#[from] wire::ReferenceError),
}

impl Error {
    pub(super) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
