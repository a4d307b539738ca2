//! What a status write says, in numbers.

use std::time::Duration;

use api::conditions::{condition_type, is_true, reason};
use api::v1::{Launch, WorkspaceInstanceStatus, WorkspaceTemplate};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::Metrics;
use super::labels::known;

/// One status write.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What status said before.
    pub old: Option<&'a WorkspaceInstanceStatus>,
    /// What it says now.
    pub new: &'a WorkspaceInstanceStatus,
    /// Since the first sight of the wish.
    pub took: Duration,
    /// The template, for the order of its steps.
    pub template: Option<&'a WorkspaceTemplate>,
}

impl Metrics {
    /// Counts what a status write says.
    pub fn observe(&self, change: &Change<'_>) {
        let Change { old, new, took, .. } = change;
        if let Some(old) = old.filter(|old| old.current_step.is_some()) {
            if is_proof(old, new) {
                let labels = [("kind", change.kind())];
                self.families.step_seconds.get_or_create(&labels).observe(took.as_secs_f64());
                self.families.transitions.get_or_create(&[("result", "succeeded")]).inc();
            }
        } else if new.current_step.is_some() {
            let labels = [("launch", launch(new))];
            self.families.start_seconds.get_or_create(&labels).observe(took.as_secs_f64());
        }
        let Some(failure) = new_failure(*old, new) else { return };
        self.families.failures.get_or_create(&[("reason", failure)]).inc();
        if new.transition.is_some() {
            self.families.transitions.get_or_create(&[("result", "failed")]).inc();
        }
    }
}

impl Change<'_> {
    /// Where a move went, by the order of the template's steps.
    fn kind(&self) -> &'static str {
        let id = |status: &WorkspaceInstanceStatus| status.current_step.as_ref().map(|step| step.id.clone());
        let (from, to) = (self.old.and_then(id), id(self.new));
        if from == to {
            return "reset";
        }
        let steps = self.template.map(|template| template.spec.steps.as_slice()).unwrap_or_default();
        let place = |id: &Option<String>| steps.iter().position(|step| Some(&step.id) == id.as_ref());
        match (place(&from), place(&to)) {
            (Some(from), Some(to)) if from > to => "back",
            (Some(_), Some(_)) => "forward",
            // One of them is no step of the template any more.
            (None, _) | (_, None) => "other",
        }
    }
}

/// Two resets within one second leave the same time in `currentStep`, but not the same count.
fn is_proof(old: &WorkspaceInstanceStatus, new: &WorkspaceInstanceStatus) -> bool {
    old.current_step != new.current_step || old.reset_count != new.reset_count
}

fn launch(status: &WorkspaceInstanceStatus) -> &'static str {
    match status.launch {
        Some(Launch::Warm) => "warm",
        Some(Launch::Cold) | None => "cold",
    }
}

/// Why the workspace turned unready for good, or lost its pod, if it did not say so before.
fn new_failure(old: Option<&WorkspaceInstanceStatus>, new: &WorkspaceInstanceStatus) -> Option<&'static str> {
    let ready = |status: &WorkspaceInstanceStatus| -> Option<Condition> {
        status.conditions.iter().find(|c| c.type_ == condition_type::READY).cloned()
    };
    let now = ready(new).filter(|now| now.status == "False")?;
    let lasts = is_true(&new.conditions, condition_type::STALLED) || now.reason == reason::POD_LOST;
    let is_news = old.and_then(ready).is_none_or(|before| before.reason != now.reason);
    (lasts && is_news).then(|| known(&now.reason, &reason::ALL))
}
