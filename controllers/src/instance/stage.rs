//! How far a workspace is: the one fact that conditions, phase and retry follow from.

use wire::Digest;

use super::check::Refusal;

/// Where a workspace stands on its way to the wish of its spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A rule says no; what runs goes on running.
    Refused(Refusal),
    /// The name of the workspace namespace belongs to somebody else.
    NamespaceTaken,
    /// The namespace of a former workspace of this name is still going.
    NamespaceTerminating,
    /// Namespace, protections and pod are being made.
    Preparing,
    /// The pod waits for a node; the scheduler's words.
    Scheduling(String),
    /// The wanted image is on its way to the node; this one.
    Pulling(String),
    /// The wanted image cannot be brought to the node.
    PullFailed {
        /// What was pulled.
        image: String,
        /// The node's word, `ErrImagePull` and the like.
        reason: String,
        /// The registry's words.
        message: String,
    },
    /// The image was asked for, or its container starts.
    Swapping,
    /// The container does not stay up.
    StartFailed {
        /// The node's word, `CrashLoopBackOff` and the like.
        reason: String,
        /// The node's words.
        message: String,
    },
    /// The pod ended by itself and is made again.
    PodLost(String),
    /// The pod is being taken away on request.
    Suspending,
    /// There is no pod, as asked.
    Suspended,
    /// The wanted step runs: this digest.
    Proven(Digest),
}

impl Stage {
    /// Whether nothing more happens unless somebody or something else changes.
    ///
    /// Such a stage is written at once; a stage on the way may pass before anybody has to know.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::NamespaceTaken
            | Self::PullFailed { .. }
            | Self::StartFailed { .. }
            | Self::Suspended
            | Self::Proven(_) => true,
            Self::NamespaceTerminating
            | Self::Preparing
            | Self::Scheduling(_)
            | Self::Pulling(_)
            | Self::Swapping
            | Self::PodLost(_)
            | Self::Suspending => false,
        }
    }
}
