//! What keeps a workshop from being built.

use std::fmt;
use std::path::PathBuf;

use api::fault::Fault;
use thiserror::Error;

/// A fault and the file that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// As a person would open it.
    pub file: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

/// `step-spec.yaml:12:7: steps[1].id: …`, which editors and terminals can jump to.
impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { line, column, .. } = self.fault;
        write!(f, "{}:{line}:{column}: {}", self.file.display(), self.fault)
    }
}

/// Why nothing is built.
#[derive(Debug, Error)]
pub enum PlanError {
    /// Everything that is wrong with the files of the workshop.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<FileFault>),
    /// There is no specification.
    #[error(
        "{}: not found; name a folder that holds step-spec.yaml, or the specification itself", .0.display()
    )]
    NoSpecification(PathBuf),
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// An option that cannot be used.
    #[error("--{option}: {reason}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a build stopped. Steps that were pushed stay; the workshop file is not touched.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The base image.
    #[error("base image: {0}")]
    Base(Box<oci::ImageError>),
    /// A layer of the base whose file list cannot be read.
    #[error("layer {digest}: {reason}")]
    Layer {
        /// Digest of the layer.
        digest: wire::Digest,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// Files that do not fit into the image below them.
    #[error("step \"{id}\": {reason}")]
    Step {
        /// Id of the step.
        id: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Pushing or reading a step's image.
    #[error("step \"{id}\": {source}")]
    Image {
        /// Id of the step.
        id: String,
        /// What the registry said.
        source: Box<oci::ImageError>,
    },
    /// A step that `--from-step` takes as built is not there.
    #[error(
        "--from-step: step \"{id}\" is not built ({reference} is not in the registry); build once without --from-step"
    )]
    NotBuilt {
        /// Id of the step.
        id: String,
        /// Where it was looked for.
        reference: wire::ImageReference,
    },
    /// A name.
    #[error(transparent)]
    Reference(#[from] wire::ReferenceError),
    /// The workshop file.
    #[error(transparent)]
    Artifact(#[from] artifact::WriteError),
}
