//! The task of one pod: kubelet's pod worker.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, PodSpec};
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::conditions::Since;
use super::outside::Death;
use super::run::Run;
use super::shared::{Shared, lock, node_of};
use super::status::{phase, status};

/// Pause between two tries that the API server did not take.
const AGAIN: Duration = Duration::from_millis(200);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// One pod on its node.
pub struct Life {
    pub shared: Arc<Shared>,
    pub node: String,
    pub run: Run,
    pub failed_pulls: HashMap<String, FailedPull>,
    newest: watch::Receiver<Arc<Pod>>,
    pods: Api<Pod>,
    since: Since,
    written: Value,
    images: Arc<Mutex<HashSet<String>>>,
    /// The API server does not have it any more.
    gone: bool,
}

/// An image that could not be had, for this pod and this reference.
pub struct FailedPull {
    pub failures: u32,
    pub until: Instant,
    pub said: String,
}

/// Plays a pod until it is gone.
pub async fn live(
    shared: Arc<Shared>,
    newest: watch::Receiver<Arc<Pod>>,
    mut deaths: mpsc::UnboundedReceiver<Death>,
    images: Arc<Mutex<HashSet<String>>>,
) {
    let mut life = Life::new(shared, newest, images);
    loop {
        if life.is_going() {
            return life.end().await;
        }
        let wake = life.sync().await;
        if life.gone {
            return;
        }
        if life.is_going() {
            continue;
        }
        let wait = async {
            match wake {
                Some(wake) => sleep_until(wake).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = life.newest.changed() => match changed {
                Ok(()) => sleep(life.shared.plan.timing().notice).await,
                Err(_) => return,
            },
            Some(death) = deaths.recv() => death.strike(&mut life.run, Timestamp::now()),
            () = wait => {}
        }
    }
}

impl Life {
    fn new(
        shared: Arc<Shared>,
        newest: watch::Receiver<Arc<Pod>>,
        images: Arc<Mutex<HashSet<String>>>,
    ) -> Self {
        let pod = newest.borrow().clone();
        let number = shared.nodes.iter().position(|node| Some(node.as_str()) == node_of(&pod));
        let host = format!("192.0.2.{}", number.unwrap_or_default() % 250 + 1);
        Self {
            node: node_of(&pod).unwrap_or_default().to_owned(),
            run: Run::new(&pod, &host, Timestamp::now()),
            pods: Api::namespaced(shared.client.clone(), &pod.namespace().unwrap_or_default()),
            failed_pulls: HashMap::new(),
            since: Since::default(),
            written: Value::Null,
            gone: false,
            shared,
            newest,
            images,
        }
    }

    /// The pod as it is now.
    pub fn pod(&mut self) -> Arc<Pod> {
        self.newest.borrow_and_update().clone()
    }

    /// Whether somebody wants it to go.
    pub fn is_going(&self) -> bool {
        self.gone || self.newest.borrow().metadata.deletion_timestamp.is_some()
    }

    /// Whether it is over, as far as kubelet is concerned.
    pub fn is_over(&self, spec: &PodSpec) -> bool {
        matches!(phase(&self.run, spec), "Failed" | "Succeeded")
    }

    /// Does something that takes a time. The pod's deletion ends it: then the answer is no.
    pub async fn busy(&mut self, time: Duration) -> bool {
        self.until(sleep(time)).await
    }

    /// Waits for something. The pod's deletion ends it: then the answer is no.
    pub async fn until(&mut self, done: impl Future<Output = ()>) -> bool {
        let mut newest = self.newest.clone();
        let going = newest.wait_for(|pod| pod.metadata.deletion_timestamp.is_some());
        tokio::select! {
            biased;
            _ = going => false,
            () = done => true,
        }
    }

    /// Writes the status, if it is another than the one written last.
    pub async fn tell(&mut self, spec: &PodSpec) {
        *lock(&self.images) = self.run.images().map(str::to_owned).collect();
        let told = status(&self.run, spec, &mut self.since, Timestamp::now());
        if told == self.written || self.gone {
            return;
        }
        let (name, uid) = {
            let pod = self.newest.borrow();
            (pod.name_any(), pod.uid().unwrap_or_default())
        };
        let patch = Patch::Strategic(json!({"metadata": {"uid": uid}, "status": told}));
        let params = PatchParams { field_manager: Some("kubelet".to_owned()), ..PatchParams::default() };
        loop {
            self.heard().await;
            let patched = self.pods.patch_status(&name, &params, &patch);
            match timeout(PATIENCE, patched).await {
                Ok(Ok(_)) => break self.written = told,
                Ok(Err(kube::Error::Api(answer))) if matches!(answer.code, 404 | 409) => {
                    // Gone, or another pod of its name.
                    break self.gone = true;
                }
                Ok(Err(kube::Error::Api(answer))) if matches!(answer.code, 400 | 422) => {
                    eprintln!("the played kubelet wrote nonsense: {}: {told}", answer.message);
                    break self.gone = true;
                }
                _ => sleep(AGAIN).await,
            }
        }
    }

    /// Waits while the node is silent.
    async fn heard(&self) {
        let mut changes = self.shared.plan.changes();
        while !self.shared.reports(&self.node) && changes.changed().await.is_ok() {}
    }

    /// The end that somebody asked for: SIGTERM, time of grace, last words, and away.
    async fn end(mut self) {
        let pod = self.pod();
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or_default();
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
        let stop = self.shared.plan.timing().stop;
        sleep(stop.min(grace)).await;
        self.run.end_all(if stop > grace { 137 } else { 0 }, Timestamp::now());
        self.run.terminal = true;
        self.run.observed = pod.metadata.generation;
        self.tell(&pod.spec.clone().unwrap_or_default()).await;
        let of_uid = Preconditions { uid: pod.uid(), resource_version: None };
        let params = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(of_uid),
            ..DeleteParams::default()
        };
        if self.gone {
            return;
        }
        loop {
            self.heard().await;
            match timeout(PATIENCE, self.pods.delete(&pod.name_any(), &params)).await {
                Ok(Ok(_)) => return,
                Ok(Err(kube::Error::Api(answer))) if matches!(answer.code, 404 | 409) => return,
                _ => sleep(AGAIN).await,
            }
        }
    }
}
