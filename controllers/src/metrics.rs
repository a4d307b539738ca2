//! What the operator counts. Labels come from fixed sets only.

use std::sync::Mutex;
use std::time::Duration;

use api::conditions::condition_type;
use api::v1::WorkspaceInstanceStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of a transition's duration, in seconds.
const SECONDS: [f64; 10] = [0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0];

/// A word from a fixed set.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: String,
}

/// Counters of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    transitions: Histogram,
    unready: Family<Reason, Counter>,
    reconciles: Counter,
    errors: Family<Reason, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("workshop");
        let transitions = Histogram::new(SECONDS);
        let (unready, errors) = (Family::default(), Family::default());
        let reconciles = Counter::default();
        registry.register(
            "transition_seconds",
            "From the first sight of a wish to the proof of its step",
            transitions.clone(),
        );
        registry.register("unready", "Times that a workspace turned unready, by reason", unready.clone());
        registry.register("reconciles", "Reconciles of instances", reconciles.clone());
        registry.register("reconcile_errors", "Reconciles that failed, by class", errors.clone());
        Self { registry: Mutex::new(registry), transitions, unready, reconciles, errors }
    }
}

impl Metrics {
    /// Counts what a status write says.
    pub fn observe(
        &self,
        old: Option<&WorkspaceInstanceStatus>,
        new: &WorkspaceInstanceStatus,
        took: Duration,
    ) {
        if old.and_then(|old| old.current_step.as_ref()) != new.current_step.as_ref() {
            self.transitions.observe(took.as_secs_f64());
        }
        let ready = new.conditions.iter().find(|c| c.type_ == condition_type::READY);
        let before = old.and_then(|old| old.conditions.iter().find(|c| c.type_ == condition_type::READY));
        if let Some(ready) = ready.filter(|ready| ready.status == "False")
            && before.is_none_or(|before| before.reason != ready.reason)
        {
            self.unready.get_or_create(&Reason { reason: ready.reason.clone() }).inc();
        }
    }

    /// Counts one reconcile.
    pub fn reconciled(&self) {
        self.reconciles.inc();
    }

    /// Counts one failed reconcile.
    pub fn failed(&self, class: &str) {
        self.errors.get_or_create(&Reason { reason: class.to_owned() }).inc();
    }

    /// Everything as OpenMetrics text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Writing into a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::Stage;
    use crate::instance::tests::fixture::{Fixture, digest, progress};

    #[test]
    fn a_proof_is_timed_and_a_reason_counted_once() {
        let metrics = Metrics::default();
        let fixture = Fixture::new().proven("one", 1).step("two", 2);
        let waiting = fixture.status_in(&Stage::Swapping { image_present: true }, &progress(3));
        let proven = fixture.status_in(&Stage::Proven(digest(2)), &progress(4));
        metrics.observe(fixture.status.as_ref(), &waiting, Duration::from_secs(3));
        metrics.observe(Some(&waiting), &waiting, Duration::from_secs(3));
        metrics.observe(Some(&waiting), &proven, Duration::from_secs(4));
        metrics.observe(Some(&proven), &proven, Duration::from_secs(9));
        metrics.failed("stale");
        let text = metrics.text();
        for line in [
            "workshop_transition_seconds_count 1",
            "workshop_transition_seconds_sum 4.0",
            "workshop_unready_total{reason=\"Swapping\"} 1",
            "workshop_reconcile_errors_total{reason=\"stale\"} 1",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} is not in\n{text}");
        }
    }
}
