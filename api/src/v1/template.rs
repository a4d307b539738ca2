//! `WorkspaceTemplate`: a workshop as a cluster offers it.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{class_selector, digest, template_conditions};
use super::settings::Settings;

/// A workshop as a cluster offers it: steps in order, defaults, and what instances may change.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "workshop.platform",
    version = "v1",
    kind = "WorkspaceTemplate",
    plural = "workspacetemplates",
    singular = "workspacetemplate",
    shortname = "wst",
    category = "workshop",
    status = "WorkspaceTemplateStatus",
    derive = "PartialEq",
    doc = "A workshop as a cluster offers it: steps in order, defaults, and what instances may change.",
    printcolumn(name = "Steps", type_ = "integer", json_path = ".status.steps"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Instances", type_ = "integer", json_path = ".status.instances"),
    printcolumn(name = "Revision", type_ = "string", json_path = ".status.revision"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Reason", type_ = "string", priority = 1, json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Message", type_ = "string", priority = 1, json_path = ".status.conditions[?(@.type=='Ready')].message"),
    validation = kube::core::Rule::new("self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')")
        .message("metadata.name: must be a DNS label of at most 63 characters")
)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceTemplateSpec {
    /// The artifact with texts, checks and hints; read by the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<PinnedReference>,
    /// Steps in order.
    // The size rule keeps the largest template below the 1.5 MiB that etcd takes (testing/tests/it/sizes.rs).
    #[schemars(length(min = 1, max = 500))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["id".to_owned()]),
        validation = kube::core::Rule::new("self.map(s, has(s.unlock) ? s.unlock.after.size() : 0).sum() <= 2000")
            .message("at most 2000 entries of unlock.after in all steps together")
    )]
    pub steps: Vec<Step>,
    /// How workspaces run, unless an instance may and does say otherwise.
    #[serde(default)]
    pub defaults: Settings,
    /// What instances may change. A path that is not listed is locked (D10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 14))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["path".to_owned()]))]
    pub override_policy: Vec<OverrideRule>,
    /// Secrets of the operator's namespace with the credentials of the registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub image_pull_secrets: Vec<SecretName>,
    /// What a workspace may reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Class namespaces that may use the template; absent means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "class_selector")]
    pub allowed_classes: Option<LabelSelector>,
    /// Quota of the workspace namespace beyond the workspace itself, by resource name (D3).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "super::schema::quota")]
    pub extra_quota: BTreeMap<String, String>,
}

/// A reference as people write it, and the digest that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PinnedReference {
    /// `registry/repository:tag`, for people. Only its repository is used.
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[-a-zA-Z0-9._:/@\[\]]+$"))]
    pub reference: String,
    /// `sha256:` and 64 hexadecimal digits: what runs.
    #[schemars(schema_with = "digest")]
    pub digest: String,
}

/// One step of a workshop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Lower-case letters, digits and hyphens; the image's tag.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub id: String,
    /// Shown to people.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// Image of the step.
    pub image: PinnedReference,
    /// What has to be completed before a learner may enter; absent means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlock: Option<Unlock>,
}

/// What has to be completed before a learner may enter a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Unlock {
    /// Ids of steps, all of which have to be completed.
    // One owner for the whole list: an entry of its own in managedFields would cost more than the id.
    #[schemars(
        length(max = 50),
        inner(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))
    )]
    pub after: Vec<String>,
}

/// What instances may do with one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OverrideRule {
    /// Path of the setting below `defaults`.
    pub path: SettingPath,
    /// Exactly one rule.
    pub rule: SettingRule,
}

