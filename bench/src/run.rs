//! The three parts: one at a time in turns, many at once, and random moves and resets of one workspace.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::Client;
use serde::Serialize;

use crate::Arguments;
use crate::arm::{ARMS, Arm, Change, Subject};
use crate::audit::{self, Writes};
use crate::error::BenchError;
use crate::flips::{self, Flips};
use crate::images::StepImage;
use crate::sight::Sight;
use crate::stage;
use crate::stats::Times;

/// Pause between two changes.
const REST: std::time::Duration = std::time::Duration::from_millis(1500);

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub struct Measured {
    /// Day of the run, UTC.
    pub date: String,
    /// Version of the API server.
    pub kubernetes: String,
    /// Cores of the machine that everything ran on.
    pub cores: usize,
    /// One change at a time, the arms in turns.
    pub alone: BTreeMap<Arm, Series>,
    /// Workspaces that moved at once in `together`.
    pub at_once: usize,
    /// Many changes at once, arm after arm.
    pub together: BTreeMap<Arm, Series>,
    /// Random moves and resets.
    pub flips: Option<Flips>,
}

/// Times and writes of one arm.
#[derive(Debug, Default, Serialize)]
pub struct Series {
    /// Request to answer of the new step's agent.
    pub usable: Times,
    /// Request to a ready pod, seen by watch.
    pub ready: Times,
    /// Request to the instance's status; ours only.
    pub status: Option<Times>,
    /// Writes per change, by who and what.
    pub writes: BTreeMap<String, f64>,
    /// Changes whose status took longer than two seconds.
    pub slow: usize,
}

/// Runs all parts.
///
/// # Errors
/// The first that goes wrong.
pub async fn all(
    client: &Client,
    sight: &Sight,
    steps: &[StepImage],
    arguments: &Arguments,
) -> Result<Measured, BenchError> {
    let http = http();
    for arm in ARMS {
        stage::namespace(client, arm.home()).await?;
    }
    stage::template(client, steps).await?;
    let first = Arm::Ours.set_up(client, sight, &PodTemplateSpec::default(), "alone").await?;
    let pattern = stage::pattern(sight, &first.namespace)?;
    let mut subjects = vec![first];
    for arm in ARMS.into_iter().filter(|arm| *arm != Arm::Ours) {
        subjects.push(arm.set_up(client, sight, &pattern, "alone").await?);
    }
    let part = Part { client, sight, http: &http, steps, arguments };
    part.warm_up(&subjects).await?;
    let alone = part.alone(&subjects).await?;
    let flips = match (arguments.flips, subjects.first()) {
        (0, _) | (_, None) => None,
        (count, Some(ours)) => Some(flips::flip(client, sight, steps, ours, count).await?),
    };
    let mut together = BTreeMap::new();
    if arguments.together > 0 {
        for arm in ARMS {
            eprintln!("{} workspaces at once: {}", arguments.together, arm.title());
            together.insert(arm, part.together(arm, &pattern).await?);
        }
    }
    let version = client.apiserver_version().await?;
    Ok(Measured {
        date: jiff::Zoned::now().strftime("%Y-%m-%d").to_string(),
        kubernetes: version.git_version,
        cores: std::thread::available_parallelism().map_or(1, Into::into),
        alone,
        at_once: arguments.together,
        together,
        flips,
    })
}

struct Part<'a> {
    client: &'a Client,
    sight: &'a Sight,
    http: &'a reqwest::Client,
    steps: &'a [StepImage],
    arguments: &'a Arguments,
}

