//! What the stores show of a workspace, reduced to what decisions need.

use api::names;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use wire::Digest;

use crate::children::pod::{Asked, asked};
use crate::children::pull_pod::PULL_CONTAINER;

/// The workspace pod, as last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodSeen {
    /// Uid.
    pub uid: String,
    /// Node, once scheduled.
    pub node: Option<String>,
    /// Step and reset count of its annotations.
    pub asked: Option<Asked>,
    /// Image of its spec, and where the container stands in it.
    pub image: String,
    /// Position of the workspace container in the spec.
    pub container: usize,
    /// Container id now or last.
    pub container_id: String,
    /// Container id that the last move replaces.
    pub replaces: String,
    /// Whether the container runs.
    pub running: bool,
    /// Digest that the container was made from.
    pub running_digest: Option<Digest>,
    /// Whether kubelet has seen the newest spec.
    pub observed: bool,
    /// Why the container waits: reason and message.
    pub waiting: Option<(String, String)>,
    /// Deletion was asked for.
    pub deleting: bool,
    /// The pod ended: evicted, finished; its reason.
    pub finished: Option<String>,
    /// Why it is not scheduled.
    pub unscheduled: Option<String>,
}

impl PodSeen {
    /// Reads a pod. A pod without our container reads as one without an image, which no step has.
    #[must_use]
    pub fn of(pod: &Pod) -> Self {
        let spec = pod.spec.as_ref();
        let status = pod.status.as_ref();
        let container = spec
            .and_then(|spec| spec.containers.iter().position(|c| c.name == names::WORKSPACE_CONTAINER))
            .unwrap_or_default();
        let image = spec
            .and_then(|spec| spec.containers.get(container))
            .and_then(|container| container.image.clone())
            .unwrap_or_default();
        let current = status
            .and_then(|status| status.container_statuses.as_ref())
            .and_then(|all| all.iter().find(|c| c.name == names::WORKSPACE_CONTAINER));
        let state = current.and_then(|current| current.state.as_ref());
        let annotations = pod.metadata.annotations.as_ref();
        Self {
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            node: spec.and_then(|spec| spec.node_name.clone()),
            asked: asked(&pod.metadata),
            image,
            container,
            container_id: current.and_then(|c| c.container_id.clone()).unwrap_or_default(),
            replaces: annotations
                .and_then(|all| all.get(names::REPLACES_ANNOTATION).cloned())
                .unwrap_or_default(),
            running: state.is_some_and(|state| state.running.is_some()),
            running_digest: current.and_then(|c| digest_of(&c.image_id)),
            observed: observed(pod),
            waiting: current.and_then(waiting).or_else(|| init_waiting(pod)),
            deleting: pod.metadata.deletion_timestamp.is_some(),
            finished: finished(pod),
            unscheduled: unscheduled(pod),
        }
    }

    /// Digest that the spec asks for.
    #[must_use]
    pub fn wanted_digest(&self) -> Option<Digest> {
        digest_of(&self.image)
    }

    /// The proof of a swap (D27): another container than the replaced one runs, made from this
    /// digest, and kubelet has seen the newest spec. Times are never compared.
    #[must_use]
    pub fn proves(&self, digest: &Digest) -> bool {
        self.running
            && self.observed
            && self.container_id != self.replaces
            && self.running_digest.as_ref() == Some(digest)
    }
}

/// The digest at the end of an image reference or image id. Only digests are compared: an image id
/// may name another repository that holds the same image.
fn digest_of(image: &str) -> Option<Digest> {
    image.rsplit_once('@')?.1.parse().ok()
}

/// Servers before 1.33 do not count; there the container id alone has to do.
fn observed(pod: &Pod) -> bool {
    let seen = pod.status.as_ref().and_then(|status| status.observed_generation);
    match (pod.metadata.generation, seen) {
        (Some(generation), Some(seen)) => seen >= generation,
        (Some(_), None) | (None, _) => true,
    }
}

fn waiting(container: &ContainerStatus) -> Option<(String, String)> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.clone().filter(|reason| {
        // Kubelet's words for "nothing is wrong, it takes its time".
        !matches!(reason.as_str(), "ContainerCreating" | "PodInitializing")
    })?;
    Some((reason, waiting.message.clone().unwrap_or_default()))
}

/// A failing init container is why the workspace container waits.
fn init_waiting(pod: &Pod) -> Option<(String, String)> {
    pod.status.as_ref()?.init_container_statuses.as_ref()?.iter().find_map(waiting)
}

fn finished(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    match status.phase.as_deref() {
        Some("Failed" | "Succeeded") => {
            Some(status.reason.clone().or_else(|| status.phase.clone()).unwrap_or_default())
        }
        _ => None,
    }
}

fn unscheduled(pod: &Pod) -> Option<String> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let scheduled = conditions.iter().find(|c| c.type_ == "PodScheduled" && c.status == "False")?;
    scheduled.message.clone()
}

/// What is known of an image on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Nobody asked yet.
    Unknown,
    /// On its way.
    Pulling,
    /// There, and held by a completed pull pod.
    Held,
    /// The pull pod failed; its uid, age and what the node says.
    Failed {
        /// Uid of the pull pod.
        uid: String,
        /// When the pull pod was made.
        since: jiff::Timestamp,
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
        return Pulled::Pulling;
    }
    let status = pod.status.as_ref();
    let failed = |reason: String, message: String| Pulled::Failed {
        uid: pod.metadata.uid.clone().unwrap_or_default(),
        since: pod.metadata.creation_timestamp.as_ref().map(|time| time.0).unwrap_or_default(),
        reason,
        message,
    };
    match status.and_then(|status| status.phase.as_deref()) {
        Some("Succeeded") => return Pulled::Held,
        Some("Failed") => {
            let reason = status.and_then(|s| s.reason.clone()).unwrap_or_else(|| "PodFailed".to_owned());
            return failed(reason, status.and_then(|s| s.message.clone()).unwrap_or_default());
        }
        _ => {}
    }
    let image = status
        .and_then(|status| status.container_statuses.as_ref())
        .and_then(|all| all.iter().find(|c| c.name == PULL_CONTAINER));
    match image.and_then(waiting).or_else(|| init_waiting(pod)) {
        Some((reason, message)) => failed(reason, message),
        None => Pulled::Pulling,
    }
}
