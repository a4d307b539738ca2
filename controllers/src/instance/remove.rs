//! The end of an instance: its workspace namespace goes first, then the finalizer (D7).

use std::time::Duration;

use api::conditions::{condition, condition_type, reason, set_condition};
use api::names;
use api::v1::Phase;
use kube::runtime::controller::Action;

use super::gather::{Gathered, NamespaceSeen};
use super::report;
use crate::context::Context;
use crate::error::Error;

/// How often a namespace that does not go is looked at again, should its watch say nothing.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Takes the workspace away.
///
/// # Errors
/// When the API server refuses.
pub async fn remove(gathered: &Gathered, context: &Context) -> Result<Action, Error> {
    let finalizers = gathered.instance.metadata.finalizers.clone().unwrap_or_default();
    if !finalizers.iter().any(|finalizer| finalizer == names::FINALIZER) {
        context.forget(&gathered.owner);
        return Ok(Action::await_change());
    }
    // The store may not have shown the namespace yet, and an instance must not go before it.
    let seen = match &gathered.namespace {
        Some(seen) => Some(seen.clone()),
        None => context
            .namespace_now(&gathered.owner.namespace)
            .await?
            .map(|meta| NamespaceSeen::of(&meta, &gathered.owner.uid)),
    };
    match seen.filter(|seen| seen.ours) {
        None => {
            let left: Vec<_> = finalizers.into_iter().filter(|f| f != names::FINALIZER).collect();
            context.writes.set_finalizers(&gathered.instance, &left).await?;
            context.forget(&gathered.owner);
            Ok(Action::await_change())
        }
        Some(seen) => {
            if !seen.deleting {
                context.writes.delete_namespace(&gathered.owner.namespace, &seen.uid).await?;
            }
            say_so(gathered, context).await
        }
    }
}

/// Past the bound, status says what holds the namespace back.
async fn say_so(gathered: &Gathered, context: &Context) -> Result<Action, Error> {
    let since = gathered.instance.metadata.deletion_timestamp.as_ref().map_or(gathered.now, |time| time.0);
    let age = Duration::try_from(gathered.now.duration_since(since)).unwrap_or_default();
    let bound = context.config.bounds.namespace;
    if age < bound {
        return Ok(Action::requeue(bound - age));
    }
    let mut status = gathered.instance.status.clone().unwrap_or_default();
    status.phase = Some(Phase::Terminating);
    let generation = gathered.instance.metadata.generation;
    let message = format!(
        "namespace {} has not gone for {} s; see its status.conditions: kubectl get namespace {} -o yaml",
        gathered.owner.namespace,
        bound.as_secs(),
        gathered.owner.namespace
    );
    let blocked = condition(
        condition_type::DELETION_BLOCKED,
        true,
        reason::TERMINATING,
        message,
        generation,
        gathered.now,
    );
    set_condition(&mut status.conditions, blocked);
    report::write(gathered, &status, None, context).await?;
    Ok(Action::requeue(LOOK_AGAIN))
}
