//! How a workspace stands, in words: a pure function of the instance.

use api::conditions::{condition_type, is_true, reason};
use api::v1::WorkspaceInstance;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::reasons::{self, Told};
use crate::program;

/// How a workspace stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// `ready`, `not ready`, `suspended`, `being deleted` or `unseen`.
    pub state: &'static str,
    /// Reason of `Ready`, where there is one.
    pub reason: Option<String>,
    /// Whether a time limit has passed, or a person has to act.
    pub stalled: bool,
    /// Since when.
    pub since: Option<Timestamp>,
    /// What is the case; the operator's own words come after ours.
    pub causes: Vec<String>,
    /// What it waits for.
    pub waits: Option<String>,
    /// What a person does.
    pub cure: Option<String>,
}

/// Looks at an instance.
#[must_use]
pub fn of(instance: &WorkspaceInstance) -> Situation {
    let conditions = instance.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let find = |type_: &str| conditions.iter().find(|condition| condition.type_ == type_);
    let blocked = find(condition_type::DELETION_BLOCKED).filter(|condition| condition.status == "True");
    let deleted = instance.metadata.deletion_timestamp.as_ref().map(|time| time.0);
    let Some(ready) = find(condition_type::READY) else { return unseen(instance, deleted) };
    let word = if deleted.is_some() { reason::TERMINATING } else { ready.reason.as_str() };
    let told = match blocked {
        Some(_) => Some(reasons::DELETION_BLOCKED),
        None => reasons::tell(word),
    };
    let said = blocked.unwrap_or(ready);
    let behind = is_behind(instance);
    let mut causes =
        if deleted.is_some() && blocked.is_none() { words(told, "") } else { words(told, &said.message) };
    if behind {
        // What is said of an older spec may be over, and "ready" is.
        causes.retain(|_| ready.status != "True");
        causes.push("the operator has not seen the last change of the spec yet".to_owned());
    }
    Situation {
        state: state(instance, ready),
        reason: Some(word.to_owned()),
        stalled: blocked.is_some() || is_true(conditions, condition_type::STALLED),
        since: deleted.or_else(|| since(instance, conditions, ready)),
        causes,
        waits: waits(told, behind).map(|text| filled(text, instance)),
        cure: cure(told, behind).map(|text| filled(text, instance)),
    }
}

fn unseen(instance: &WorkspaceInstance, deleted: Option<Timestamp>) -> Situation {
    let told = reasons::UNSEEN;
    Situation {
        state: if deleted.is_some() { "being deleted" } else { "unseen" },
        reason: None,
        stalled: false,
        since: deleted.or_else(|| instance.metadata.creation_timestamp.as_ref().map(|time| time.0)),
        causes: vec![told.cause.to_owned()],
        waits: Some(told.waits.to_owned()),
        cure: Some(filled(told.cure, instance)),
    }
}

/// Whether the status is of an older spec.
fn is_behind(instance: &WorkspaceInstance) -> bool {
    let seen = instance.status.as_ref().and_then(|status| status.observed_generation);
    matches!((seen, instance.metadata.generation), (Some(seen), Some(wanted)) if seen < wanted)
}

/// Our words, then the operator's, unless those say the same and more.
fn words(told: Option<Told>, message: &str) -> Vec<String> {
    let own = told.map(|told| told.cause).filter(|cause| !message.starts_with(cause));
    [own.unwrap_or_default(), message]
        .into_iter()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .collect()
}

fn waits(told: Option<Told>, behind: bool) -> Option<&'static str> {
    let own = told.map(|told| told.waits).filter(|waits| !waits.is_empty());
    own.or(behind.then_some("the operator"))
}

fn cure(told: Option<Told>, behind: bool) -> Option<&'static str> {
    let own = told.map(|told| told.cure).filter(|cure| !cure.is_empty());
    own.or(behind.then_some("if it stays so, see whether an operator runs: {program} check"))
}

