//! A workspace as a learner has it: its pod, its agent, its files.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api::names;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use kube::api::ListParams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use wire::{AGENT_PORT, Health};

use super::world::OPERATOR_NAMESPACE;
use super::{Class, LIMIT, LiveError, Look, StepImage, until};

/// Time for one answer of an agent: far more than it takes, so that only silence is silence.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

impl Class {
    /// Namespace of a workspace.
    #[must_use]
    pub fn workspace(&self, name: &str) -> String {
        names::workspace_namespace(&self.name, name)
    }

    /// The pod of a workspace.
    ///
    /// # Errors
    /// When there is none.
    pub async fn pod(&self, name: &str) -> Result<Pod, LiveError> {
        let namespace = self.workspace(name);
        let got = self.world.objects(&namespace).get(names::WORKSPACE).await;
        got.map_err(LiveError::api(format!("pod of workspace {namespace}")))
    }

    /// The workspace container of a pod, as kubelet reports it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn container(&self, name: &str) -> Result<ContainerStatus, LiveError> {
        let pod = self.pod(name).await?;
        let all = pod.status.and_then(|status| status.container_statuses).unwrap_or_default();
        let found = all.into_iter().find(|container| container.name == names::WORKSPACE_CONTAINER);
        found.ok_or_else(|| LiveError::form(format!("pod of workspace {name}"), "has no workspace container"))
    }

    /// Runs a line of shell in the workspace, as its user; what it printed.
    ///
    /// # Errors
    /// When it ends with a fault.
    pub async fn shell(&self, name: &str, line: &str) -> Result<String, LiveError> {
        let namespace = self.workspace(name);
        let words = ["exec", "-n", &namespace, names::WORKSPACE, "-c", names::WORKSPACE_CONTAINER, "--"];
        let words: Vec<&str> = words.into_iter().chain(["sh", "-c", line]).collect();
        self.world.kubectl(&words).await.map(|out| out.trim().to_owned())
    }

    /// Address of the pod.
    ///
    /// # Errors
    /// When it has none yet.
    pub async fn address(&self, name: &str) -> Result<String, LiveError> {
        let address = self.pod(name).await?.status.and_then(|status| status.pod_ip);
        address.ok_or_else(|| LiveError::form(format!("pod of workspace {name}"), "has no address"))
    }

    /// Waits until the agent answers with this step.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn answers(&self, name: &str, step: &str) -> Result<(), LiveError> {
        until(&format!("agent of {name} answers {step}"), LIMIT, async || {
            // The address is asked for each time: a pod that was lost comes back with another.
            let answer = match self.address(name).await {
                Ok(address) => health(&address).await,
                Err(error) => Err(error),
            };
            Ok(match answer {
                Ok(answer) if answer.step == step => Look::Yes(()),
                Ok(answer) => Look::NotYet(format!("{answer:?}")),
                Err(error) => Look::NotYet(error.to_string()),
            })
        })
        .await
    }

    /// Waits until this image is held on a node by a completed pull pod (D57).
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn held(&self, image: &StepImage) -> Result<(), LiveError> {
        let pulls = self.world.objects::<Pod>(OPERATOR_NAMESPACE);
        let ours = ListParams::default().labels(&format!("{}={}", names::DIGEST_LABEL, image.digest.short()));
        until(&format!("step {} is held", image.id), LIMIT, async || {
            let found = pulls.list(&ours).await.map_err(LiveError::api("pull pods"))?;
            let phases: Vec<_> = found
                .into_iter()
                .map(|pod| pod.status.and_then(|status| status.phase).unwrap_or_default())
                .collect();
            let done = phases.iter().any(|phase| phase == "Succeeded");
            Ok(if done { Look::Yes(()) } else { Look::NotYet(format!("pull pods: {phases:?}")) })
        })
        .await
    }

    /// Events of the workspace namespace with this reason.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn events(&self, name: &str, reason: &str) -> Result<Vec<String>, LiveError> {
        let params = ListParams::default().fields(&format!("reason={reason}"));
        let events = self.world.objects::<Event>(&self.workspace(name)).list(&params).await;
        let events = events.map_err(LiveError::api("events of the workspace"))?;
        Ok(events.into_iter().map(|event| event.message.unwrap_or_default()).collect())
    }
}

/// Asks an agent.
async fn health(address: &str) -> Result<Health, LiveError> {
    let what = || format!("agent at {address}:{AGENT_PORT}");
    let ask = async {
        let mut stream = TcpStream::connect((address, AGENT_PORT)).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: agent\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    let late = || LiveError::form(what(), format!("no answer in {PATIENCE:?}"));
    let answer = timeout(PATIENCE, ask).await.map_err(|_| late())?.map_err(LiveError::io(what()))?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).map_err(|error| LiveError::form(what(), format!("{error}: {answer}")))
}

/// Asks an agent again and again in the background, and keeps every answer: proof that a learner never lost
/// the workspace.
pub struct Answers {
    task: JoinHandle<()>,
    kept: Arc<Mutex<Vec<String>>>,
}

impl Answers {
    /// Begins to ask.
    #[must_use]
    pub fn watch(address: String) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keep = kept.clone();
        let task = tokio::spawn(async move {
            loop {
                let answer = match health(&address).await {
                    Ok(health) => health.step,
                    Err(error) => format!("nothing: {error}"),
                };
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
                sleep(PAUSE).await;
            }
        });
        Self { task, kept }
    }

    /// Stops; how often which answer came, in the order of the first.
    #[must_use]
    pub fn stop(self) -> Vec<(String, usize)> {
        self.task.abort();
        let mut counts: Vec<(String, usize)> = Vec::new();
        for answer in self.kept.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            match counts.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, count)) => *count += 1,
                None => counts.push((answer, 1)),
            }
        }
        counts
    }
}
