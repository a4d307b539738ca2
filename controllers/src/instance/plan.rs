//! What should exist now, and what the next single move is. An ordinary function: table tests.

use api::v1::OperatingMode;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, Pod, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use wire::{Digest, ImageReference};

use super::check::{Checked, Refusal};
use super::gather::Gathered;
use super::seen::{PodSeen, Pulled};
use super::stage::Stage;
use crate::children::pod::{Asked, PodWish, workspace_pod};
use crate::children::pull_pod::pull_pod;
use crate::children::{Children, namespace, seal};
use crate::config::Config;

/// What `apply` writes, and the stage that holds if it does.
#[derive(Debug, Default)]
pub struct Planned {
    /// The namespace, if it has to be made.
    pub namespace: Option<Namespace>,
    /// Protections that are missing or differ.
    pub children: NeededChildren,
    /// Secrets of the operator's namespace that the workspace needs as well.
    pub pull_secrets: Vec<String>,
    /// The pod's next move.
    pub pod: PodMove,
    /// Pull pods to make.
    pub pulls: Vec<Pod>,
    /// Pull pods that failed, to be made again: name and uid.
    pub failed_pulls: Vec<(String, String)>,
    /// Where the workspace stands then; `None` only in a plan of nothing.
    pub stage: Option<Stage>,
}

/// Protections that are missing or differ, each with its kind.
#[derive(Debug, Default)]
pub struct NeededChildren {
    /// Limits of the namespace.
    pub resource_quota: Option<ResourceQuota>,
    /// Limits of what else is started.
    pub limit_range: Option<LimitRange>,
    /// Who reaches it and what it reaches.
    pub network_policy: Option<NetworkPolicy>,
    /// Identity of the pod.
    pub service_account: Option<ServiceAccount>,
    /// What that identity may do.
    pub role_binding: Option<RoleBinding>,
}

/// The pod's next move.
#[derive(Debug, Default)]
pub enum PodMove {
    /// Nothing to do.
    #[default]
    Stay,
    /// Make it.
    Create(Box<Pod>),
    /// Swap its image in place.
    Swap(Swap),
    /// Take this one away.
    Delete {
        /// Uid of the pod that was seen.
        uid: String,
    },
}

/// The one patch of a move (api.md, "The move, exactly").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Uid of the pod that was seen.
    pub uid: String,
    /// Position of the container.
    pub container: usize,
    /// Image that was seen.
    pub old_image: String,
    /// Image wanted, unique for this transition.
    pub new_image: String,
    /// Annotations written with it.
    pub asked: Asked,
    /// Container id that the move replaces.
    pub replaces: String,
}

/// Decides. `pulled` answers what is known of an image on a node.
pub fn plan(
    gathered: &Gathered,
    checked: Result<Checked, Refusal>,
    config: &Config,
    pulled: impl Fn(&str, &Digest) -> Pulled,
) -> Planned {
    let checked = match checked {
        Ok(checked) => checked,
        // What runs goes on running: nobody loses work because a template was edited.
        Err(refusal) => return Planned { stage: Some(Stage::Refused(refusal)), ..Planned::default() },
    };
    let wanted_namespace = match &gathered.namespace {
        Some(seen) if seen.deleting => return only(Stage::NamespaceTerminating),
        Some(seen) if !seen.ours => return only(Stage::NamespaceTaken),
        Some(_) => None,
        None => Some(namespace(&gathered.owner, checked.effective.run_as)),
    };
    let mut planned = Planned {
        namespace: wanted_namespace,
        children: needed(gathered, &checked, config),
        ..Planned::default()
    };
    planned.pull_secrets =
        if gathered.pod.is_none() { checked.effective.pull_secrets.clone() } else { Vec::new() };
    let mut mover = Mover { gathered, checked: &checked, config, pulled: &pulled, planned: &mut planned };
    let stage = mover.pod();
    planned.stage = Some(stage);
    planned
}

fn only(stage: Stage) -> Planned {
    Planned { stage: Some(stage), ..Planned::default() }
}

