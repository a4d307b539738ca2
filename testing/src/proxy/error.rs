//! What can go wrong around the proxy itself, as against the faults that it plays.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the proxy cannot stand between a program and its API server.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// No certificate can be made.
    #[error("make the certificates of the fault proxy: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A certificate is not taken for serving.
    #[error("serve TLS as the fault proxy: {0}")]
    Tls(#[from] rustls::Error),
    /// A file of a way through the proxy cannot be written.
    #[error("{}: {source}; the folder has to exist and be writable", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no port to listen on.
    #[error("listen on 127.0.0.1: {0}")]
    Listen(std::io::Error),
    /// The API server behind the proxy is not understood.
    #[error("the API server behind the fault proxy: {0}")]
    Upstream(Box<kube::Error>),
}

impl ProxyError {
    /// A fault of the system at `path`.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::File { path, source }
    }
}
