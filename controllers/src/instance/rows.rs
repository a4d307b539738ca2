//! The table from stage to conditions.

use std::time::Duration;

use api::conditions::{condition, condition_type, reason, set_condition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::stage::Stage;

/// One row: what a stage means for each condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Reason of `Ready`, and of every condition that this stage turns false.
    pub reason: &'static str,
    /// For a person: what is the case and what to do.
    pub message: String,
    /// `Ready`.
    pub ready: bool,
    /// `Reconciling`.
    pub reconciling: bool,
    /// `Stalled`: a bound was passed, or a person has to act.
    pub stalled: bool,
    /// The condition that is false because of this stage, beside `Ready`.
    pub false_condition: Option<&'static str>,
    /// Whether the wanted image is known to be on the node.
    pub image_present: bool,
    /// `Suspended`.
    pub suspended: bool,
}

/// Every condition that follows from the stage, in the order of a workspace's life.
const LADDER: [&str; 5] = [
    condition_type::TEMPLATE_RESOLVED,
    condition_type::OVERRIDES_ACCEPTED,
    condition_type::NAMESPACE_READY,
    condition_type::IMAGES_AVAILABLE,
    condition_type::STEP_READY,
];

/// The row of a stage; `late` means that its bound was passed.
#[must_use]
pub fn row(stage: &Stage, late: bool, bound: Duration) -> Row {
    let (reason, false_condition) = reason_and_rung(stage);
    let mut message = message(stage, late);
    if late {
        message = format!("not done after {} s: {message}", bound.as_secs());
    }
    let settled = stage.is_settled();
    let ready = matches!(stage, Stage::Proven(_));
    let suspended = matches!(stage, Stage::Suspended);
    let idle = ready || suspended || matches!(stage, Stage::Refused(_));
    Row {
        reason: if late { reason::DEADLINE_EXCEEDED } else { reason },
        message: cut(message),
        ready,
        reconciling: !idle,
        stalled: late || (settled && !ready && !suspended),
        false_condition,
        image_present: ready || matches!(stage, Stage::Swapping { image_present: true }),
        suspended: suspended || matches!(stage, Stage::Suspending),
    }
}

fn reason_and_rung(stage: &Stage) -> (&'static str, Option<&'static str>) {
    let (reason, rung) = match stage {
        Stage::Proven(_) => return (reason::AS_WANTED, None),
        Stage::Refused(refusal) => (refusal.reason, refusal.condition),
        Stage::WriteRefused { condition, .. } => (reason::WRITE_REFUSED, *condition),
        Stage::Delayed { condition, .. } => (reason::PROGRESSING, *condition),
        Stage::NamespaceTaken => (reason::NAMESPACE_TAKEN, condition_type::NAMESPACE_READY),
        Stage::NamespaceTerminating => (reason::NAMESPACE_TERMINATING, condition_type::NAMESPACE_READY),
        Stage::Preparing => (reason::PROGRESSING, condition_type::STEP_READY),
        Stage::Scheduling(_) => (reason::SCHEDULING, condition_type::STEP_READY),
        Stage::Pulling { .. } => (reason::PULLING, condition_type::IMAGES_AVAILABLE),
        Stage::PullFailed { .. } => (reason::IMAGE_PULL_FAILED, condition_type::IMAGES_AVAILABLE),
        Stage::Swapping { .. } => (reason::SWAPPING, condition_type::STEP_READY),
        Stage::StartFailed { .. } => (reason::START_FAILED, condition_type::STEP_READY),
        Stage::NodeSilent(_) | Stage::PodLost { .. } => (reason::POD_LOST, condition_type::STEP_READY),
        Stage::Suspending | Stage::Suspended => (reason::SUSPENDED, condition_type::STEP_READY),
    };
    (reason, Some(rung))
}

