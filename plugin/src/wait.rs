//! Waiting for an instance by a watch: what is seen is judged by a pure function.

use std::pin::pin;
use std::time::Duration;

use api::conditions::{condition_type, reason};
use api::v1::WorkspaceInstance;
use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, watch_object};
use kube::{Api, ResourceExt};
use tokio::time::Instant;

use crate::context::Context;
use crate::error::Error;
use crate::progress::Progress;

/// How long `Stalled=True` must hold before waiting ends: right after a template was written, an
/// operator may not have seen it yet.
const STALLED_FOR: Duration = Duration::from_secs(5);

/// What is waited for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The very object; another one of the same name does not count.
    pub uid: Option<String>,
    /// Generation that the write returned.
    pub generation: i64,
    /// Step that must be proven; absent means whichever the operator chose.
    pub step: Option<String>,
    /// Reset count that must be proven.
    pub reset_count: i64,
}

impl Wanted {
    /// What the spec of this object, as the API server returned it from a write, asks for.
    #[must_use]
    pub fn by(instance: &WorkspaceInstance) -> Self {
        Self {
            uid: instance.metadata.uid.clone(),
            generation: instance.metadata.generation.unwrap_or_default(),
            step: instance.spec.current_step.clone(),
            reset_count: instance.spec.reset_count.unwrap_or_default(),
        }
    }
}

/// What an object says about what is waited for.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is there.
    Done,
    /// Not yet; the reason and message of `Ready`.
    NotYet(String),
    /// Not without a person; reason and message.
    Stalled(String),
    /// Somebody asked for another step meanwhile.
    Overtaken(String),
    /// The object is gone.
    Gone,
}

/// Judges an object.
#[must_use]
pub fn judge(instance: Option<&WorkspaceInstance>, wanted: &Wanted) -> Seen {
    let Some(instance) = instance.filter(|seen| wanted.uid.is_none() || seen.metadata.uid == wanted.uid)
    else {
        return Seen::Gone;
    };
    let asked = &instance.spec.current_step;
    if let (Some(asked), Some(step)) = (asked, &wanted.step)
        && asked != step
        && instance.metadata.generation.unwrap_or_default() > wanted.generation
    {
        return Seen::Overtaken(asked.clone());
    }
    let Some(status) = &instance.status else {
        return Seen::NotYet("the operator has not seen it yet".to_owned());
    };
    let is_new = |condition: &&Condition| {
        condition.observed_generation.or(status.observed_generation).unwrap_or_default() >= wanted.generation
    };
    let find =
        |type_: &str| status.conditions.iter().find(|condition| condition.type_ == type_).filter(is_new);
    let Some(ready) = find(condition_type::READY) else {
        return Seen::NotYet("the operator has not seen the change yet".to_owned());
    };
    let running = status.current_step.as_ref().map(|step| step.id.as_str());
    let step_fits = wanted.step.as_deref().is_none_or(|step| running == Some(step));
    let reset_fits = status.reset_count.unwrap_or_default() >= wanted.reset_count;
    if ready.status == "True" && step_fits && reset_fits {
        return Seen::Done;
    }
    let stalled = find(condition_type::STALLED).filter(|condition| condition.status == "True");
    let waits_for_a_person =
        [reason::SUSPENDED, reason::EXPIRED, reason::TERMINATING].contains(&ready.reason.as_str());
    match stalled.or(waits_for_a_person.then_some(ready)) {
        Some(condition) => Seen::Stalled(words(condition)),
        None => Seen::NotYet(words(ready)),
    }
}

fn words(condition: &Condition) -> String {
    match condition.message.as_str() {
        "" => condition.reason.clone(),
        message => format!("{}: {message}", condition.reason),
    }
}