fn state(instance: &WorkspaceInstance, ready: &Condition) -> &'static str {
    if instance.metadata.deletion_timestamp.is_some() {
        "being deleted"
    } else if ready.status == "True" {
        "ready"
    } else if ready.reason == reason::SUSPENDED {
        "suspended"
    } else if ready.reason == reason::EXPIRED {
        "expired"
    } else {
        "not ready"
    }
}

/// A move has its own beginning; otherwise the first condition that is false, and `Ready` at last.
fn since(instance: &WorkspaceInstance, conditions: &[Condition], ready: &Condition) -> Option<Timestamp> {
    let begun =
        instance.status.as_ref().and_then(|status| status.transition.as_ref()).map(|one| one.started_at.0);
    let same =
        |one: &&Condition| one.status == "False" && one.reason == ready.reason && one.type_ != ready.type_;
    let rung = conditions.iter().find(same).unwrap_or(ready).last_transition_time.0;
    Some(begun.filter(|_| ready.status != "True").unwrap_or(rung))
}

fn filled(text: &str, instance: &WorkspaceInstance) -> String {
    let class = instance.namespace().unwrap_or_default();
    let workspace = instance.status.as_ref().and_then(|status| status.workspace_namespace.clone());
    let workspace =
        workspace.unwrap_or_else(|| api::names::workspace_namespace(&class, &instance.name_any()));
    text.replace("{name}", &instance.name_any())
        .replace("{class}", &class)
        .replace("{workspace}", &workspace)
        .replace("{step}", instance.spec.current_step.as_deref().unwrap_or("STEP"))
        .replace("{template}", &instance.spec.template_ref.name)
        .replace("{program}", program::name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::tests::ana_json;
    use serde_json::{Value, json};

    fn with(change: impl FnOnce(&mut Value)) -> Situation {
        let mut value = ana_json();
        change(&mut value);
        of(&serde_json::from_value(value).unwrap())
    }

    fn not_ready(value: &mut Value, reason: &str, message: &str) {
        value["status"]["conditions"][0]["status"] = json!("False");
        value["status"]["conditions"][0]["reason"] = json!(reason);
        value["status"]["conditions"][0]["message"] = json!(message);
    }

    #[test]
    fn a_ready_one_waits_for_nothing() {
        let ready = with(|_| ());
        assert_eq!((ready.state, ready.stalled, ready.waits, ready.cure), ("ready", false, None, None));
    }

    #[test]
    fn names_are_filled_in() {
        let failed = with(|value| not_ready(value, "StartFailed", "CrashLoopBackOff: exit code 1"));
        assert_eq!(failed.causes[1], "CrashLoopBackOff: exit code 1");
        let cure = failed.cure.unwrap();
        assert!(cure.contains("-n ws-monday-ana-0a1b2c") && !cure.contains('{'), "{cure}");
    }

    #[test]
    fn an_unknown_reason_is_told_by_its_message() {
        let strange = with(|value| not_ready(value, "Strange", "words of a newer operator"));
        assert_eq!(strange.causes, ["words of a newer operator"]);
        assert_eq!(strange.cure, None);
    }

    #[test]
    fn a_spec_that_nobody_has_seen_is_told() {
        let behind = with(|value| value["metadata"]["generation"] = json!(4));
        assert!(behind.causes.iter().any(|cause| cause.contains("not seen the last change")), "{behind:?}");
        assert!(behind.cure.unwrap().ends_with("check"));
    }

    #[test]
    fn a_deletion_that_is_held_back_says_by_what() {
        let blocked = with(|value| {
            value["metadata"]["deletionTimestamp"] = json!("2026-01-05T09:50:00Z");
            let conditions = value["status"]["conditions"].as_array_mut().unwrap();
            conditions.push(json!({"type": "DeletionBlocked", "status": "True", "reason": "Terminating",
                "message": "pod x has finalizer y", "lastTransitionTime": "2026-01-05T09:52:00Z"}));
        });
        assert_eq!((blocked.state, blocked.stalled), ("being deleted", true));
        assert_eq!(blocked.causes[1], "pod x has finalizer y");
        assert_eq!(blocked.since, Some("2026-01-05T09:50:00Z".parse().unwrap()));
    }
}
