//! Conditions, phase and status from the stage; written only if they differ, and only once they
//! are worth a write: two writes per transition, the pod's and this one.

use std::time::Duration;

use api::conditions::{condition_type, reason};
use api::v1::{WorkspaceInstance, WorkspaceInstanceStatus};
use kube::runtime::controller::Action;
use serde_json::{Map, Value};

use super::gather::Gathered;
use super::stage::{Lane, Stage};
use super::status::next_status;
use super::wishes::{Progress, Wish};
use crate::children::pod::Asked;
use crate::config::Bounds;
use crate::context::Context;
use crate::error::Error;
use crate::events::news;
use crate::metrics::Change;

/// Says what holds, if that is news; and when to look again.
///
/// # Errors
/// When the status cannot be written.
pub async fn report(gathered: &Gathered, stage: &Stage, context: &Context) -> Result<Action, Error> {
    let wish = wish(gathered);
    let old = gathered.instance.status.as_ref();
    let told = old.and_then(|old| old.transition.as_ref());
    let progress = context.wishes.progress(&gathered.owner.uid, &wish, stage, told, gathered.now);
    let bounds = &context.config.bounds;
    let quiet = quiet_for(&gathered.instance, stage, &progress, bounds);
    if quiet.is_none() {
        let status = next_status(gathered, stage, &wish.asked, &progress, bounds);
        if old != Some(&status) {
            write(gathered, &status, context).await?;
            let template = gathered.template.as_deref();
            context.metrics.observe(&Change { old, new: &status, took: progress.elapsed, template });
            if let Some(news) = news(old, &status) {
                context.tell(news, &gathered.instance, gathered.pod_reference());
            }
        }
    }
    if stage.lane() == Lane::Ended {
        context.transitions.end(&gathered.owner.uid, stage.word());
    }
    Ok(again(stage, &progress, quiet, bounds).map_or_else(Action::await_change, Action::requeue))
}

/// What the spec asks for, as far as it can be said without a template.
fn wish(gathered: &Gathered) -> Wish {
    let spec = &gathered.instance.spec;
    let first =
        || gathered.template.as_ref().and_then(|template| template.spec.steps.first()).map(|s| s.id.clone());
    let asked = Asked {
        step: spec.current_step.clone().or_else(first).unwrap_or_default(),
        reset: spec.reset_count.unwrap_or_default(),
    };
    Wish { asked, mode: spec.operating_mode.unwrap_or_default() }
}

/// How long to say nothing yet: a stage on the way may pass before anybody has to know (D12).
pub(super) fn quiet_for(
    instance: &WorkspaceInstance,
    stage: &Stage,
    progress: &Progress,
    bounds: &Bounds,
) -> Option<Duration> {
    let old = instance.status.as_ref()?;
    let left = |limit: Duration, passed: Duration| limit.checked_sub(passed).filter(|left| !left.is_zero());
    // Each try to pull again is no news, nor is kubelet's waiting for its next one.
    if is_told_failing(instance) {
        match stage {
            Stage::Pulling { .. } => return left(stage.bound(bounds), progress.in_lane),
            Stage::PullFailed { reason, .. } if reason == "ImagePullBackOff" => {
                return Some(bounds.pull_look);
            }
            _ => {}
        }
    }
    if stage.may_be_old_news() {
        return left(bounds.quiet_move, progress.elapsed);
    }
    if stage.is_settled() {
        return None;
    }
    let limit = if old.started_at.is_none() { bounds.quiet_start } else { bounds.quiet_move };
    // Who was told that work goes on need not be told of each part of it that passes at once.
    let in_part = if is_told_busy(instance, old) { left(bounds.quiet_move, progress.in_stage) } else { None };
    left(limit, progress.elapsed).or(in_part)
}

/// Whether status already says that this spec is being worked on.
fn is_told_busy(instance: &WorkspaceInstance, old: &WorkspaceInstanceStatus) -> bool {
    old.conditions.iter().any(|c| {
        c.type_ == condition_type::READY
            && c.status == "False"
            && c.observed_generation == instance.metadata.generation
    })
}

/// Whether status already says that the image of this spec cannot be pulled.
fn is_told_failing(instance: &WorkspaceInstance) -> bool {
    instance.status.iter().flat_map(|status| &status.conditions).any(|c| {
        c.type_ == condition_type::IMAGES_AVAILABLE
            && c.reason == reason::IMAGE_PULL_FAILED
            && c.observed_generation == instance.metadata.generation
    })
}

/// When to look again, should no watch say anything before.
pub(super) fn again(
    stage: &Stage,
    progress: &Progress,
    quiet: Option<Duration>,
    bounds: &Bounds,
) -> Option<Duration> {
    let left = |limit: Duration, passed| limit.checked_sub(passed).filter(|left| !left.is_zero());
    // A pull that has not told of itself by then is touched. The pod that it comes after may have
    // taken a second or two to go.
    let touch = match stage {
        Stage::Pulling { .. } => left(bounds.pull_touch + bounds.quiet_move, progress.in_stage),
        _ => None,
    };
    if quiet.is_some() || touch.is_some() {
        return quiet.into_iter().chain(touch).min();
    }
    match stage {
        Stage::PullFailed { .. } => Some(bounds.pull_look),
        Stage::NamespaceTaken => Some(bounds.pull_retry),
        _ if stage.is_settled() => None,
        _ => left(stage.bound(bounds), progress.in_lane),
    }
}

/// Writes the operator's part of the status.
///
/// # Errors
/// When the API server refuses.
pub async fn write(
    gathered: &Gathered,
    status: &WorkspaceInstanceStatus,
    context: &Context,
) -> Result<(), Error> {
    let instance = &gathered.instance;
    let seen = instance.metadata.resource_version.as_deref().unwrap_or_default();
    let version = context.written.newest(&gathered.owner.uid, seen);
    let change = change(instance.status.as_ref(), status);
    let newest = context.writes.patch_instance_status(instance, &version, &change).await?;
    context.written.note(&gathered.owner.uid, &version, &newest);
    Ok(())
}

/// The merge patch from one status to the next: what differs, and null for what goes. The list
/// `completedSteps` is the gateway's.
pub(super) fn change(old: Option<&WorkspaceInstanceStatus>, new: &WorkspaceInstanceStatus) -> Value {
    let fields = |status: Option<&WorkspaceInstanceStatus>| match serde_json::to_value(status) {
        Ok(Value::Object(mut fields)) => {
            fields.remove("completedSteps");
            fields
        }
        _ => Map::new(),
    };
    let (old, new) = (fields(old), fields(Some(new)));
    let gone = old.keys().filter(|key| !new.contains_key(*key)).map(|key| (key.clone(), Value::Null));
    let differs = new.iter().filter(|(key, value)| old.get(*key) != Some(*value));
    Value::Object(differs.map(|(key, value)| (key.clone(), value.clone())).chain(gone).collect())
}
