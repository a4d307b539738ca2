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
    let on_the_way = |reason: &'static str, message: String, false_condition| Row {
        reason: if late { reason::DEADLINE_EXCEEDED } else { reason },
        message: if late { format!("not done after {} s: {message}", bound.as_secs()) } else { message },
        ready: false,
        reconciling: true,
        stalled: late,
        false_condition: Some(false_condition),
        suspended: false,
    };
    let failed = |reason: &'static str, message: String, false_condition| Row {
        reason,
        message,
        ready: false,
        reconciling: true,
        stalled: true,
        false_condition: Some(false_condition),
        suspended: false,
    };
    match stage {
        Stage::Refused(refusal) => Row {
            reconciling: false,
            ..failed(refusal.reason, refusal.message.clone(), refusal.condition)
        },
        Stage::NamespaceTaken => failed(
            reason::NAMESPACE_TAKEN,
            "the name of the workspace namespace belongs to something else; remove it or name the instance otherwise"
                .to_owned(),
            condition_type::NAMESPACE_READY,
        ),
        Stage::NamespaceTerminating => on_the_way(
            reason::NAMESPACE_TERMINATING,
            "the namespace of a former workspace of this name is still being deleted".to_owned(),
            condition_type::NAMESPACE_READY,
        ),
        Stage::Preparing => on_the_way(
            reason::PROGRESSING,
            "the workspace is being made".to_owned(),
            condition_type::STEP_READY,
        ),
        Stage::Scheduling(message) => on_the_way(
            reason::SCHEDULING,
            format!("no node has taken the workspace yet: {message}"),
            condition_type::STEP_READY,
        ),
        Stage::Pulling(image) => {
            on_the_way(reason::PULLING, format!("pulling {image}"), condition_type::IMAGES_AVAILABLE)
        }
        Stage::PullFailed { image, reason, message } => failed(
            reason::IMAGE_PULL_FAILED,
            format!("cannot pull {image}: {reason}: {message}"),
            condition_type::IMAGES_AVAILABLE,
        ),
        Stage::Swapping => on_the_way(
            reason::SWAPPING,
            "the container of the step is starting".to_owned(),
            condition_type::STEP_READY,
        ),
        Stage::StartFailed { reason, message } => failed(
            reason::START_FAILED,
            format!("the container of the step does not start: {reason}: {message}"),
            condition_type::STEP_READY,
        ),
        Stage::PodLost(message) => on_the_way(
            reason::POD_LOST,
            format!("{message}; it is made again"),
            condition_type::STEP_READY,
        ),
        Stage::Suspending => Row {
            suspended: true,
            ..on_the_way(
                reason::SUSPENDED,
                "the workspace is being suspended".to_owned(),
                condition_type::STEP_READY,
            )
        },
        Stage::Suspended => Row {
            reason: reason::SUSPENDED,
            message: "suspended; set spec.operatingMode to Running to go on".to_owned(),
            ready: false,
            reconciling: false,
            stalled: false,
            false_condition: Some(condition_type::STEP_READY),
            suspended: true,
        },
        Stage::Proven(_) => Row {
            reason: reason::AS_WANTED,
            message: String::new(),
            ready: true,
            reconciling: false,
            stalled: false,
            false_condition: None,
            suspended: false,
        },
    }
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
        put(rung, true, reason::AS_WANTED, "");
    }
}