/// Children whose seal is missing or another. They follow a changed template at once, since none of
/// them restarts anything; the pod keeps what it was made with.
fn needed(gathered: &Gathered, checked: &Checked, config: &Config) -> NeededChildren {
    let wanted = Children::of(&gathered.owner, &checked.effective, &config.namespace);
    let seals = &gathered.seals;
    NeededChildren {
        resource_quota: unless_sealed(wanted.resource_quota, seals.resource_quota.as_deref()),
        limit_range: unless_sealed(wanted.limit_range, seals.limit_range.as_deref()),
        network_policy: unless_sealed(wanted.network_policy, seals.network_policy.as_deref()),
        service_account: unless_sealed(wanted.service_account, seals.service_account.as_deref()),
        role_binding: unless_sealed(wanted.role_binding, seals.role_binding.as_deref()),
    }
}

fn unless_sealed<K: kube::Resource>(wanted: K, seen: Option<&str>) -> Option<K> {
    (seal(wanted.meta()) != seen).then_some(wanted)
}

struct Mover<'a, P> {
    gathered: &'a Gathered,
    checked: &'a Checked,
    config: &'a Config,
    pulled: &'a P,
    planned: &'a mut Planned,
}

impl<P: Fn(&str, &Digest) -> Pulled> Mover<'_, P> {
    fn pod(&mut self) -> Stage {
        let suspended = self.checked.mode == OperatingMode::Suspended;
        match &self.gathered.pod {
            None if suspended => Stage::Suspended,
            None => self.create(),
            Some(pod) if pod.deleting && suspended => Stage::Suspending,
            Some(pod) if pod.deleting => Stage::PodLost("the pod is being deleted".to_owned()),
            Some(pod) if suspended => {
                self.planned.pod = PodMove::Delete { uid: pod.uid.clone() };
                Stage::Suspending
            }
            Some(pod) => match &pod.finished {
                Some(reason) => {
                    self.planned.pod = PodMove::Delete { uid: pod.uid.clone() };
                    Stage::PodLost(format!("the pod ended: {reason}"))
                }
                None => self.running(pod),
            },
        }
    }

    fn create(&mut self) -> Stage {
        let image = nonce(&self.checked.image, self.generation(), "", &self.checked.digest);
        let pod = workspace_pod(&PodWish {
            owner: &self.gathered.owner,
            effective: &self.checked.effective,
            asked: &self.checked.asked,
            image: &image,
            agent_image: &self.config.agent_image,
        });
        self.planned.pod = PodMove::Create(Box::new(pod));
        Stage::Preparing
    }

    fn running(&mut self, pod: &PodSeen) -> Stage {
        match self.target(pod) {
            Some(digest) => self.settle(pod, &digest),
            None => self.start_move(pod),
        }
    }

    /// The digest that the pod was rightly asked for, or nothing when it has to move.
    ///
    /// A template that changed under a running step is no reason to move: the digest that status
    /// has proven stays right until somebody moves or resets.
    fn target(&self, pod: &PodSeen) -> Option<Digest> {
        let asked = pod.asked.as_ref()? == &self.checked.asked;
        let digest = pod.wanted_digest()?;
        let proven = self.gathered.instance.status.as_ref().and_then(|status| status.current_step.as_ref());
        let right = digest == self.checked.digest
            || proven
                .is_some_and(|step| step.digest == digest.as_str() && step.id == self.checked.asked.step);
        (asked && right).then_some(digest)
    }

    /// The image was asked for: is it proven, and is what comes next on the node?
    fn settle(&mut self, pod: &PodSeen, digest: &Digest) -> Stage {
        if pod.proves(digest) {
            if let Some(node) = &pod.node {
                self.hold(node, &self.checked.image, digest);
                if let Some((image, next)) = &self.checked.next {
                    self.hold(node, image, next);
                }
            }
            return Stage::Proven(digest.clone());
        }
        if let Some((reason, message)) = &pod.waiting {
            return waiting(&pod.image, reason, message);
        }
        match &pod.unscheduled {
            Some(message) if pod.node.is_none() => Stage::Scheduling(message.clone()),
            _ => Stage::Swapping,
        }
    }

    /// Pull first, then swap (D27): nothing usable is taken away for an image that is not there.
    fn start_move(&mut self, pod: &PodSeen) -> Stage {
        let digest = &self.checked.digest;
        if let Some(node) = pod.node.as_deref().filter(|node| self.is_usable(pod, node))
            && pod.running_digest.as_ref() != Some(digest)
        {
            match (self.pulled)(node, digest) {
                Pulled::Held => {}
                Pulled::Pulling => return Stage::Pulling(self.image_name(digest)),
                Pulled::Unknown => {
                    self.make_pull(node, &self.checked.image, digest);
                    return Stage::Pulling(self.image_name(digest));
                }
                Pulled::Failed { uid, since, reason, message } => {
                    self.retry_pull(node, uid, since);
                    return Stage::PullFailed { image: self.image_name(digest), reason, message };
                }
            }
        }
        self.planned.pod = PodMove::Swap(Swap {
            uid: pod.uid.clone(),
            container: pod.container,
            old_image: pod.image.clone(),
            new_image: nonce(&self.checked.image, self.generation(), &pod.image, digest),
            asked: self.checked.asked.clone(),
            replaces: pod.container_id.clone(),
        });
        Stage::Swapping
    }

    /// Whether the learner has something to lose: a container that runs, or one whose image lies on
    /// the node and is about to.
    fn is_usable(&self, pod: &PodSeen, node: &str) -> bool {
        let about_to_run = || {
            pod.waiting.is_none()
                && pod.wanted_digest().is_some_and(|digest| (self.pulled)(node, &digest) == Pulled::Held)
        };
        pod.running || about_to_run()
    }

    /// A failed pull of the wanted step is tried again every ten seconds; kubelet alone would wait
    /// up to five minutes (D28).
    fn retry_pull(&mut self, node: &str, uid: String, since: jiff::Timestamp) {
        let age = std::time::Duration::try_from(self.gathered.now.duration_since(since)).unwrap_or_default();
        if age >= self.config.bounds.pull_retry {
            let name = crate::children::pull_pod::pull_name(node, &self.checked.digest);
            self.planned.failed_pulls.push((name, uid));
        }
    }

    /// Asks for a pull pod that holds this image, once. Kubelet's own retries are enough for it.
    fn hold(&mut self, node: &str, image: &ImageReference, digest: &Digest) {
        if (self.pulled)(node, digest) == Pulled::Unknown {
            self.make_pull(node, image, digest);
        }
    }

    fn make_pull(&mut self, node: &str, image: &ImageReference, digest: &Digest) {
        let pinned = format!("{}@{digest}", image.name());
        self.planned.pulls.push(pull_pod(
            &self.config.namespace,
            node,
            &pinned,
            digest,
            &self.config.agent_image,
            &self.checked.effective.pull_secrets,
        ));
    }

    fn image_name(&self, digest: &Digest) -> String {
        format!("{}@{digest}", self.checked.image.name())
    }

    fn generation(&self) -> i64 {
        self.gathered.instance.metadata.generation.unwrap_or_default()
    }
}

