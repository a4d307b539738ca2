//! The write behind `step` and `reset`: server-side apply of one field by its own field manager (D9).

use api::v1::WorkspaceInstance;
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::Error;
use crate::tracked::fixed;

/// One field of `spec` to be set.
pub struct Action {
    /// Completes "cannot ...".
    pub doing: String,
    /// Name of the field.
    pub field: &'static str,
    /// Its value.
    pub value: Value,
    /// Field manager of the field; see `api::names::field_manager`.
    pub manager: &'static str,
    /// Check only.
    pub dry_run: bool,
}

/// Applies the field, unless Git declares it (D56). The uid goes with it: an apply to a name that
/// has meanwhile gone would otherwise make a new object.
///
/// # Errors
/// Exit 7 when Git declares the field or the caller may not; what the API server says otherwise.
pub async fn apply(
    context: &Context,
    seen: &WorkspaceInstance,
    action: &Action,
) -> Result<WorkspaceInstance, Error> {
    if let Some(fixed) = fixed(seen.meta(), action.field, action.manager) {
        let field = match action.field {
            "currentStep" => "spec.currentStep",
            _ => "spec.resetCount",
        };
        let doing = action.doing.clone();
        return Err(Error::FixedByPlatformTeam {
            doing,
            field,
            manager: fixed.manager,
            tracker: fixed.tracker,
        });
    }
    let name = seen.name_any();
    let patch = json!({
        "apiVersion": WorkspaceInstance::api_version(&()),
        "kind": WorkspaceInstance::kind(&()),
        "metadata": {"name": name, "uid": seen.metadata.uid},
        "spec": {action.field: action.value},
    });
    let params = PatchParams { dry_run: action.dry_run, ..PatchParams::apply(action.manager).force() };
    let instances: Api<WorkspaceInstance> = context.in_class();
    context.call(&action.doing, instances.patch(&name, &params, &Patch::Apply(&patch))).await
}
