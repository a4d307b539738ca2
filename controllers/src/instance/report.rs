//! Conditions, phase and status from the stage; written only if they differ, and only once they
//! are worth a write: two writes per transition, the pod's and this one.

use std::time::Duration;

use api::v1::{CurrentStep, Launch, Move, Phase, TransitionStatus, WorkspaceInstanceStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::controller::Action;

use super::apply::Applied;
use super::gather::Gathered;
use super::rows::{self, Row};
use super::stage::Stage;
use crate::children::pod::Asked;
use crate::config::Bounds;
use crate::context::Context;
use crate::error::Error;

/// Moves that status remembers (D33).
const HISTORY: usize = 20;

/// Says what holds, if that is news; and when to look again.
///
/// # Errors
/// When the status cannot be written.
pub async fn report(gathered: &Gathered, applied: Applied, context: &Context) -> Result<Action, Error> {
    let Applied { stage, resource_version } = applied;
    let asked = wish(gathered);
    let since = context.wishes.since(&gathered.owner.uid, &asked, &stage, gathered);
    let elapsed = Duration::try_from(gathered.now.duration_since(since)).unwrap_or_default();
    let bounds = &context.config.bounds;
    let old = gathered.instance.status.clone();
    let quiet = quiet_for(old.as_ref(), &stage, elapsed, bounds);
    if quiet.is_none() {
        let status = next_status(gathered, &stage, &asked, since, elapsed, bounds);
        if old.as_ref() != Some(&status) {
            context.metrics.observe(old.as_ref(), &status, elapsed);
            write(gathered, &status, resource_version.as_deref(), context).await?;
        }
    }
    Ok(again(&stage, elapsed, quiet, bounds).map_or_else(Action::await_change, Action::requeue))
}

/// What the spec asks for, as far as it can be said without a template.
fn wish(gathered: &Gathered) -> Asked {
    let spec = &gathered.instance.spec;
    let first =
        || gathered.template.as_ref().and_then(|template| template.spec.steps.first()).map(|s| s.id.clone());
    Asked {
        step: spec.current_step.clone().or_else(first).unwrap_or_default(),
        reset: spec.reset_count.unwrap_or_default(),
    }
}

/// How long to say nothing yet: a stage on the way may pass before anybody has to know (D12).
fn quiet_for(
    old: Option<&WorkspaceInstanceStatus>,
    stage: &Stage,
    elapsed: Duration,
    bounds: &Bounds,
) -> Option<Duration> {
    let old = old?;
    if stage.is_settled() {
        return None;
    }
    let limit = if old.started_at.is_none() { bounds.quiet_start } else { bounds.quiet_move };
    limit.checked_sub(elapsed).filter(|left| !left.is_zero())
}

/// When to look again, should no watch say anything before.
fn again(stage: &Stage, elapsed: Duration, quiet: Option<Duration>, bounds: &Bounds) -> Option<Duration> {
    if quiet.is_some() {
        return quiet;
    }
    match stage {
        Stage::PullFailed { .. } | Stage::NamespaceTaken => Some(bounds.pull_retry),
        _ if stage.is_settled() => None,
        _ => bound_of(stage, bounds).checked_sub(elapsed).filter(|left| !left.is_zero()),
    }
}

/// The bound of D28 for this stage.
fn bound_of(stage: &Stage, bounds: &Bounds) -> Duration {
    match stage {
        Stage::Pulling(_) => bounds.pull,
        Stage::NamespaceTerminating => bounds.namespace,
        _ => bounds.rollout,
    }
}

fn next_status(
    gathered: &Gathered,
    stage: &Stage,
    asked: &Asked,
    since: jiff::Timestamp,
    elapsed: Duration,
    bounds: &Bounds,
) -> WorkspaceInstanceStatus {
    let mut status = gathered.instance.status.clone().unwrap_or_default();
    let late = !stage.is_settled() && elapsed >= bound_of(stage, bounds);
    let row: Row = rows::row(stage, late, bound_of(stage, bounds));
    status.observed_generation = gathered.instance.metadata.generation;
    status.workspace_namespace = Some(gathered.owner.namespace.clone());
    if let Stage::Proven(digest) = stage {
        proven(&mut status, gathered, asked, digest.as_str());
    }
    status.update_available = update_available(&status, gathered);
    status.phase = Some(phase(&status, stage, late));
    status.transition = transition(&status, stage, asked, since);
    rows::set(&mut status.conditions, &row, gathered.instance.metadata.generation, gathered.now);
    status
}

/// A step was proven: it is the current one, and a move to it goes into the history.
fn proven(status: &mut WorkspaceInstanceStatus, gathered: &Gathered, asked: &Asked, digest: &str) {
    let same = status.current_step.as_ref().is_some_and(|now| now.id == asked.step && now.digest == digest)
        && status.reset_count.unwrap_or_default() == asked.reset;
    if same {
        return;
    }
    let now = Time(gathered.now);
    status.history.push(Move {
        from: status.current_step.take().map(|step| step.id),
        to: asked.step.clone(),
        reset_count: asked.reset,
        at: now.clone(),
    });
    let surplus = status.history.len().saturating_sub(HISTORY);
    status.history.drain(..surplus);
    status.started_at.get_or_insert_with(|| now.clone());
    status.launch.get_or_insert(Launch::Cold);
    status.current_step = Some(CurrentStep { id: asked.step.clone(), digest: digest.to_owned(), since: now });
    status.reset_count = Some(asked.reset);
    status.template_revision.clone_from(&gathered.revision);
}

/// Whether the running step's image in the template is another than the one that runs.
fn update_available(status: &WorkspaceInstanceStatus, gathered: &Gathered) -> bool {
    status.current_step.is_some()
        && gathered.revision.is_some()
        && status.template_revision.is_some()
        && status.template_revision != gathered.revision
}

fn phase(status: &WorkspaceInstanceStatus, stage: &Stage, late: bool) -> Phase {
    let started = status.started_at.is_some();
    match stage {
        Stage::Proven(_) => Phase::Running,
        Stage::Suspending | Stage::Suspended => Phase::Suspended,
        Stage::Refused(_) | Stage::NamespaceTaken | Stage::StartFailed { .. } => Phase::Failed,
        Stage::PullFailed { .. } if !started => Phase::Failed,
        // The old step runs on; the conditions say what is wrong with the new one.
        Stage::PullFailed { .. } => Phase::Transitioning,
        _ if late && !started => Phase::Failed,
        _ if !started => Phase::Provisioning,
        _ if status.phase == Some(Phase::Suspended) || status.phase == Some(Phase::Resuming) => {
            Phase::Resuming
        }
        _ => Phase::Transitioning,
    }
}

/// The move under way, for whoever asks after two seconds.
fn transition(
    status: &WorkspaceInstanceStatus,
    stage: &Stage,
    asked: &Asked,
    since: jiff::Timestamp,
) -> Option<TransitionStatus> {
    let from = status.current_step.as_ref()?;
    match stage {
        Stage::Proven(_)
        | Stage::Suspending
        | Stage::Suspended
        | Stage::Refused(_)
        | Stage::NamespaceTaken => None,
        _ => Some(TransitionStatus {
            from: Some(from.id.clone()),
            to: asked.step.clone(),
            started_at: Time(since),
            attempt: status
                .transition
                .as_ref()
                .filter(|old| old.to == asked.step)
                .map_or(1, |old| old.attempt),
        }),
    }
}

/// Writes the operator's part of the status; `completedSteps` belongs to the gateway.
///
/// # Errors
/// When the API server refuses.
pub async fn write(
    gathered: &Gathered,
    status: &WorkspaceInstanceStatus,
    resource_version: Option<&str>,
    context: &Context,
) -> Result<(), Error> {
    let old = serde_json::to_value(gathered.instance.status.clone().unwrap_or_default()).unwrap_or_default();
    let mut body = serde_json::to_value(status).unwrap_or_default();
    if let (Some(old), Some(body)) = (old.as_object(), body.as_object_mut()) {
        body.remove("completedSteps");
        // A merge patch takes a field away by null only.
        for key in old.keys().filter(|key| *key != "completedSteps") {
            body.entry(key.clone()).or_insert(serde_json::Value::Null);
        }
    }
    let seen = gathered.instance.metadata.resource_version.as_deref();
    context.writes.patch_instance_status(&gathered.instance, resource_version.or(seen), &body).await
}
