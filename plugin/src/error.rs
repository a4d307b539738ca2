//! Everything that can go wrong, as one enum. What a person reads of it is made in `report`.

use std::time::Duration;

use kube::config::KubeconfigError;
use thiserror::Error;

/// Why a command did not do what was asked.
#[derive(Debug, Error)]
pub enum Error {
    /// The API server refused or was not reached.
    #[error("cannot {doing}")]
    Api {
        /// What was tried, after "cannot".
        doing: String,
        /// Class and cluster.
        place: String,
        /// What came back.
        source: Box<kube::Error>,
    },
    /// No answer within `--request-timeout`.
    #[error("cannot {doing}")]
    NoAnswer {
        /// What was tried, after "cannot".
        doing: String,
        /// Class and cluster.
        place: String,
        /// How long was waited.
        after: Duration,
    },
    /// The kubeconfig cannot be used.
    #[error("cannot read the kubeconfig")]
    Kubeconfig {
        /// Files that were read.
        files: String,
        /// What is wrong with them.
        source: Box<KubeconfigError>,
    },
    /// The command line asks for what cannot be.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to write instead.
        todo: String,
    },
    /// A named thing does not exist.
    #[error("{what}")]
    NotFound {
        /// What is missing.
        what: String,
        /// What there is instead.
        why: String,
        /// Where to look.
        todo: String,
    },
    /// The field is declared by whoever tracks the object (D9, D56).
    #[error("cannot {doing}: fixed by your platform team")]
    FixedByPlatformTeam {
        /// What was tried, after "cannot".
        doing: String,
        /// Path of the field.
        field: &'static str,
        /// Field manager that owns it.
        manager: String,
        /// Argo CD or Flux.
        tracker: &'static str,
    },
    /// Waiting took too long.
    #[error("{what} within {after:?}")]
    TimedOut {
        /// What did not come, for example "ana is not ready".
        what: String,
        /// How long was waited.
        after: Duration,
        /// Last reason and message.
        why: String,
        /// Where to look.
        todo: String,
    },
    /// What was waited for is held by something that only a person can remove.
    #[error("{what}")]
    Blocked {
        /// What is not done.
        what: String,
        /// A line for each thing that is held, with what holds it.
        why: String,
        /// What to do.
        todo: String,
    },
    /// The operator says that a person has to act.
    #[error("{what}")]
    Stalled {
        /// What does not go on.
        what: String,
        /// Reason and message.
        why: String,
        /// Where to look.
        todo: String,
    },
    /// The object went away while it was waited for.
    #[error("{what}")]
    Gone {
        /// What went away.
        what: String,
    },
    /// A person said no, or nobody could be asked.
    #[error("{what}")]
    Declined {
        /// What was not done.
        what: String,
        /// How to do it.
        todo: String,
    },
    /// Some of several targets failed; each was reported when it did.
    #[error("{failed} of {of} failed")]
    PartFailed {
        /// How many failed.
        failed: usize,
        /// Out of how many.
        of: usize,
    },
    /// The file is not an artifact that this version can read.
    #[error("cannot read the artifact")]
    Artifact {
        /// Path of the file.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A registry refused or was not reached.
    #[error("{what}")]
    Registry {
        /// What was not done.
        what: String,
        /// Host and port.
        registry: String,
        /// What it said, and what to do.
        why: String,
    },
    /// The workshop cannot be built.
    #[error("{what}")]
    Build {
        /// What was not done.
        what: String,
        /// Every fault on a line.
        why: String,
        /// How to go on.
        todo: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted {
        /// What goes on in the cluster.
        left: Option<String>,
    },
    /// Whoever read standard output has gone; nobody is left to tell.
    #[error("the other end of the pipe is closed")]
    PipeClosed,
    /// An object cannot be written as JSON or YAML.
    #[error("cannot print the result")]
    Print(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The operating system refused what every program needs.
    #[error("cannot start")]
    Runtime(#[source] std::io::Error),
}
