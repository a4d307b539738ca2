//! What should exist now, and what the next single move is. An ordinary function: table tests.

use k8s_openapi::api::core::v1::{LimitRange, Namespace, Pod, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use wire::Digest;

use super::check::{Checked, Refusal};
use super::gather::{Gathered, NamespaceSeen};
use super::pod_move::Mover;
use super::pulled::Pulled;
use super::stage::Stage;
use crate::children::pod::Asked;
use crate::children::{Children, namespace, seal, security_level};
use crate::config::Config;

/// What `apply` writes, and the stage that holds if it does.
#[derive(Debug, Default)]
pub struct Planned {
    /// The namespace's next move.
    pub namespace: NamespaceMove,
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
    /// Pull pods that may have failed without having said so: name and uid.
    pub touched_pulls: Vec<(String, String)>,
    /// Where the workspace stands then.
    pub stage: Stage,
}

/// The namespace's next move.
#[derive(Debug, Default)]
pub enum NamespaceMove {
    /// Nothing to do.
    #[default]
    Stay,
    /// Make it.
    Create(Box<Namespace>),
    /// Give it the Pod Security level that its pod needs: the pod is about to run as another user
    /// than the one before, or somebody changed the label.
    SetLevel {
        /// Uid of the namespace that was seen.
        uid: String,
        /// `restricted` or `baseline`.
        level: &'static str,
    },
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
    /// What the operator may do with the workspace; nothing else can be written before it.
    pub operator_binding: Option<RoleBinding>,
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
        Err(refusal) => return only(Stage::Refused(refusal)),
    };
    let namespace = match &gathered.namespace {
        // Also one of a former instance of this name: it frees the name.
        Some(seen) if seen.deleting => return only(Stage::NamespaceTerminating),
        Some(seen) if !seen.ours => return only(Stage::NamespaceTaken),
        Some(seen) => level(seen, gathered, &checked),
        None => NamespaceMove::Create(Box::new(namespace(&gathered.owner, checked.effective.run_as))),
    };
    let mut planned =
        Planned { namespace, children: needed(gathered, &checked, config), ..Planned::default() };
    planned.pull_secrets =
        if gathered.pod.is_none() { checked.effective.pull_secrets.clone() } else { Vec::new() };
    planned.stage =
        Mover { gathered, checked: &checked, config, pulled: &pulled, planned: &mut planned }.next();
    planned
}

fn only(stage: Stage) -> Planned {
    Planned { stage, ..Planned::default() }
}

/// The level follows the pod that is there: admission asks it again at every move.
fn level(seen: &NamespaceSeen, gathered: &Gathered, checked: &Checked) -> NamespaceMove {
    let run_as = gathered.pod.as_ref().map_or(checked.effective.run_as, |pod| pod.run_as);
    let level = security_level(run_as);
    if seen.level.as_deref() == Some(level) {
        return NamespaceMove::Stay;
    }
    NamespaceMove::SetLevel { uid: seen.uid.clone(), level }
}

/// Children whose seal is missing or another. They follow a changed template at once, since none of
/// them restarts anything; the pod keeps what it was made with.
fn needed(gathered: &Gathered, checked: &Checked, config: &Config) -> NeededChildren {
    let wanted = Children::of(&gathered.owner, &checked.effective, config);
    let seals = &gathered.seals;
    NeededChildren {
        resource_quota: unless_sealed(wanted.resource_quota, seals.resource_quota.as_deref()),
        limit_range: unless_sealed(wanted.limit_range, seals.limit_range.as_deref()),
        network_policy: unless_sealed(wanted.network_policy, seals.network_policy.as_deref()),
        service_account: unless_sealed(wanted.service_account, seals.service_account.as_deref()),
        role_binding: unless_sealed(wanted.role_binding, seals.role_binding.as_deref()),
        operator_binding: unless_sealed(wanted.operator_binding, seals.operator_binding.as_deref()),
    }
}

fn unless_sealed<K: kube::Resource>(wanted: K, seen: Option<&str>) -> Option<K> {
    (seal(wanted.meta()) != seen).then_some(wanted)
}