impl Part<'_> {
    /// Every image comes to the node before anything is measured.
    async fn warm_up(&self, subjects: &[Subject]) -> Result<(), BenchError> {
        for (index, step) in self.rounds(self.steps.len()) {
            for subject in subjects {
                self.change(subject, step, &format!("w{index}")).await?;
            }
        }
        Ok(())
    }

    async fn alone(&self, subjects: &[Subject]) -> Result<BTreeMap<Arm, Series>, BenchError> {
        let mark = audit::mark(&self.arguments.audit_log)?;
        let mut changes: BTreeMap<Arm, Vec<Change>> = BTreeMap::new();
        for (index, step) in self.rounds(self.arguments.count) {
            eprintln!("round {} of {}", index + 1, self.arguments.count);
            // Every arm begins a round in its turn, so that none always follows the same other.
            let turns = subjects.iter().cycle().skip(index % subjects.len().max(1)).take(subjects.len());
            for subject in turns {
                self.rest(subjects).await?;
                let change = self.change(subject, step, &format!("a{index}")).await?;
                changes.entry(subject.arm).or_default().push(change);
            }
        }
        let mut series = BTreeMap::new();
        for subject in subjects {
            let changes = changes.remove(&subject.arm).unwrap_or_default();
            let writes = audit::since(&mark, |namespace| counts(subject, namespace))?;
            series.insert(subject.arm, Series::of(&changes, writes));
        }
        Ok(series)
    }

    /// The tail of one change is no part of the next: pods that are going have gone, and kubelet, which
    /// lists its containers once a second, has listed them.
    async fn rest(&self, subjects: &[Subject]) -> Result<(), BenchError> {
        self.sight
            .until("the end of old pods", || subjects.iter().try_for_each(|s| s.is_alone(self.sight)))
            .await?;
        tokio::time::sleep(REST).await;
        Ok(())
    }

    async fn together(&self, arm: Arm, pattern: &PodTemplateSpec) -> Result<Series, BenchError> {
        let mut subjects = Vec::new();
        for index in 0..self.arguments.together {
            subjects.push(arm.set_up(self.client, self.sight, pattern, &format!("many-{index}")).await?);
        }
        let mark = audit::mark(&self.arguments.audit_log)?;
        let mut changes = Vec::new();
        for (round, step) in self.rounds(self.arguments.rounds) {
            self.rest(&subjects).await?;
            let nonce = format!("t{round}");
            let all = subjects.iter().map(|subject| self.change(subject, step, &nonce));
            changes.extend(futures::future::try_join_all(all).await?);
        }
        let writes =
            audit::since(&mark, |namespace| subjects.iter().any(|subject| counts(subject, namespace)))?;
        // The node has room for the workspaces of one way only.
        for subject in &subjects {
            subject.retire(self.client).await?;
        }
        self.sight
            .until("room on the node", || subjects.iter().try_for_each(|s| s.is_gone(self.sight)))
            .await?;
        Ok(Series::of(&changes, writes))
    }

    /// Rounds and their steps: the second first, since all begin on the first.
    fn rounds(&self, count: usize) -> impl Iterator<Item = (usize, &StepImage)> {
        self.steps.iter().cycle().skip(1).take(count).enumerate()
    }

    async fn change(&self, subject: &Subject, step: &StepImage, nonce: &str) -> Result<Change, BenchError> {
        subject.change(self.client, self.sight, self.http, step, nonce).await
    }
}

/// Namespaces in which a subject's changes write.
fn counts(subject: &Subject, namespace: &str) -> bool {
    namespace == subject.arm.home() || namespace == subject.namespace
}

impl Series {
    #[allow(clippy::cast_precision_loss)]
    fn of(changes: &[Change], writes: Writes) -> Self {
        let status: Vec<f64> = changes.iter().filter_map(|change| change.status).collect();
        let count = changes.len().max(1) as f64;
        Self {
            usable: Times::of(changes.iter().map(|change| change.usable).collect()),
            ready: Times::of(changes.iter().map(|change| change.ready).collect()),
            slow: status.iter().filter(|seconds| **seconds > 2.0).count(),
            status: (!status.is_empty()).then(|| Times::of(status)),
            writes: writes.into_iter().map(|(key, number)| (key, number as f64 / count)).collect(),
        }
    }
}

/// A new connection for each question: the answer has to come from a new listener.
fn http() -> reqwest::Client {
    let limit = std::time::Duration::from_millis(250);
    let builder = reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy();
    builder.connect_timeout(limit).timeout(limit).build().unwrap_or_default()
}
