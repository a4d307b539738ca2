//! The five verbs, one after the other.

use std::sync::Arc;
use std::time::Duration;

use api::conditions::condition_type;
use api::v1::WorkspaceInstance;
use kube::runtime::controller::Action;

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
    let Some(gathered) = gather::gather(instance, &context).await? else {
        return Ok(Action::await_change());
    };
    let seen = gathered.instance.metadata.resource_version.as_deref().unwrap_or_default();
    if context.written.is_replaced(&gathered.owner.uid, seen) {
        return Ok(Action::requeue(CATCH_UP));
    }
    if gathered.instance.metadata.deletion_timestamp.is_some() {
        return remove::remove(&gathered, &context).await;
    }
    let checked = check::check(&gathered, &context.config);
    let planned = plan::plan(&gathered, checked, &context.config, |node, digest| {
        context.pulled(&gathered.owner, node, digest)
    });
    match apply::apply(&gathered, planned, &context).await {
        Ok(stage) => report::report(&gathered, &stage, &context).await,
        // A person has to act, so a person has to be told; the controller goes on trying.
        Err(error) if error.class() == Class::Lasting => {
            let has_namespace = gathered.namespace.is_some();
            let condition =
                if has_namespace { condition_type::STEP_READY } else { condition_type::NAMESPACE_READY };
            let stage = Stage::WriteRefused { condition, message: error.to_string() };
            report::report(&gathered, &stage, &context).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}
