//! How far a workspace is: the one fact that conditions, phase and retry follow from.

use std::time::Duration;

use wire::Digest;

use super::check::Refusal;
use crate::config::Bounds;

/// Where a workspace stands on its way to the wish of its spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// A rule says no; what runs goes on running.
    Refused(Refusal),
    /// The API server says no to a write, for good.
    WriteRefused {
        /// Condition that turns false.
        condition: &'static str,
        /// Its words.
        message: String,
    },
    /// The API server does not take a write for now: it is busy, or something else has to happen first.
    Delayed {
        /// Condition that turns false.
        condition: &'static str,
        /// Its words.
        message: String,
    },
    /// The name of the workspace namespace belongs to somebody else.
    NamespaceTaken,
    /// The namespace of a former workspace of this name is still going.
    NamespaceTerminating,
    /// Namespace, protections and pod are being made.
    #[default]
    Preparing,
    /// The pod waits for a node; the scheduler's words.
    Scheduling(String),
    /// The wanted image is on its way to the node, while an older step runs.
    Pulling {
        /// What is pulled.
        image: String,
        /// The step that stays usable.
        usable: String,
    },
    /// The wanted image cannot be brought to the node.
    PullFailed {
        /// What was pulled.
        image: String,
        /// The node's word, `ErrImagePull` and the like.
        reason: String,
        /// The registry's words.
        message: String,
        /// The step that stays usable; nothing if the container itself waits for the image.
        usable: Option<String>,
    },
    /// The image was asked for, or its container starts.
    Swapping {
        /// Whether the image is known to be on the node. If not, the node may be pulling it.
        image_present: bool,
    },
    /// The container does not stay up.
    StartFailed {
        /// The node's word, `CrashLoopBackOff` and the like.
        reason: String,
        /// The node's words.
        message: String,
    },
    /// The container runs for all that is known, but this node has stopped to report.
    NodeSilent(String),
    /// The pod ended or is being deleted, not on request, and is made again.
    PodLost {
        /// What happened.
        message: String,
        /// Node that has to let it go first.
        node: Option<String>,
    },
    /// The pod is being taken away on request.
    Suspending,
    /// There is no pod, as asked.
    Suspended,
    /// The wanted step runs: this digest.
    Proven(Digest),
}

/// Stages that share a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// A namespace goes.
    Namespace,
    /// An image comes.
    Pull,
    /// A container starts.
    Rollout,
    /// It did not work, and is tried again: the next try has a clock of its own.
    Failed,
    /// Nothing is on the way.
    Ended,
}

impl Stage {
    /// Whether nothing more happens unless somebody or something else changes.
    ///
    /// Such a stage is written at once; a stage on the way may pass before anybody has to know.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::WriteRefused { .. }
            | Self::NamespaceTaken
            | Self::PullFailed { .. }
            | Self::StartFailed { .. }
            | Self::Suspended
            | Self::Proven(_) => true,
            Self::Delayed { .. }
            | Self::NamespaceTerminating
            | Self::Preparing
            | Self::Scheduling(_)
            | Self::Pulling { .. }
            | Self::Swapping { .. }
            | Self::NodeSilent(_)
            | Self::PodLost { .. }
            | Self::Suspending => false,
        }
    }

    /// A word for the trace of a wish that has come to an end.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Proven(_) => "proven",
            Self::Suspended => "suspended",
            Self::Refused(_) | Self::WriteRefused { .. } | Self::NamespaceTaken => "refused",
            _ => "under way",
        }
    }

    /// Whether it may be about the container before: kubelet goes on saying what it said of that
    /// one for up to a second after it has seen the new spec.
    #[must_use]
    pub fn may_be_old_news(&self) -> bool {
        matches!(self, Self::StartFailed { .. } | Self::PullFailed { usable: None, .. })
    }

    /// Which clock runs.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            Self::NamespaceTerminating => Lane::Namespace,
            Self::Pulling { .. } | Self::Swapping { image_present: false } => Lane::Pull,
            Self::Delayed { .. }
            | Self::Preparing
            | Self::Scheduling(_)
            | Self::Swapping { image_present: true }
            | Self::NodeSilent(_)
            | Self::PodLost { .. }
            | Self::Suspending => Lane::Rollout,
            Self::PullFailed { .. } | Self::StartFailed { .. } => Lane::Failed,
            Self::Refused(_)
            | Self::WriteRefused { .. }
            | Self::NamespaceTaken
            | Self::Suspended
            | Self::Proven(_) => Lane::Ended,
        }
    }

    /// The bound of D28: how long this lane may take before status calls it stalled.
    #[must_use]
    pub fn bound(&self, bounds: &Bounds) -> Duration {
        match self.lane() {
            Lane::Namespace => bounds.namespace,
            Lane::Pull => bounds.pull,
            Lane::Rollout | Lane::Failed | Lane::Ended => bounds.rollout,
        }
    }
}