/// What is the case and what to do, for a person.
fn message(stage: &Stage, late: bool) -> String {
    match stage {
        Stage::Proven(_) => String::new(),
        Stage::Refused(refusal) => refusal.message.clone(),
        Stage::WriteRefused { message, .. } => format!("the API server refuses a write: {message}"),
        Stage::Delayed { message, .. } => format!("the API server does not take a write yet: {message}"),
        Stage::NamespaceTaken => {
            "the name of the workspace namespace belongs to something else; remove it or name the instance otherwise"
                .to_owned()
        }
        Stage::NamespaceTerminating => {
            "the workspace namespace, or a former one of its name, is still being deleted".to_owned()
        }
        Stage::Preparing => "the workspace is being made".to_owned(),
        Stage::Scheduling(why) => format!("no node has taken the workspace yet: {why}"),
        Stage::Pulling { image, usable } => format!("pulling {image}; step \"{usable}\" stays usable"),
        Stage::PullFailed { image, reason, message, usable } => {
            let usable =
                usable.as_ref().map(|step| format!("; step \"{step}\" stays usable")).unwrap_or_default();
            format!("cannot pull {image}: {}{usable}", words(reason, message))
        }
        Stage::Swapping { image_present: true } => "the container of the step is starting".to_owned(),
        Stage::Swapping { image_present: false } => {
            "the container of the step is starting; its node may be pulling the image".to_owned()
        }
        Stage::StartFailed { reason, message } => {
            format!("the container of the step does not start: {}", words(reason, message))
        }
        Stage::NodeSilent(node) => format!(
            "node {node} has stopped to report; the workspace comes back with it, or is made again once Kubernetes gives the node up"
        ),
        Stage::PodLost { message, node: Some(node) } if late => format!(
            "{message}; if node {node} is gone for good, delete it (kubectl delete node {node}), and the workspace is made again"
        ),
        Stage::PodLost { message, .. } => format!("{message}; it is made again"),
        Stage::Suspending => "the workspace is being suspended".to_owned(),
        Stage::Suspended => "suspended; set spec.operatingMode to Running to go on".to_owned(),
    }
}

/// The API server takes 4096 characters; nobody reads as many.
const MESSAGE: usize = 2048;

fn cut(message: String) -> String {
    match message.char_indices().nth(MESSAGE) {
        None => message,
        Some(_) => message.chars().take(MESSAGE - 1).chain(['…']).collect(),
    }
}

fn words(reason: &str, message: &str) -> String {
    if message.is_empty() { reason.to_owned() } else { format!("{reason}: {message}") }
}

/// Puts a row into the conditions. Below the rung that is false nothing is known, so those conditions
/// keep what they said, and are not made up where they said nothing.
pub fn set(conditions: &mut Vec<Condition>, row: &Row, generation: Option<i64>, now: jiff::Timestamp) {
    let mut put = |type_, status, reason, message: &str| {
        set_condition(conditions, condition(type_, status, reason, message, generation, now));
    };
    put(condition_type::READY, row.ready, row.reason, &row.message);
    let busy = if row.reconciling { row.reason } else { reason::AS_WANTED };
    put(condition_type::RECONCILING, row.reconciling, busy, "");
    let stalled = if row.stalled { row.reason } else { reason::AS_WANTED };
    put(condition_type::STALLED, row.stalled, stalled, if row.stalled { &row.message } else { "" });
    let suspended = if row.suspended { reason::SUSPENDED } else { reason::AS_WANTED };
    put(condition_type::SUSPENDED, row.suspended, suspended, "");
    for rung in LADDER {
        if row.false_condition == Some(rung) {
            put(rung, false, row.reason, &row.message);
            // An image that cannot be had keeps the step from being ready, too.
            if rung == condition_type::IMAGES_AVAILABLE {
                put(condition_type::STEP_READY, false, row.reason, &row.message);
            }
            return;
        }
        if rung != condition_type::IMAGES_AVAILABLE || row.image_present {
            put(rung, true, reason::AS_WANTED, "");
        }
    }
}
