//! Spans: one trace from the first sight of a wish to its proof, over every reconcile on the way.
//!
//! A wish is seen as soon as the watch brings it. The time that the API server noted for the change
//! has whole seconds and another clock, so it is no beginning for a move of three tenths.

use std::collections::HashMap;
use std::sync::Mutex;

use api::conditions::condition_type;
use api::v1::{OperatingMode, WorkspaceInstance, WorkspaceTemplate};
use kube::ResourceExt;
use tracing::{Span, error_span};

use crate::memory::lock;

/// What a transition is towards.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    step: Option<String>,
    reset: Option<i64>,
    mode: OperatingMode,
    deleting: bool,
}

impl Target {
    fn of(instance: &WorkspaceInstance) -> Self {
        Self {
            step: instance.spec.current_step.clone(),
            reset: instance.spec.reset_count,
            mode: instance.spec.operating_mode.unwrap_or_default(),
            deleting: instance.metadata.deletion_timestamp.is_some(),
        }
    }
}

/// The spans of the wishes that are not fulfilled, by the uid of their instance.
#[derive(Debug, Default)]
pub struct Transitions {
    open: Mutex<HashMap<String, (Target, Span)>>,
}

impl Transitions {
    /// The span of one reconcile, inside that of its wish where there is one.
    ///
    /// Both have the level of errors, so that no filter takes the names away from a line of the log.
    /// An instance that this operator itself has replaced by now begins no wish: it has none any more.
    #[must_use]
    pub fn reconcile(&self, instance: &WorkspaceInstance, is_replaced: bool) -> Span {
        let parent = if is_replaced { None } else { self.of(instance) }.unwrap_or_else(Span::none);
        error_span!(
            parent: &parent,
            "reconcile",
            instance = %path(instance),
            template = instance.spec.template_ref.name,
            step = instance.spec.current_step
        )
    }

    /// The span of the wish; it begins when it is asked for first, unless the wish is fulfilled.
    fn of(&self, instance: &WorkspaceInstance) -> Option<Span> {
        let (uid, target) = (instance.uid()?, Target::of(instance));
        let mut open = lock(&self.open);
        if let Some((known, span)) = open.get(&uid) {
            if *known == target {
                return Some(span.clone());
            }
            span.record("result", "replaced");
            open.remove(&uid);
        }
        if is_fulfilled(instance) {
            return None;
        }
        let from = instance.status.as_ref().and_then(|status| status.current_step.as_ref());
        let span = error_span!(
            parent: None,
            "transition",
            instance = %path(instance),
            template = instance.spec.template_ref.name,
            step = target.step,
            from = from.map(|step| step.id.as_str()),
            reset = target.reset,
            generation = instance.metadata.generation,
            deleting = target.deleting,
            result = tracing::field::Empty
        );
        open.insert(uid, (target, span.clone()));
        Some(span)
    }

    /// The wish of this instance has come to an end.
    pub fn end(&self, uid: &str, result: &'static str) {
        if let Some((_, span)) = lock(&self.open).remove(uid) {
            span.record("result", result);
        }
    }

    /// Forgets instances that are gone.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        lock(&self.open).retain(|uid, _| is_there(uid));
    }
}

/// The span of one reconcile of a template.
#[must_use]
pub fn reconcile_template(template: &WorkspaceTemplate) -> Span {
    error_span!(parent: None, "reconcile", template = template.name_any())
}

/// `class/name`, the value of `instance` in logs and traces.
#[must_use]
pub fn path(instance: &WorkspaceInstance) -> String {
    format!("{}/{}", instance.namespace().unwrap_or_default(), instance.name_any())
}

fn is_fulfilled(instance: &WorkspaceInstance) -> bool {
    let generation = instance.metadata.generation;
    let mut conditions = instance.status.iter().flat_map(|status| &status.conditions);
    instance.metadata.deletion_timestamp.is_none()
        && conditions.any(|c| {
            c.type_ == condition_type::READY && c.status == "True" && c.observed_generation == generation
        })
}
