//! What the stores show of a pull pod.

use k8s_openapi::api::core::v1::Pod;

use super::seen::{waiting, waiting_before};
use crate::children::pull_pod::PULL_CONTAINER;

/// What is known of an image on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Nobody asked yet.
    Unknown,
    /// On its way.
    Pulling {
        /// Uid of the pull pod.
        uid: String,
        /// When the pull pod was made.
        since: jiff::Timestamp,
    },
    /// Its pull pod is being deleted; another one can be made only once the name is free.
    Going,
    /// There, and held by a completed pull pod.
    Held,
    /// The pull pod failed.
    Failed {
        /// Uid of the pull pod.
        uid: String,
        /// When the pull pod was made.
        since: jiff::Timestamp,
        /// Whether it is over. If not, kubelet tries again by its own clock.
        ended: bool,
        /// Image that could not be had: the step's, or the agent's.
        image: String,
        /// The node's word.
        reason: String,
        /// The registry's words.
        message: String,
    },
}

/// Reads a pull pod.
#[must_use]
pub fn pulled(pod: &Pod) -> Pulled {
    if pod.metadata.deletion_timestamp.is_some() {
        return Pulled::Going;
    }
    let status = pod.status.as_ref();
    let image = step_image(pod);
    let uid = pod.metadata.uid.clone().unwrap_or_default();
    let since = pod.metadata.creation_timestamp.as_ref().map(|time| time.0).unwrap_or_default();
    let failed = |ended, image, reason, message| Pulled::Failed {
        uid: uid.clone(),
        since,
        ended,
        image,
        reason,
        message,
    };
    match status.and_then(|status| status.phase.as_deref()) {
        Some("Succeeded") => return Pulled::Held,
        Some("Failed") => {
            let reason = status.and_then(|s| s.reason.clone()).unwrap_or_else(|| "PodFailed".to_owned());
            return failed(true, image, reason, status.and_then(|s| s.message.clone()).unwrap_or_default());
        }
        _ => {}
    }
    let container = status
        .and_then(|status| status.container_statuses.as_ref())
        .and_then(|all| all.iter().find(|c| c.name == PULL_CONTAINER));
    match container.and_then(|c| waiting(c, &image)).or_else(|| waiting_before(pod)) {
        Some(why) => failed(false, why.image, why.reason, why.message),
        None => Pulled::Pulling { uid, since },
    }
}

fn step_image(pod: &Pod) -> String {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut images = containers.filter(|c| c.name == PULL_CONTAINER).filter_map(|c| c.image.clone());
    images.next().unwrap_or_default()
}
