//! What of a status change is worth an event. Pure.

use api::conditions::{condition_type, is_true, reason};
use api::v1::WorkspaceInstanceStatus;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// The longest note that the API server takes, in bytes (events.k8s.io/v1).
const NOTE: usize = 1024;

/// One event, before anybody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Whether somebody should look at it.
    pub warning: bool,
    /// One CamelCase word.
    pub reason: String,
    /// What the operator was doing.
    pub action: &'static str,
    /// For a person.
    pub note: String,
}

/// The event of a status change, if it is worth one: at most one, so there are never more events than
/// writes of status.
#[must_use]
pub fn news(old: Option<&WorkspaceInstanceStatus>, new: &WorkspaceInstanceStatus) -> Option<News> {
    let was = |type_| old.is_some_and(|old| is_true(&old.conditions, type_));
    let turned = |type_| is_true(&new.conditions, type_) && !was(type_);
    let ready = find(new, condition_type::READY)?;
    if turned(condition_type::DELETION_BLOCKED) {
        return Some(warning(condition_type::DELETION_BLOCKED, "Remove", &ready.message));
    }
    let before = old.and_then(|old| find(old, condition_type::READY));
    if is_failure(new, ready) {
        let is_news = before.is_none_or(|before| before.reason != ready.reason);
        return is_news.then(|| warning(&ready.reason, action(&ready.reason), &ready.message));
    }
    if turned(condition_type::SUSPENDED) && ready.reason == reason::SUSPENDED {
        return Some(normal("Suspended", "Suspend", "the workspace is suspended"));
    }
    if ready.status != "True" {
        return None;
    }
    let step = new.current_step.as_ref().map(|step| step.id.as_str()).unwrap_or_default();
    let note = format!("step \"{step}\" runs");
    let old = old?;
    let failed = before.is_some_and(|before| is_failure(old, before));
    if old.started_at.is_none() {
        Some(normal("Started", "Start", &note))
    } else if failed {
        Some(normal("Recovered", "Move", &note))
    } else if old.transition.is_some() {
        Some(normal("StepReached", "Move", &note))
    } else {
        None
    }
}

fn find<'a>(status: &'a WorkspaceInstanceStatus, type_: &str) -> Option<&'a Condition> {
    status.conditions.iter().find(|c| c.type_ == type_)
}

/// Whether a workspace is unready and does not go on by itself, or lost its pod.
fn is_failure(status: &WorkspaceInstanceStatus, ready: &Condition) -> bool {
    let stalled = is_true(&status.conditions, condition_type::STALLED);
    ready.status == "False" && (stalled || ready.reason == reason::POD_LOST)
}

fn action(why: &str) -> &'static str {
    match why {
        reason::IMAGE_PULL_FAILED => "Pull",
        reason::START_FAILED | reason::DEADLINE_EXCEEDED => "Move",
        reason::POD_LOST => "Restore",
        reason::TERMINATING => "Remove",
        reason::NAMESPACE_TAKEN | reason::NAMESPACE_TERMINATING | reason::WRITE_REFUSED => "Prepare",
        _ => "Check",
    }
}

fn warning(reason: &str, action: &'static str, note: &str) -> News {
    News { warning: true, reason: reason.to_owned(), action, note: cut(note) }
}

fn normal(reason: &str, action: &'static str, note: &str) -> News {
    News { warning: false, reason: reason.to_owned(), action, note: cut(note) }
}

/// At most [`NOTE`] bytes, at the end of a character.
fn cut(note: &str) -> String {
    const MARK: char = '…';
    if note.len() <= NOTE {
        return note.to_owned();
    }
    let mut text = String::with_capacity(NOTE);
    for letter in note.chars() {
        if text.len() + letter.len_utf8() + MARK.len_utf8() > NOTE {
            break;
        }
        text.push(letter);
    }
    text.push(MARK);
    text
}
