//! What can go wrong around a journey.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Why a journey could not go on.
#[derive(Debug, Error)]
pub enum LiveError {
    /// The API server answers with a fault.
    #[error("{what}: {source}")]
    Api {
        /// What was asked.
        what: String,
        /// What it said.
        source: Box<kube::Error>,
    },
    /// Something did not come to be.
    #[error("{what}: not so after {} s; last seen: {last}", limit.as_secs())]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// What was there instead.
        last: String,
    },
    /// A program ended with a fault.
    #[error("{command}: {said}")]
    Program {
        /// Its command line.
        command: String,
        /// Its last words.
        said: String,
    },
    /// A file or a connection.
    #[error("{what}: {source}")]
    Io {
        /// Which, and what was done with it.
        what: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no cluster with the product on it.
    #[error("{0} (journeys need: hack/cluster up && hack/install-product)")]
    NoWorld(String),
    /// An image of a step.
    #[error("image of step {step}: {said}")]
    Image {
        /// The step.
        step: String,
        /// What the image code says.
        said: String,
    },
    /// The audit log does not go back as far as the mark.
    #[error("{} was begun anew since the mark; run the journey again", .0.display())]
    Rotated(PathBuf),
    /// Something has a form that nobody expected.
    #[error("{what}: {said}")]
    Form {
        /// What was read.
        what: String,
        /// What is wrong with it.
        said: String,
    },
}

impl LiveError {
    /// A fault of the API server when it was asked for `what`.
    pub(super) fn api(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let what = what.into();
        |source| Self::Api { what, source: Box::new(source) }
    }

    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        |source| Self::Io { what, source }
    }

    pub(super) fn form(what: impl Into<String>, said: impl ToString) -> Self {
        Self::Form { what: what.into(), said: said.to_string() }
    }
}
