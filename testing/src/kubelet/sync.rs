//! One round over a pod: kubelet's `SyncPod`. It begins with a status, does all that can be done, one
//! thing after the other and without a word in between, and ends with a status.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;
use tokio::time::Instant;

use super::cell::{Cell, State, word};
use super::life::{FailedPull, Life};
use super::plan::{Program, Pull};
use super::pull::words;
use super::run::{Next, init_of};

/// Kubelet's longest pause between two tries.
const LONGEST: Duration = Duration::from_secs(300);

/// What came of making a container.
enum Made {
    /// It runs, or has run.
    Yes,
    /// It is tried again then; until then it is told what is in its way.
    NotBefore(Instant),
    /// The pod is going.
    Never,
}

impl Life {
    /// One round. When the next one is due, if nothing else happens.
    pub async fn sync(&mut self) -> Option<Instant> {
        let pod = self.pod();
        let spec = pod.spec.clone().unwrap_or_default();
        self.run.observed = pod.metadata.generation;
        // Also of a pod that is over: kubelet has seen its newest spec.
        self.tell(&spec).await;
        if self.is_over(&spec) {
            return None;
        }
        if self.run.address.is_none() {
            let number = self.shared.number();
            self.run.address =
                Some(format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255));
        }
        let (mut tried, mut wake, mut silent) = (Vec::new(), None::<Instant>, false);
        loop {
            let made = match self.run.next(&spec, &tried) {
                Next::Rest => break,
                Next::Stop(at) => {
                    self.stop(at).await;
                    continue;
                }
                Next::Init(at) => self.make_one(&spec, init_of(&spec).get(at), true).await,
                Next::Start(at) => self.make_one(&spec, spec.containers.get(at), false).await,
            };
            match made {
                (_, Made::Yes) => {}
                (_, Made::Never) => return None,
                (name, Made::NotBefore(then)) => {
                    silent |= self.is_first_failure(&name);
                    tried.push(name);
                    wake = wake.map_or(Some(then), |wake| Some(wake.min(then)));
                }
            }
        }
        // What went wrong in this round is told by the next one.
        if !silent {
            self.tell(&spec).await;
        }
        wake
    }

    async fn stop(&mut self, at: usize) {
        let stop = self.shared.plan.timing().stop;
        // A deletion meanwhile ends it no sooner.
        self.busy(stop).await;
        if let Some(cell) = self.run.main.get_mut(at) {
            cell.end(0, word(0), Timestamp::now());
        }
    }

    async fn make_one(
        &mut self,
        spec: &PodSpec,
        container: Option<&Container>,
        is_init: bool,
    ) -> (String, Made) {
        let Some(container) = container else { return (String::new(), Made::Never) };
        (container.name.clone(), self.make(spec, container, is_init).await)
    }

    async fn make(&mut self, spec: &PodSpec, container: &Container, is_init: bool) -> Made {
        let image = container.image.clone().unwrap_or_default();
        if let Some(then) = self.crash_back_off(&container.name, &image) {
            return Made::NotBefore(then);
        }
        match self.bring(&container.name, &image).await {
            Made::Yes => {}
            other => return other,
        }
        let timing = self.shared.plan.timing();
        if !self.busy(timing.start).await {
            return Made::Never;
        }
        let id = format!("containerd://{:064x}", u128::from(self.shared.number()) | 1 << 127);
        let Some(cell) = self.run.cell(&container.name) else { return Made::Never };
        cell.start(&image, id, Timestamp::now());
        if !self.busy(timing.tell).await {
            return Made::Never;
        }
        if let Program::Ends(code) = self.program(container, &image, is_init) {
            self.tell(spec).await;
            if let Some(cell) = self.run.cell(&container.name) {
                cell.end(code, word(code), Timestamp::now());
            }
            self.tell(spec).await;
        }
        Made::Yes
    }

    fn program(&self, container: &Container, image: &str, is_init: bool) -> Program {
        // The last word of a pull pod, and what every init container does.
        let ends = is_init || container.command.iter().flatten().last().is_some_and(|word| word == "exit");
        self.shared.plan.runs(image).unwrap_or(if ends { Program::Ends(0) } else { Program::Stays })
    }

    /// The end of the pause before a container that ended is made again, if it is not over yet. The first
    /// time there is none, and an image that the container never had has a count of its own.
    fn crash_back_off(&mut self, name: &str, image: &str) -> Option<Instant> {
        let base = self.shared.plan.timing().crash_back_off;
        let pod = self.pod();
        let of = format!(
            "{}_{}({})",
            pod.name_any(),
            pod.namespace().unwrap_or_default(),
            pod.uid().unwrap_or_default()
        );
        let cell = self.run.cell(name)?;
        if cell.image != image {
            cell.crashes = 0;
            return None;
        }
        let finished = cell.ended()?.finished;
        let pause = doubled(base, cell.crashes);
        let passed = Duration::try_from(Timestamp::now().duration_since(finished)).unwrap_or_default();
        let left = pause.saturating_sub(passed);
        if cell.crashes == 0 || left.is_zero() {
            cell.crashes += 1;
            return None;
        }
        let pause = pause.as_secs();
        cell.wait(
            "CrashLoopBackOff",
            format!("back-off {pause}s restarting failed container={name} pod={of}"),
        );
        Some(Instant::now() + left)
    }

    /// Brings the image to the node.
    async fn bring(&mut self, name: &str, image: &str) -> Made {
        if self.shared.images.holds(&self.node, image) {
            return Made::Yes;
        }
        if let Some(failed) = self.failed_pulls.get(image).filter(|failed| failed.until > Instant::now()) {
            let (then, said) = (failed.until, failed.said.clone());
            let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {said}");
            if let Some(cell) = self.run.cell(name) {
                cell.wait("ImagePullBackOff", message);
            }
            return Made::NotBefore(then);
        }
        self.shared.images.ask(&self.node, image);
        match self.shared.plan.ask(image) {
            Pull::AtOnce => {}
            Pull::Slow(time) => {
                if !self.busy(time).await {
                    return Made::Never;
                }
            }
            Pull::Never => {
                let shared = self.shared.clone();
                let asked = image.to_owned();
                let heals = async move {
                    let mut changes = shared.plan.changes();
                    while shared.plan.peek(&asked) == Pull::Never && changes.changed().await.is_ok() {}
                };
                if !self.until(heals).await {
                    return Made::Never;
                }
            }
            Pull::Fails(fault) | Pull::FailsTimes(_, fault) => {
                return self.failed(name, image, words(image, &fault));
            }
        }
        self.shared.images.hold(&self.node, image);
        self.failed_pulls.remove(image);
        Made::Yes
    }

    fn failed(&mut self, name: &str, image: &str, said: String) -> Made {
        let timing = self.shared.plan.timing();
        let failures = self.failed_pulls.get(image).map_or(0, |failed| failed.failures) + 1;
        let until = Instant::now() + doubled(timing.pull_back_off, failures);
        self.failed_pulls.insert(image.to_owned(), FailedPull { failures, until, said: said.clone() });
        if let Some(cell) = self.run.cell(name) {
            cell.wait("ErrImagePull", said);
        }
        Made::NotBefore(Instant::now() + timing.tell_failed)
    }

    fn is_first_failure(&mut self, name: &str) -> bool {
        let waits = |cell: &mut Cell| matches!(&cell.state, State::Waiting { reason, .. } if reason == "ErrImagePull");
        self.run.cell(name).is_some_and(waits)
    }
}

/// The pause after so many failures.
fn doubled(first: Duration, failures: u32) -> Duration {
    let times = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    first.saturating_mul(times).min(LONGEST)
}
