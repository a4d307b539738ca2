//! What the operator counts, as OpenMetrics text. docs/platform/observability.md has the table.
//!
//! Label values come from fixed sets only: no name of a learner, instance, template, step or image is
//! ever one, so the count of series does not grow with the count of workspaces.

mod change;
mod families;
mod gauges;
mod labels;
mod requests;

#[cfg(test)]
mod tests;

use std::sync::Mutex;
use std::time::Duration;

use prometheus_client::registry::Registry;

pub use change::Change;
pub use families::{Controller, PullResult};
pub use gauges::Gauges;
pub use requests::{RequestLayer, Requests};

use crate::memory::lock;
use families::Families;

/// Counters of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Mutex<Registry>,
    families: Families,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("workshop");
        let families = Families::register(&mut registry);
        Self { registry: Mutex::new(registry), families }
    }
}

impl Metrics {
    /// Counts one reconcile and how long it took.
    pub fn reconciled(&self, controller: Controller, took: Duration) {
        let labels = [("controller", controller.word())];
        self.families.reconciles.get_or_create(&labels).inc();
        self.families.reconcile_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Counts one failed reconcile; `class` is one of [`crate::error::Error::reason`].
    pub fn failed(&self, controller: Controller, class: &'static str) {
        let labels = [("controller", controller.word()), ("reason", class)];
        self.families.reconcile_errors.get_or_create(&labels).inc();
    }

    /// Counts a pull that came to an end, and times one that worked and was seen from its beginning.
    pub fn pulled(&self, result: PullResult, took: Option<Duration>) {
        self.families.pulls.get_or_create(&[("result", result.word())]).inc();
        if let Some(took) = took {
            self.families.pull_seconds.observe(took.as_secs_f64());
        }
    }

    /// Counts an event that was not published.
    pub fn event_lost(&self) {
        self.families.events_lost.inc();
    }

    /// Counts requests to the API server: for the layer of the client.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.families.requests.clone()
    }

    /// Everything as OpenMetrics text, with these gauges.
    #[must_use]
    pub fn text(&self, gauges: &Gauges) -> String {
        self.families.set(gauges);
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &lock(&self.registry));
        text
    }
}
