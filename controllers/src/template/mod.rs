//! One reconcile of a template: it makes nothing, so it has two verbs, `check` and `report`.

mod check;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use api::v1::{WorkspaceTemplate, WorkspaceTemplateStatus};
use kube::ResourceExt;
use kube::runtime::controller::Action;

use crate::context::Context;
use crate::error::Error;

/// The count of instances is written at most this often (api.md).
const COUNT_PERIOD: Duration = Duration::from_secs(10);

/// Says whether the template makes sense, and how many use it.
///
/// # Errors
/// When the status cannot be written.
pub async fn reconcile(template: Arc<WorkspaceTemplate>, context: Arc<Context>) -> Result<Action, Error> {
    if template.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let name = template.name_any();
    let instances =
        context.stores.instances.state().iter().filter(|i| i.spec.template_ref.name == name).count();
    let status = WorkspaceTemplateStatus {
        observed_generation: template.metadata.generation,
        revision: Some(context.revisions.of(&template)),
        steps: i32::try_from(template.spec.steps.len()).unwrap_or(i32::MAX),
        instances: i32::try_from(instances).unwrap_or(i32::MAX),
        conditions: check::conditions(&template, jiff::Timestamp::now()),
    };
    // The store shows the newest status: the stream that led here passes changes of the spec only.
    let newest = context.stores.template(&name).unwrap_or(template);
    if newest.status.as_ref() != Some(&status) {
        context.writes.patch_template_status(&newest, &status).await?;
    }
    Ok(Action::requeue(COUNT_PERIOD))
}
