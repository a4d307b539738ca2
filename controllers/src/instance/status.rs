//! The next status, from the last one and the stage. Pure: the clock is an argument.

use api::v1::{CurrentStep, Launch, Move, Phase, TransitionStatus, WorkspaceInstanceStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::gather::Gathered;
use super::rows;
use super::stage::Stage;
use super::wishes::Progress;
use crate::children::pod::Asked;
use crate::config::Bounds;

/// Moves that status remembers (D33).
const HISTORY: usize = 20;

/// What status should say.
#[must_use]
pub fn next_status(
    gathered: &Gathered,
    stage: &Stage,
    asked: &Asked,
    progress: &Progress,
    bounds: &Bounds,
) -> WorkspaceInstanceStatus {
    let mut status = gathered.instance.status.clone().unwrap_or_default();
    let bound = stage.bound(bounds);
    let late = !stage.is_settled() && progress.in_lane >= bound;
    status.observed_generation = gathered.instance.metadata.generation;
    status.workspace_namespace = Some(gathered.owner.namespace.clone());
    if let Stage::Proven(digest) = stage {
        proven(&mut status, gathered, asked, digest.as_str());
    }
    status.update_available = update_available(&status, gathered);
    status.phase = Some(phase(&status, stage, is_move(&status, asked), late));
    status.transition = transition(&status, stage, asked, progress, bounds);
    let row = rows::row(stage, late, bound);
    rows::set(&mut status.conditions, &row, gathered.instance.metadata.generation, gathered.now);
    status
}

/// A step was proven: it is the current one, and a move to it goes into the history.
fn proven(status: &mut WorkspaceInstanceStatus, gathered: &Gathered, asked: &Asked, digest: &str) {
    status.run_as = gathered.pod.as_ref().map(|pod| pod.run_as);
    let same =
        status.current_step.as_ref().is_some_and(|now| now.digest == digest) && !is_move(status, asked);
    if same {
        return;
    }
    let now = whole_seconds(gathered.now);
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

/// Whether what is asked for is another step or reset than the proven one.
fn is_move(status: &WorkspaceInstanceStatus, asked: &Asked) -> bool {
    status.current_step.as_ref().is_none_or(|now| now.id != asked.step)
        || status.reset_count.unwrap_or_default() != asked.reset
}

/// Whether the template has another revision than the one that the running step was taken from.
fn update_available(status: &WorkspaceInstanceStatus, gathered: &Gathered) -> bool {
    status.current_step.is_some()
        && gathered.revision.is_some()
        && status.template_revision.is_some()
        && status.template_revision != gathered.revision
}

fn phase(status: &WorkspaceInstanceStatus, stage: &Stage, is_move: bool, late: bool) -> Phase {
    let started = status.started_at.is_some();
    match stage {
        Stage::Proven(_) => Phase::Running,
        Stage::Suspending | Stage::Suspended => Phase::Suspended,
        Stage::Refused(_)
        | Stage::WriteRefused { .. }
        | Stage::NamespaceTaken
        | Stage::StartFailed { .. }
        | Stage::PullFailed { usable: None, .. } => Phase::Failed,
        _ if late && !started => Phase::Failed,
        _ if !started => Phase::Provisioning,
        // The pod or its container comes back; nobody moves.
        Stage::NodeSilent(_) | Stage::PodLost { .. } | Stage::Preparing | Stage::Scheduling(_) => {
            Phase::Resuming
        }
        _ if !is_move => Phase::Resuming,
        _ if matches!(status.phase, Some(Phase::Suspended | Phase::Resuming)) => Phase::Resuming,
        // The old step runs on; the conditions say what is wrong with the new one.
        _ => Phase::Transitioning,
    }
}

/// The move under way, for whoever asks after two seconds.
fn transition(
    status: &WorkspaceInstanceStatus,
    stage: &Stage,
    asked: &Asked,
    progress: &Progress,
    bounds: &Bounds,
) -> Option<TransitionStatus> {
    let is_under_way = match stage {
        Stage::Proven(_)
        | Stage::Suspending
        | Stage::Suspended
        | Stage::Refused(_)
        | Stage::WriteRefused { .. }
        | Stage::NamespaceTaken => false,
        _ => stage.is_settled() || progress.elapsed >= bounds.quiet_move,
    };
    (is_under_way && is_move(status, asked)).then(|| TransitionStatus {
        from: status.current_step.as_ref().map(|step| step.id.clone()),
        to: asked.step.clone(),
        started_at: whole_seconds(progress.since),
        attempt: 1,
    })
}

/// Times in objects have whole seconds: a finer one would differ from what is read back, and would
/// be written again and again.
fn whole_seconds(time: jiff::Timestamp) -> Time {
    Time(jiff::Timestamp::from_second(time.as_second()).unwrap_or(time))
}
