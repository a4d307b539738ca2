//! How workspaces run: the fields that `workspace.yaml`, a template's `defaults` and an instance's
//! `overrides` share.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{duration, positive_duration, quantity};

/// Every field may be absent: what nobody sets comes from the operator's configuration (D2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// How long a workspace lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// One learner, or several in one workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Whether a nested Kubernetes cluster comes with the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Cluster>,
    /// Limits of the workspace container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Ways into the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// What a move keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<Transition>,
    /// User of the workspace container (D49).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as: Option<RunAs>,
}

/// How long a workspace lives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lifecycle {
    /// Whether the workspace outlives a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<LifecycleMode>,
    /// Time from the start after which the workspace is cleaned up, for example `4h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "positive_duration")]
    pub ttl: Option<String>,
    /// Most time that extensions may add to `ttl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "duration")]
    pub max_extension: Option<String>,
    /// Whether and when an idle workspace is suspended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_suspend: Option<IdleSuspend>,
}

/// Whether the workspace outlives a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LifecycleMode {
    /// One volume at `<home>/keep` outlives moves and suspension (D29).
    Persistent,
    /// Nothing is kept.
    Ephemeral,
}

/// Whether and when an idle workspace is suspended (D32).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdleSuspend {
    /// Suspend idle workspaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Time without a key or a page, for example `30m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "positive_duration")]
    pub after: Option<String>,
}

/// One learner, or several in one workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Isolation {
    /// `individual`: the owner alone; `team`: the owner and the members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<IsolationMode>,
}

/// One learner, or several in one workspace (D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IsolationMode {
    /// The owner alone.
    Individual,
    /// The owner and the members of the instance.
    Team,
}

/// A nested Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// `none`, `per-workspace`: a cluster of its own, `shared`: a namespace in the cluster that runs the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ClusterMode>,
    /// Kubernetes version of the nested cluster, for example `1.36`; empty means the newest supported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = r"^(v?[0-9]+\.[0-9]+(\.[0-9]+)?)?$"))]
    pub version: Option<String>,
    /// What makes the nested cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioner: Option<Provisioner>,
}

/// Whether a nested cluster comes with the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterMode {
    /// No cluster.
    None,
    /// A cluster of its own.
    PerWorkspace,
    /// A namespace in the cluster that runs the workspace (D58).
    Shared,
}

/// What makes the nested cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provisioner {
    /// A virtual cluster in the workspace namespace.
    Vcluster,
}

/// Limits of the workspace container (D2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// CPU limit, for example `500m`; a fifth of it is requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "quantity")]
    pub cpu: Option<String>,
    /// Memory limit, for example `1Gi`; all of it is requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "quantity")]
    pub memory: Option<String>,
}

/// Ways into the workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// The terminal in the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_terminal: Option<WebTerminal>,
}

/// The terminal in the browser; it always attaches to the container of the current step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebTerminal {
    /// Offer it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// What a move keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Objects that the learner made in a cluster (D29).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_state: Option<ClusterState>,
}

/// What happens on a move to objects that the learner made in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ClusterState {
    /// They stay.
    Keep,
    /// They are deleted.
    Reset,
}

/// User of the workspace container (D49).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RunAs {
    /// uid, gid and fsGroup 1000; namespace level `restricted`.
    #[default]
    NonRoot,
    /// uid 0 inside a user namespace; namespace level `baseline`.
    Root,
    /// uid 0 of the node; only with an administrator's flag on the operator.
    RootWithoutUserNamespace,
}
