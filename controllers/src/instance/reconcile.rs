//! The five verbs, one after the other.

use std::sync::Arc;
use std::time::Duration;

use api::conditions::condition_type;
use api::v1::WorkspaceInstance;
use kube::runtime::controller::Action;
use tracing::{Instrument, info_span};

use super::gather::Gathered;
use super::stage::Stage;
use super::{apply, check, gather, plan, remove, report};
use crate::context::Context;
use crate::error::{Class, Error};

/// How long the watch is given to show what this operator itself has written.
const CATCH_UP: Duration = Duration::from_millis(100);

/// Brings one instance a move closer to its spec.
///
/// # Errors
/// What the API server refused; the controller tries again by the error's class.
pub async fn reconcile(instance: Arc<WorkspaceInstance>, context: Arc<Context>) -> Result<Action, Error> {
    let Some(gathered) = gather::gather(instance, &context).instrument(info_span!("gather")).await? else {
        return Ok(Action::await_change());
    };
    let seen = gathered.instance.metadata.resource_version.as_deref().unwrap_or_default();
    if context.written.is_replaced(&gathered.owner.uid, seen) {
        return Ok(Action::requeue(CATCH_UP));
    }
    if gathered.instance.metadata.deletion_timestamp.is_some() {
        return remove::remove(&gathered, &context).instrument(info_span!("remove")).await;
    }
    let checked = info_span!("check").in_scope(|| check::check(&gathered, &context.config));
    let planned = info_span!("plan").in_scope(|| {
        plan::plan(&gathered, checked, &context.config, |node, digest| {
            context.pulled(&gathered.owner, node, digest)
        })
    });
    match apply::apply(&gathered, planned, &context).instrument(info_span!("apply")).await {
        Ok(stage) => report::report(&gathered, &stage, &context).instrument(info_span!("report")).await,
        Err(error) => {
            // Whoever waits is told why, if it lasts. The failed write is what counts, so a status
            // that cannot be written either is left to the next try.
            if let Err(second) = report::report(&gathered, &stage_of(&error, &gathered), &context).await {
                tracing::debug!(error = %second, "cannot say what went wrong");
            }
            Err(error)
        }
    }
}

/// Where a workspace stands when this error ended its reconcile.
fn stage_of(error: &Error, gathered: &Gathered) -> Stage {
    let has_namespace = gathered.namespace.is_some();
    let condition = if has_namespace { condition_type::STEP_READY } else { condition_type::NAMESPACE_READY };
    let message = error.to_string();
    match error.class() {
        // A person has to act, so a person has to be told at once.
        Class::Lasting => Stage::WriteRefused { condition, message },
        Class::Stale | Class::Transient => Stage::Delayed { condition, message },
    }
}
