//! The table from stage to conditions, whole.

use std::time::Duration;

use api::conditions::{condition_type, reason};

use super::fixture::{ago, digest, now};
use crate::instance::check::Refusal;
use crate::instance::rows::{row, set};
use crate::instance::stage::Stage;

/// `Ready Reconciling Stalled Suspended | TemplateResolved OverridesAccepted NamespaceReady
/// ImagesAvailable StepReady`: `+` true, `-` false, `.` nothing said; then reason and message.
fn said(stage: &Stage, late: bool) -> String {
    let mut conditions = Vec::new();
    let row = row(stage, late, Duration::from_secs(60));
    set(&mut conditions, &row, Some(3), now());
    let sign = |type_: &str| match conditions.iter().find(|c| c.type_ == type_) {
        None => '.',
        Some(condition) => {
            assert_eq!(condition.observed_generation, Some(3));
            if condition.status == "True" { '+' } else { '-' }
        }
    };
    let signs: String = [
        condition_type::READY,
        condition_type::RECONCILING,
        condition_type::STALLED,
        condition_type::SUSPENDED,
        condition_type::TEMPLATE_RESOLVED,
        condition_type::OVERRIDES_ACCEPTED,
        condition_type::NAMESPACE_READY,
        condition_type::IMAGES_AVAILABLE,
        condition_type::STEP_READY,
    ]
    .map(sign)
    .into_iter()
    .collect();
    format!("{signs} {}: {}", row.reason, row.message)
}

fn refused(condition: &'static str) -> Stage {
    let message = "no".to_owned();
    Stage::Refused(Refusal { condition, reason: reason::STEP_NOT_FOUND, message })
}

fn pull_failed(usable: Option<&str>) -> Stage {
    Stage::PullFailed {
        image: "r/w@sha256:2".to_owned(),
        reason: "ErrImagePull".to_owned(),
        message: "not found".to_owned(),
        usable: usable.map(str::to_owned),
    }
}

fn lost(node: Option<&str>) -> Stage {
    Stage::PodLost { message: "the pod is being deleted".to_owned(), node: node.map(str::to_owned) }
}

#[test]
fn every_stage_says_what_is_the_case_and_what_to_do() {
    let start_failed =
        Stage::StartFailed { reason: "CrashLoopBackOff".to_owned(), message: "exit 1".to_owned() };
    let write_refused = Stage::WriteRefused {
        condition: condition_type::NAMESPACE_READY,
        message: "create namespace ws: no (403)".to_owned(),
    };
    for (stage, wanted) in [
        (Stage::Proven(digest(1)), "+---+++++ AsWanted: "),
        (refused(condition_type::TEMPLATE_RESOLVED), "--+--.... StepNotFound: no"),
        (refused(condition_type::OVERRIDES_ACCEPTED), "--+-+-... StepNotFound: no"),
        (refused(condition_type::STEP_READY), "--+-+++.- StepNotFound: no"),
        (
            write_refused,
            "-++-++-.. WriteRefused: the API server refuses a write: create namespace ws: no (403)",
        ),
        (
            Stage::Delayed {
                condition: condition_type::STEP_READY,
                message: "create pod: busy (500)".to_owned(),
            },
            "-+--+++.- Progressing: the API server does not take a write yet: create pod: busy (500)",
        ),
        (
            Stage::NamespaceTaken,
            "-++-++-.. NamespaceTaken: the name of the workspace namespace belongs to something else; remove it or name the instance otherwise",
        ),
        (
            Stage::NamespaceTerminating,
            "-+--++-.. NamespaceTerminating: the workspace namespace, or a former one of its name, is still being deleted",
        ),
        (Stage::Preparing, "-+--+++.- Progressing: the workspace is being made"),
        (
            Stage::Scheduling("0/1 nodes".to_owned()),
            "-+--+++.- Scheduling: no node has taken the workspace yet: 0/1 nodes",
        ),
        (
            Stage::Pulling { image: "r/w@sha256:2".to_owned(), usable: "one".to_owned() },
            "-+--+++-- Pulling: pulling r/w@sha256:2; step \"one\" stays usable",
        ),
        (
            pull_failed(Some("one")),
            "-++-+++-- ImagePullFailed: cannot pull r/w@sha256:2: ErrImagePull: not found; step \"one\" stays usable",
        ),
        (pull_failed(None), "-++-+++-- ImagePullFailed: cannot pull r/w@sha256:2: ErrImagePull: not found"),
        (
            Stage::Swapping { image_present: true },
            "-+--++++- Swapping: the container of the step is starting",
        ),
        (
            Stage::Swapping { image_present: false },
            "-+--+++.- Swapping: the container of the step is starting; its node may be pulling the image",
        ),
        (
            start_failed,
            "-++-+++.- StartFailed: the container of the step does not start: CrashLoopBackOff: exit 1",
        ),
        (
            Stage::NodeSilent("node-1".to_owned()),
            "-+--+++.- PodLost: node node-1 has stopped to report; the workspace comes back with it, or is made again once Kubernetes gives the node up",
        ),
        (lost(Some("node-1")), "-+--+++.- PodLost: the pod is being deleted; it is made again"),
        (Stage::Suspending, "-+-++++.- Suspended: the workspace is being suspended"),
        (Stage::Suspended, "---++++.- Suspended: suspended; set spec.operatingMode to Running to go on"),
    ] {
        assert_eq!(said(&stage, false), wanted);
    }
}

#[test]
fn past_its_bound_a_stage_is_stalled() {
    assert_eq!(
        said(&Stage::Swapping { image_present: true }, true),
        "-++-++++- DeadlineExceeded: not done after 60 s: the container of the step is starting"
    );
    assert_eq!(
        said(&lost(Some("node-1")), true),
        "-++-+++.- DeadlineExceeded: not done after 60 s: the pod is being deleted; if node node-1 is gone for good, delete it (kubectl delete node node-1), and the workspace is made again"
    );
    assert_eq!(
        said(&lost(None), true),
        "-++-+++.- DeadlineExceeded: not done after 60 s: the pod is being deleted; it is made again"
    );
}

#[test]
fn what_is_not_known_keeps_what_it_said_and_times_move_on_a_flip_only() {
    let bound = Duration::from_secs(60);
    let mut conditions = Vec::new();
    set(&mut conditions, &row(&Stage::Proven(digest(1)), false, bound), Some(1), ago(60));
    let template_gone = refused(condition_type::TEMPLATE_RESOLVED);
    set(&mut conditions, &row(&template_gone, false, bound), Some(1), ago(30));
    let at = |type_: &str| {
        let found = conditions.iter().find(|c| c.type_ == type_).unwrap();
        (found.status.as_str(), found.last_transition_time.0)
    };
    assert_eq!(at(condition_type::READY), ("False", ago(30)));
    assert_eq!(at(condition_type::TEMPLATE_RESOLVED), ("False", ago(30)));
    assert_eq!(at(condition_type::STEP_READY), ("True", ago(60)), "the step runs on");
    assert_eq!(at(condition_type::RECONCILING), ("False", ago(60)));
    assert_eq!(conditions.len(), 9);
}

#[test]
fn a_message_fits_into_a_condition() {
    let refused = Stage::WriteRefused { condition: condition_type::STEP_READY, message: "é".repeat(9000) };
    let row = row(&refused, true, Duration::from_secs(60));
    assert!(row.message.chars().count() <= 2048 && row.message.ends_with('…'), "{}", row.message.len());
}
