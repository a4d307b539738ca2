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
            step = instance.spec.current_step,
            otel.status_code = tracing::field::Empty
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
    let (template, status) = (template.name_any(), tracing::field::Empty);
    error_span!(parent: None, "reconcile", template, otel.status_code = status)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing::Subscriber;
    use tracing::span::{Attributes, Id};
    use tracing_subscriber::filter::Targets;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
    use tracing_subscriber::registry::LookupSpan;

    use super::*;
    use crate::instance::Pulled;
    use crate::instance::tests::fixture::Fixture;
    use crate::instance::tests::pod::PodFixture;
    use crate::instance::tests::stores::Play;

    /// Spans as paths, when they begin and when they end.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<(Vec<String>, Vec<String>)>>);

    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
        fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
            let scope = context.span_scope(id).unwrap().from_root();
            let path: Vec<_> = scope.map(|span| span.name()).collect();
            lock(&self.0).0.push(path.join("/"));
        }

        fn on_close(&self, id: Id, context: Context<'_, S>) {
            lock(&self.0).1.push(context.span(&id).unwrap().name().to_owned());
        }
    }

    async fn reconcile(play: &Play) {
        let instance = play.context.stores.instances.state().pop().unwrap();
        crate::reconcile_instance(instance, play.context.clone()).await.unwrap();
    }

    #[tokio::test]
    async fn one_trace_leads_from_the_wish_to_every_request_and_ends_with_the_proof() {
        let wish = Fixture::new().proven("one", 1).step("two", 2).pull(2, Pulled::Held);
        let play = Play::of(&wish.pod(PodFixture::running("one", 1)));
        let seen = Seen::default();
        let ours = Targets::new().with_target("controllers", tracing::Level::INFO);
        // For the whole thread: a client sends from a task of its own.
        let subscriber = tracing_subscriber::registry().with(seen.clone().with_filter(ours));
        let _traced = tracing::subscriber::set_default(subscriber);
        reconcile(&play).await;
        let verb = |name: &str| format!("transition/reconcile/{name}");
        let begun = std::mem::take(&mut lock(&seen.0).0);
        let wanted = ["transition", "transition/reconcile"].map(str::to_owned).into_iter();
        let verbs = ["gather", "check", "plan", "apply", "apply/api_request", "report"].map(verb);
        assert_eq!(begun, wanted.chain(verbs).collect::<Vec<_>>());
        assert!(!lock(&seen.0).1.contains(&"transition".to_owned()), "the wish stands");

        // The same operator sees the proof.
        let fixture = Fixture::new().proven("one", 1).step("two", 2).pod(PodFixture::running("two", 2));
        let mut stores = crate::instance::tests::stores::stores_of(&fixture);
        let mut play = play;
        std::mem::swap(&mut stores, &mut Arc::get_mut(&mut play.context).unwrap().stores);
        reconcile(&play).await;
        let begun = std::mem::take(&mut lock(&seen.0).0);
        assert_eq!(begun.first(), Some(&"transition/reconcile".to_owned()), "no second wish");
        assert!(begun.contains(&verb("report/api_request")), "{begun:?}");
        assert_eq!(lock(&seen.0).1.iter().filter(|name| *name == "transition").count(), 1);
        assert!(lock(&play.context.transitions.open).is_empty());
    }

    #[test]
    fn a_fulfilled_wish_and_one_that_was_replaced_by_ourselves_begin_nothing() {
        let transitions = Transitions::default();
        let mut fixture = Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1));
        let proven = crate::instance::Stage::Proven(crate::instance::tests::fixture::digest(1));
        let progress = crate::instance::tests::fixture::progress(1);
        fixture.status = Some(fixture.status_in(&proven, &progress));
        let settled = fixture.object();
        let wish = fixture.step("two", 2).object();
        let _ = transitions.reconcile(&settled, false);
        let _ = transitions.reconcile(&wish, true);
        assert!(lock(&transitions.open).is_empty());
        let _ = transitions.reconcile(&wish, false);
        assert_eq!(lock(&transitions.open).len(), 1);
        transitions.retain(|_| false);
        assert!(lock(&transitions.open).is_empty());
    }
}
