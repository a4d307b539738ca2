//! The end of an instance: its workspace namespace goes first, then the finalizer (D7).

use std::time::Duration;

use api::conditions::{condition, condition_type, reason, set_condition};
use api::names;
use api::v1::{Phase, WorkspaceInstanceStatus};
use kube::runtime::controller::Action;

use super::gather::{Gathered, NamespaceSeen};
use super::report;
use super::wishes::between;
use crate::context::Context;
use crate::error::Error;
use crate::events::news;

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

/// Once it lasts, status says so; past the bound, it says what holds the namespace back.
async fn say_so(gathered: &Gathered, context: &Context) -> Result<Action, Error> {
    let since = gathered.instance.metadata.deletion_timestamp.as_ref().map_or(gathered.now, |time| time.0);
    let age = between(since, gathered.now);
    let bounds = &context.config.bounds;
    if let Some(left) = bounds.quiet_move.checked_sub(age).filter(|left| !left.is_zero()) {
        return Ok(Action::requeue(left));
    }
    let name = &gathered.owner.namespace;
    let left = bounds.namespace.checked_sub(age).filter(|left| !left.is_zero());
    let holds = match left {
        Some(_) => None,
        None => Some(format!(
            "namespace {name} has not gone for {} s: {}",
            bounds.namespace.as_secs(),
            context.why_namespace_stays(name).await?
        )),
    };
    let status = terminating(gathered, holds.as_deref());
    if gathered.instance.status.as_ref() != Some(&status) {
        report::write(gathered, &status, context).await?;
        if let Some(news) = news(gathered.instance.status.as_ref(), &status) {
            context.tell(news, &gathered.instance, gathered.pod_reference());
        }
    }
    Ok(Action::requeue(left.unwrap_or(LOOK_AGAIN)))
}

/// The status of an instance that goes; `holds` says what keeps its namespace past the bound.
pub fn terminating(gathered: &Gathered, holds: Option<&str>) -> WorkspaceInstanceStatus {
    let mut status = gathered.instance.status.clone().unwrap_or_default();
    status.phase = Some(Phase::Terminating);
    status.transition = None;
    let generation = gathered.instance.metadata.generation;
    status.observed_generation = generation;
    let going = "the workspace is being taken away";
    let mut put = |type_, is_so, message: &str| {
        let wanted = condition(type_, is_so, reason::TERMINATING, message, generation, gathered.now);
        set_condition(&mut status.conditions, wanted);
    };
    put(condition_type::READY, false, holds.unwrap_or(going));
    put(condition_type::RECONCILING, true, "");
    put(condition_type::STALLED, holds.is_some(), holds.unwrap_or_default());
    put(condition_type::STEP_READY, false, going);
    if let Some(holds) = holds {
        put(condition_type::DELETION_BLOCKED, true, holds);
    }
    status
}