/// What kubelet's word means for a container that was asked for.
fn waiting(image: &str, reason: &str, message: &str) -> Stage {
    let (reason, message) = (reason.to_owned(), message.to_owned());
    match reason.as_str() {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "InvalidImageName"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => Stage::PullFailed { image: image.to_owned(), reason, message },
        _ => Stage::StartFailed { reason, message },
    }
}

/// `repository:g<generation>@digest`, with `-n` appended where this generation has named an image
/// before. A reference that this pod never had meets no crash back-off, and needs no memory: the
/// same question has the same answer after a lost one.
#[must_use]
pub fn nonce(image: &ImageReference, generation: i64, seen: &str, digest: &Digest) -> String {
    let base = format!("g{generation}");
    let seen_tag =
        seen.rsplit_once('@').and_then(|(name, _)| name.rsplit_once(':')).map_or("", |(_, tag)| tag);
    let repair = match seen_tag.strip_prefix(base.as_str()) {
        Some("") => "-1".to_owned(),
        Some(rest) => match rest.strip_prefix('-').and_then(|number| number.parse::<u32>().ok()) {
            Some(number) => format!("-{}", number + 1),
            None => String::new(),
        },
        None => String::new(),
    };
    format!("{}:{base}{repair}@{digest}", image.name())
}
