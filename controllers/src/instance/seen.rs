//! What the stores show of a workspace pod, reduced to what decisions need.

use api::names;
use api::v1::RunAs;
use k8s_openapi::api::core::v1::{Container, ContainerStateTerminated, ContainerStatus, Pod, PodSpec};
use wire::Digest;

use crate::children::pod::{Asked, asked};

/// The longest text of a container's last words that a message quotes.
const LAST_WORDS: usize = 300;

/// The workspace pod, as last seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodSeen {
    /// Uid.
    pub uid: String,
    /// Generation of its spec, where the server counts (Kubernetes 1.33).
    pub generation: Option<i64>,
    /// Node, once scheduled.
    pub node: Option<String>,
    /// User of the container.
    pub run_as: RunAs,
    /// Step and reset count of its annotations.
    pub asked: Option<Asked>,
    /// Image of its spec.
    pub image: String,
    /// Position of the workspace container in the spec.
    pub container: usize,
    /// Container id now or last.
    pub container_id: String,
    /// Container id that the last move replaces.
    pub replaces: String,
    /// Whether the container runs.
    pub running: bool,
    /// Whether its node still reports, for all that Kubernetes knows.
    pub node_reports: bool,
    /// Digest that the container was made from.
    pub running_digest: Option<Digest>,
    /// Whether kubelet has seen the newest spec.
    pub observed: bool,
    /// Why a container waits.
    pub waiting: Option<Waiting>,
    /// Deletion was asked for.
    pub deleting: bool,
    /// The pod ended: evicted, finished; its reason.
    pub finished: Option<String>,
    /// Why it is not scheduled.
    pub unscheduled: Option<String>,
}

/// Why a container waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Image of the container.
    pub image: String,
    /// Kubelet's word.
    pub reason: String,
    /// Its words, or how the container ended if that says more.
    pub message: String,
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
        let replaces =
            pod.metadata.annotations.as_ref().and_then(|all| all.get(names::REPLACES_ANNOTATION)).cloned();
        Self {
            uid: pod.metadata.uid.clone().unwrap_or_default(),
            generation: pod.metadata.generation,
            node: spec.and_then(|spec| spec.node_name.clone()),
            run_as: spec.map(run_as).unwrap_or_default(),
            asked: asked(&pod.metadata),
            container,
            container_id: current.and_then(|c| c.container_id.clone()).unwrap_or_default(),
            replaces: replaces.unwrap_or_default(),
            running: state.is_some_and(|state| state.running.is_some()),
            node_reports: !is_unready(pod),
            running_digest: current.and_then(|c| digest_of(&c.image_id)),
            observed: observed(pod),
            waiting: current.and_then(|c| waiting(c, &image)).or_else(|| waiting_before(pod)),
            deleting: pod.metadata.deletion_timestamp.is_some(),
            finished: finished(pod),
            unscheduled: unscheduled(pod),
            image,
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

fn run_as(spec: &PodSpec) -> RunAs {
    let user = spec.security_context.as_ref().and_then(|context| context.run_as_user);
    match (spec.host_users, user) {
        (Some(false), _) => RunAs::Root,
        (_, Some(0)) => RunAs::RootWithoutUserNamespace,
        _ => RunAs::NonRoot,
    }
}

/// Servers before 1.33 do not count; there the container id alone has to do.
fn observed(pod: &Pod) -> bool {
    let seen = pod.status.as_ref().and_then(|status| status.observed_generation);
    match (pod.metadata.generation, seen) {
        (Some(generation), Some(seen)) => seen >= generation,
        (Some(_), None) | (None, _) => true,
    }
}

/// Unready without a reason is the word of the node controller about a node that is silent; kubelet
/// itself always gives one.
fn is_unready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.into_iter().flatten().any(|c| {
        c.type_ == "Ready" && c.status != "True" && c.reason.as_deref().unwrap_or_default().is_empty()
    })
}

/// Why a container waits, if it is not just taking its time.
pub(super) fn waiting(container: &ContainerStatus, image: &str) -> Option<Waiting> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.clone().filter(|reason| {
        // Kubelet's words for "nothing is wrong, it takes its time".
        !matches!(reason.as_str(), "ContainerCreating" | "PodInitializing")
    })?;
    let ended = || container.last_state.as_ref()?.terminated.as_ref().map(last_words);
    // "back-off 40s restarting failed container" says nothing of why, and changes with each try.
    let message = if reason == "CrashLoopBackOff" { ended() } else { None };
    let message = message.or_else(|| waiting.message.clone()).unwrap_or_default();
    Some(Waiting { image: image.to_owned(), reason, message })
}

/// How a container ended: `exit code 137, OOMKilled`.
fn last_words(ended: &ContainerStateTerminated) -> String {
    let mut text = format!("it ended with exit code {}", ended.exit_code);
    // "Error" stands beside every exit code but 0.
    for more in [&ended.reason, &ended.message] {
        let more = more.as_deref().map(str::trim).unwrap_or_default();
        if !matches!(more, "" | "Error" | "Completed") {
            text.push_str(", ");
            text.extend(more.chars().take(LAST_WORDS));
        }
    }
    text
}

/// A failing init container is why the workspace container waits.
pub(super) fn waiting_before(pod: &Pod) -> Option<Waiting> {
    let image_of = |name: &str| {
        let is_it = |container: &&Container| container.name == name;
        pod.spec.as_ref()?.init_containers.as_ref()?.iter().find(is_it)?.image.clone()
    };
    let mut all = pod.status.as_ref()?.init_container_statuses.as_ref()?.iter();
    all.find_map(|container| waiting(container, &image_of(&container.name).unwrap_or_default()))
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
