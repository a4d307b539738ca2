//! What can go wrong around a test.

use std::path::PathBuf;

use thiserror::Error;

/// Why there is no control plane to test against, or why it does not answer.
#[derive(Debug, Error)]
pub enum TestingError {
    /// `hack/cluster` does not start.
    #[error("{}: {source}; run the tests inside the repository", program.display())]
    Program {
        /// The script.
        program: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// `hack/cluster up` ended with a fault.
    #[error("{} up --control-plane failed: {said}", program.display())]
    Up {
        /// The script.
        program: PathBuf,
        /// Its last words.
        said: String,
    },
    /// There is no room for the state of a control plane.
    #[error("no folder for a control plane: {0}; set TMPDIR to a folder with 500 MB of space")]
    Folder(std::io::Error),
    /// The kubeconfig that was written is not understood.
    #[error("the kubeconfig of the control plane: {0}; see hack/cluster.d/pki.sh")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    /// The API server answers with a fault.
    #[error("{what}: {source}")]
    Api {
        /// What was asked.
        what: String,
        /// What it said.
        source: kube::Error,
    },
    /// A definition was taken but is not served.
    #[error("{0} was not Established within {1} seconds; see status.conditions of the definition")]
    NotEstablished(String, u64),
}

impl TestingError {
    /// A fault of the API server when it was asked for `what`.
    pub fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        |source| Self::Api { what, source }
    }
}
