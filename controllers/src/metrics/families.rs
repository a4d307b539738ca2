//! Every metric with its name, help, labels and buckets.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::labels::Labels;
use super::requests::Requests;

/// Upper bounds of a step change; the goal is half a second (D27).
const STEP: [f64; 10] = [0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0];
/// Upper bounds of a first start and of a pull.
const SLOW: [f64; 9] = [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// Upper bounds of a reconcile: without a call, with calls, with a slow API server.
const RECONCILE: [f64; 6] = [0.001, 0.01, 0.05, 0.2, 1.0, 10.0];

/// Makes the histograms of a family.
#[derive(Clone, Debug)]
pub struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

type Histograms<const N: usize> = Family<Labels<N>, Histogram, Buckets>;

/// Who reconciles.
#[derive(Clone, Copy, Debug)]
pub enum Controller {
    /// Instances.
    Instance,
    /// Templates.
    Template,
}

impl Controller {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Template => "template",
        }
    }
}

/// How a pull ended.
#[derive(Clone, Copy, Debug)]
pub enum PullResult {
    /// The node has the image.
    Succeeded,
    /// This try did not work; there will be another.
    Failed,
}

impl PullResult {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// Every metric.
#[derive(Debug)]
pub struct Families {
    pub step_seconds: Histograms<1>,
    pub transitions: Family<Labels<1>, Counter>,
    pub start_seconds: Histograms<1>,
    pub pull_seconds: Histogram,
    pub pulls: Family<Labels<1>, Counter>,
    pub failures: Family<Labels<1>, Counter>,
    pub reconciles: Family<Labels<1>, Counter>,
    pub reconcile_seconds: Histograms<1>,
    pub reconcile_errors: Family<Labels<2>, Counter>,
    pub requests: Requests,
    pub events_lost: Counter,
    pub instances: Family<Labels<1>, Gauge>,
    pub templates: Gauge,
    pub backoff: Family<Labels<1>, Gauge>,
}

impl Families {
    pub fn register(registry: &mut Registry) -> Self {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of this program", build);
        let families = Self {
            step_seconds: Family::new_with_constructor(Buckets(&STEP)),
            start_seconds: Family::new_with_constructor(Buckets(&SLOW)),
            reconcile_seconds: Family::new_with_constructor(Buckets(&RECONCILE)),
            pull_seconds: Histogram::new(SLOW),
            transitions: Family::default(),
            pulls: Family::default(),
            failures: Family::default(),
            reconciles: Family::default(),
            reconcile_errors: Family::default(),
            requests: Requests::default(),
            events_lost: Counter::default(),
            instances: Family::default(),
            templates: Gauge::default(),
            backoff: Family::default(),
        };
        families.register_workspaces(registry);
        families.register_operator(registry);
        families
    }

    /// What concerns those who learn.
    fn register_workspaces(&self, registry: &mut Registry) {
        registry.register("instances", "Workspace instances, by phase", self.instances.clone());
        registry.register("templates", "Workspace templates", self.templates.clone());
        registry.register_with_unit(
            "step_transition_duration",
            "From the first sight of a step change to the proof that the step runs",
            Unit::Seconds,
            self.step_seconds.clone(),
        );
        registry.register(
            "transitions",
            "Step changes that succeeded, and times that one was called failed",
            self.transitions.clone(),
        );
        registry.register_with_unit(
            "start_duration",
            "From the first sight of an instance to the proof of its first step, by kind of start",
            Unit::Seconds,
            self.start_seconds.clone(),
        );
        registry.register(
            "failures",
            "Times that a workspace turned unready and does not go on by itself, by reason of Ready",
            self.failures.clone(),
        );
        registry.register_with_unit(
            "image_pull_duration",
            "From the creation of a pull pod to the presence of its image on the node",
            Unit::Seconds,
            self.pull_seconds.clone(),
        );
        registry.register("image_pulls", "Pulls by their result", self.pulls.clone());
    }

    /// What concerns those who run the operator.
    fn register_operator(&self, registry: &mut Registry) {
        registry.register("reconciles", "Reconciles that began", self.reconciles.clone());
        registry.register_with_unit(
            "reconcile_duration",
            "Duration of a reconcile",
            Unit::Seconds,
            self.reconcile_seconds.clone(),
        );
        registry.register(
            "reconcile_errors",
            "Reconciles that failed: stale (somebody wrote in between, normal), transient, lasting",
            self.reconcile_errors.clone(),
        );
        registry.register(
            "backoff_objects",
            "Objects whose last reconcile failed and that wait for the next try",
            self.backoff.clone(),
        );
        registry.register(
            "api_requests",
            "Requests to the API server; create, update, patch and delete are writes",
            self.requests.family(),
        );
        registry.register("events_lost", "Events that were not published", self.events_lost.clone());
    }
}