/// Every setting that an override can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SettingPath {
    /// `lifecycle.mode`
    #[serde(rename = "lifecycle.mode")]
    LifecycleMode,
    /// `lifecycle.ttl`
    #[serde(rename = "lifecycle.ttl")]
    LifecycleTtl,
    /// `lifecycle.maxExtension`
    #[serde(rename = "lifecycle.maxExtension")]
    LifecycleMaxExtension,
    /// `lifecycle.idleSuspend.enabled`
    #[serde(rename = "lifecycle.idleSuspend.enabled")]
    IdleSuspendEnabled,
    /// `lifecycle.idleSuspend.after`
    #[serde(rename = "lifecycle.idleSuspend.after")]
    IdleSuspendAfter,
    /// `isolation.mode`
    #[serde(rename = "isolation.mode")]
    IsolationMode,
    /// `cluster.mode`
    #[serde(rename = "cluster.mode")]
    ClusterMode,
    /// `cluster.version`
    #[serde(rename = "cluster.version")]
    ClusterVersion,
    /// `cluster.provisioner`
    #[serde(rename = "cluster.provisioner")]
    ClusterProvisioner,
    /// `resources.cpu`
    #[serde(rename = "resources.cpu")]
    ResourcesCpu,
    /// `resources.memory`
    #[serde(rename = "resources.memory")]
    ResourcesMemory,
    /// `access.webTerminal.enabled`
    #[serde(rename = "access.webTerminal.enabled")]
    WebTerminalEnabled,
    /// `transition.clusterState`
    #[serde(rename = "transition.clusterState")]
    TransitionClusterState,
    /// `runAs`
    #[serde(rename = "runAs")]
    RunAs,
}

impl SettingPath {
    /// Every path.
    pub const ALL: [Self; 14] = [
        Self::LifecycleMode,
        Self::LifecycleTtl,
        Self::LifecycleMaxExtension,
        Self::IdleSuspendEnabled,
        Self::IdleSuspendAfter,
        Self::IsolationMode,
        Self::ClusterMode,
        Self::ClusterVersion,
        Self::ClusterProvisioner,
        Self::ResourcesCpu,
        Self::ResourcesMemory,
        Self::WebTerminalEnabled,
        Self::TransitionClusterState,
        Self::RunAs,
    ];

    /// The path as it is written, `lifecycle.ttl`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LifecycleMode => "lifecycle.mode",
            Self::LifecycleTtl => "lifecycle.ttl",
            Self::LifecycleMaxExtension => "lifecycle.maxExtension",
            Self::IdleSuspendEnabled => "lifecycle.idleSuspend.enabled",
            Self::IdleSuspendAfter => "lifecycle.idleSuspend.after",
            Self::IsolationMode => "isolation.mode",
            Self::ClusterMode => "cluster.mode",
            Self::ClusterVersion => "cluster.version",
            Self::ClusterProvisioner => "cluster.provisioner",
            Self::ResourcesCpu => "resources.cpu",
            Self::ResourcesMemory => "resources.memory",
            Self::WebTerminalEnabled => "access.webTerminal.enabled",
            Self::TransitionClusterState => "transition.clusterState",
            Self::RunAs => "runAs",
        }
    }
}

impl std::fmt::Display for SettingPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Exactly one of four rules (D10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SettingRule {
    /// Any value.
    Free(NoArguments),
    /// A duration or quantity up to this one.
    AtMost(#[schemars(length(min = 1, max = 64), regex(pattern = r"^[-+a-zA-Z0-9._]+$"))] String),
    /// One of these values.
    OneOf(
        #[schemars(
            length(min = 1, max = 32),
            inner(length(max = 64), regex(pattern = r"^[-+a-zA-Z0-9._]*$"))
        )]
        Vec<String>,
    ),
    /// No other value than the template's.
    Locked(NoArguments),
}

/// An empty object: a rule that needs no value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoArguments {}

/// Name of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretName {
    /// Name in the operator's namespace.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub name: String,
}

/// What a workspace may reach beyond name look-ups.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Destinations; absent means none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub egress: Vec<Egress>,
}

/// One destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Egress {
    /// Address range, `203.0.113.0/24`.
    #[schemars(length(min = 3, max = 43))]
    #[x_kube(validation = kube::core::Rule::new("isCIDR(self)").message("must be an address range such as 203.0.113.0/24"))]
    pub cidr: String,
    /// TCP ports; absent means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(range(min = 1, max = 65535)))]
    pub ports: Vec<i32>,
}

/// What the operator sees of a template.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceTemplateStatus {
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Short content hash of what instances take from the template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub revision: Option<String>,
    /// Number of steps.
    #[serde(default)]
    pub steps: i32,
    /// Number of instances; written at most once in ten seconds.
    #[serde(default)]
    pub instances: i32,
    /// `Ready` and `Valid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "template_conditions")]
    pub conditions: Vec<Condition>,
}