/// Waits until the instance is as wanted, at most for `limit`. `what` says what did not come, for
/// example "ana is not on pipes".
///
/// # Errors
/// Exit 5 with the last reason; exit 1 when the operator says that a person has to act, or when the
/// object went away or was asked for another step; exit 7 when the caller may not watch.
pub async fn until(
    context: &Context,
    name: &str,
    wanted: &Wanted,
    limit: Duration,
    what: &str,
) -> Result<WorkspaceInstance, Error> {
    let instances: Api<WorkspaceInstance> = context.in_class();
    let mut seen = pin!(watch_object(instances, name).default_backoff());
    let mut progress = Progress::begin();
    let deadline = Instant::now() + limit;
    let mut stalled_since: Option<Instant> = None;
    let mut why = "the API server has not answered the watch yet".to_owned();
    let todo = format!("look again: {}", context.look(name));
    loop {
        let stop = stalled_since.map_or(deadline, |since| deadline.min(since + STALLED_FOR));
        let Ok(next) = tokio::time::timeout_at(stop, seen.next()).await else {
            return Err(match stalled_since {
                Some(since) if since + STALLED_FOR <= deadline => {
                    Error::Stalled { what: what.to_owned(), why, todo }
                }
                _ => Error::TimedOut { what: what.to_owned(), after: limit, why, todo },
            });
        };
        let instance = match next {
            Some(Ok(instance)) => instance,
            Some(Err(fault)) => {
                why = lost(context, name, fault)?;
                progress.say(&format!("{name}: {why}"));
                continue;
            }
            None => return Err(Error::Gone { what: format!("the watch of {name} ended") }),
        };
        match judge(instance.as_ref(), wanted) {
            Seen::Done => return instance.ok_or_else(|| gone(name)),
            Seen::Gone => return Err(gone(name)),
            Seen::Overtaken(step) => {
                let why = format!("somebody asked for step {step} meanwhile");
                return Err(Error::Stalled { what: what.to_owned(), why, todo });
            }
            Seen::NotYet(now) => (why, stalled_since) = (now, None),
            Seen::Stalled(now) => {
                (why, stalled_since) = (now, stalled_since.or_else(|| Some(Instant::now())))
            }
        }
        progress.say(&format!("{name}: {why}"));
    }
}

/// Waits until the object of this uid is gone, at most for `limit`.
///
/// # Errors
/// Exit 5 with the last reason; exit 7 when the caller may not watch.
pub async fn until_gone(
    context: &Context,
    name: &str,
    uid: Option<&str>,
    limit: Duration,
) -> Result<(), Error> {
    let instances: Api<WorkspaceInstance> = context.in_class();
    let mut seen = pin!(watch_object(instances, name).default_backoff());
    let mut progress = Progress::begin();
    let deadline = Instant::now() + limit;
    let mut why = "the API server has not answered the watch yet".to_owned();
    loop {
        let Ok(next) = tokio::time::timeout_at(deadline, seen.next()).await else {
            let todo = format!("look again: {}", context.look(name));
            return Err(Error::TimedOut { what: format!("{name} is not gone"), after: limit, why, todo });
        };
        why = match next {
            Some(Ok(Some(instance))) if uid.is_none_or(|uid| instance.uid().as_deref() == Some(uid)) => {
                in_the_way(&instance)
            }
            Some(Ok(_)) | None => return Ok(()),
            Some(Err(fault)) => lost(context, name, fault)?,
        };
        progress.say(&format!("{name}: {why}"));
    }
}

/// Why a deleted instance is still there.
fn in_the_way(instance: &WorkspaceInstance) -> String {
    let conditions = instance.status.iter().flat_map(|status| &status.conditions);
    let mut blocked =
        conditions.filter(|c| c.type_ == condition_type::DELETION_BLOCKED && c.status == "True");
    blocked.next().map_or_else(|| "its workspace is being deleted".to_owned(), words)
}

fn gone(name: &str) -> Error {
    Error::Gone { what: format!("{name} is gone") }
}

/// A broken watch is taken up again by itself; only a refusal ends the waiting.
fn lost(context: &Context, name: &str, fault: watcher::Error) -> Result<String, Error> {
    const REFUSALS: [u16; 3] = [401, 403, 404];
    let refused =
        |error: &kube::Error| matches!(error, kube::Error::Api(status) if REFUSALS.contains(&status.code));
    match fault {
        watcher::Error::InitialListFailed(source) | watcher::Error::WatchStartFailed(source)
            if refused(&source) =>
        {
            Err(context.failed(format!("watch instance {name}"), source))
        }
        other => Ok(format!("the watch broke and is taken up again ({other})")),
    }
}

#[cfg(test)]
pub mod tests;
