//! `WorkspaceInstance`: one learner's workspace.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{conditions, duration};
use super::settings::{RunAs, Settings};

/// One learner's workspace, in the namespace of a class.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "workshop.platform",
    version = "v1",
    kind = "WorkspaceInstance",
    plural = "workspaceinstances",
    singular = "workspaceinstance",
    shortname = "wsi",
    category = "workshop",
    namespaced,
    status = "WorkspaceInstanceStatus",
    derive = "PartialEq",
    doc = "One learner's workspace, in the namespace of a class.",
    selectable = ".spec.templateRef.name",
    selectable = ".spec.owner",
    selectable = ".status.phase",
    printcolumn(name = "Template", type_ = "string", json_path = ".spec.templateRef.name"),
    printcolumn(name = "User", type_ = "string", json_path = ".spec.owner"),
    printcolumn(name = "Step", type_ = "string", json_path = ".status.currentStep.id"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    // Not of type date: a date to come is printed as <invalid>.
    printcolumn(name = "Expires", type_ = "string", json_path = ".status.expiresAt"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Phase", type_ = "string", priority = 1, json_path = ".status.phase"),
    printcolumn(name = "Namespace", type_ = "string", priority = 1, json_path = ".status.workspaceNamespace"),
    printcolumn(name = "URL", type_ = "string", priority = 1, json_path = ".status.url"),
    printcolumn(name = "Message", type_ = "string", priority = 1, json_path = ".status.conditions[?(@.type=='Ready')].message"),
    validation = kube::core::Rule::new("self.metadata.name.size() <= 50 && !self.metadata.name.contains('.')")
        .message("metadata.name: must be a DNS label of at most 50 characters")
)]
#[x_kube(validation = kube::core::Rule::new(
        "!has(oldSelf.resetCount) || (has(self.resetCount) && self.resetCount >= oldSelf.resetCount)"
    )
    .message("resetCount: only grows")
    .field_path(".resetCount"))]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceInstanceSpec {
    /// The template; never changes.
    #[x_kube(validation = kube::core::Rule::new("self == oldSelf").message("templateRef: is immutable; make another instance"))]
    pub template_ref: TemplateRef,
    /// Who learns here; never changes.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(
        validation = kube::core::Rule::new("self == oldSelf").message("owner: is immutable; make another instance"),
        validation = kube::core::Rule::new("!self.startsWith('system:')").message("owner: names of the system: group are not people")
    )]
    pub owner: String,
    /// Further learners of a team.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".to_owned()]))]
    pub members: Vec<Member>,
    /// What differs from the template's defaults, as far as its policy allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Settings>,
    /// Step to be on; absent means the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub current_step: Option<String>,
    /// Increase to start the current step afresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub reset_count: Option<i64>,
    /// Whether the workspace runs; absent means running.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operating_mode: Option<OperatingMode>,
    /// Time to add to the time to live, in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "duration")]
    pub extension: Option<String>,
}

/// Name of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateRef {
    /// `metadata.name` of a WorkspaceTemplate.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
}

/// One more learner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// User name.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Whether the workspace runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OperatingMode {
    /// The pod runs.
    #[default]
    Running,
    /// The pod is gone, the namespace stays.
    Suspended,
}

/// What the operator sees of an instance (D12).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceInstanceStatus {
    /// A summary for people; programs read the conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// The step that was proven to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_step: Option<CurrentStep>,
    /// The move under way, once it has lasted two seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<TransitionStatus>,
    /// The reset count that was proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset_count: Option<i64>,
    /// Steps whose checks were passed; written by the gateway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 500),
        inner(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub completed_steps: Vec<String>,
    /// The last twenty moves, newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub history: Vec<Move>,
    /// When the first step was proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// When the time to live ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// Last key or page that the gateway told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_activity_time: Option<Time>,
    /// Address of the learner's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
    /// Namespace of everything that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub workspace_namespace: Option<String>,
    /// Revision of the template that the pod was made or moved with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub template_revision: Option<String>,
    /// The template has a newer revision; a move or reset takes it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub update_available: bool,
    /// How the workspace came to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<Launch>,
    /// User in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as: Option<RunAs>,
    /// Facts by type; `docs/platform/crds.md` lists types and reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

/// A summary for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// Nothing was made yet.
    Pending,
    /// The workspace is being made.
    Provisioning,
    /// The wanted step runs.
    Running,
    /// Another step is on its way.
    Transitioning,
    /// The pod was taken away on request or after idling.
    Suspended,
    /// The pod is coming back.
    Resuming,
    /// A human has to act.
    Failed,
    /// The time to live is over.
    Expired,
    /// The instance is being deleted.
    Terminating,
}

/// The step that was proven to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentStep {
    /// Step id.
    #[schemars(length(max = 63))]
    pub id: String,
    /// Digest of its image.
    #[schemars(length(max = 71))]
    pub digest: String,
    /// When it was proven.
    pub since: Time,
}

/// A move under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransitionStatus {
    /// Step before; absent on the way to the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub from: Option<String>,
    /// Step wanted.
    #[schemars(length(max = 63))]
    pub to: String,
    /// When the controller first saw the wish.
    pub started_at: Time,
    /// 1, and more for every repair.
    pub attempt: i32,
}

/// A finished move.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    /// Step before; absent for the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub from: Option<String>,
    /// Step after.
    #[schemars(length(max = 63))]
    pub to: String,
    /// Reset count after.
    pub reset_count: i64,
    /// When it was proven.
    pub at: Time,
}

/// How the workspace came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Launch {
    /// Taken from a pool.
    Warm,
    /// Made on demand.
    Cold,
}
