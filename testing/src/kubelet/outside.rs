//! What happens to pods and nodes from outside.

use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{EvictParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::Kubelet;
use super::cell::word;
use super::run::{Run, Verdict};
use super::shared::{lock, node_of};
use crate::TestingError;

/// What ends a container or a whole pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// A container is killed because its memory is used up. It is made again in place.
    OutOfMemory {
        /// Name of the container.
        container: String,
    },
    /// A container's program ends by itself. It is made again, if the pod's policy says so.
    Exits {
        /// Name of the container.
        container: String,
        /// Exit code.
        code: i32,
    },
    /// The node is short of something: the pod fails and is not tried again.
    Evicted {
        /// Kubelet's words.
        message: String,
    },
    /// The node is shut down: the pod fails.
    NodeShutdown,
    /// Everything in it ends well, and kubelet keeps it as succeeded.
    Finished,
}

impl Death {
    /// What becomes of the pod.
    pub(super) fn strike(&self, run: &mut Run, now: k8s_openapi::jiff::Timestamp) {
        let over = |phase: &str, reason: &str, message: &str| {
            Some(Verdict { phase: phase.to_owned(), reason: reason.to_owned(), message: message.to_owned() })
        };
        match self {
            Self::OutOfMemory { container } => {
                if let Some(cell) = run.cell(container) {
                    cell.end(137, "OOMKilled", now);
                }
            }
            Self::Exits { container, code } => {
                if let Some(cell) = run.cell(container) {
                    cell.end(*code, word(*code), now);
                }
            }
            Self::Evicted { message } => {
                run.end_all(137, now);
                run.verdict = over("Failed", "Evicted", message);
            }
            Self::NodeShutdown => {
                run.end_all(0, now);
                let message = "Pod was terminated in response to imminent node shutdown.";
                run.verdict = over("Failed", "Terminated", message);
            }
            Self::Finished => {
                run.end_all(0, now);
                run.verdict = over("Succeeded", "", "");
            }
        }
    }
}

impl Kubelet {
    /// Ends a container or a pod. Nothing happens to one that is not played (yet); then the answer is no.
    #[must_use]
    pub fn strike(&self, namespace: &str, pod: &str, death: Death) -> bool {
        let Some(uid) = self.shared.uid_of(namespace, pod) else { return false };
        self.shared.lives().get(&uid).is_some_and(|handle| handle.deaths.send(death).is_ok())
    }

    /// Closes a node, as `kubectl cordon`, or opens it again.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn cordon(&self, node: &str, closed: bool) -> Result<(), TestingError> {
        let nodes: Api<Node> = Api::all(self.shared.client.clone());
        let change = json!({"spec": {"unschedulable": closed}});
        let patched = nodes.patch(node, &PatchParams::default(), &Patch::Merge(change)).await;
        patched.map(drop).map_err(TestingError::api(format!("cordon {node}")))
    }

    /// Closes a node and evicts the pods of this selection, as `kubectl drain`.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn drain(&self, node: &str, takes: impl Fn(&Pod) -> bool) -> Result<(), TestingError> {
        self.cordon(node, true).await?;
        let here: Vec<_> = {
            let lives = self.shared.lives();
            let pods = lives.values().map(|handle| handle.newest.borrow().clone());
            pods.filter(|pod| node_of(pod) == Some(node) && takes(pod)).collect()
        };
        for pod in here {
            let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
            let pods: Api<Pod> = Api::namespaced(self.shared.client.clone(), &namespace);
            match pods.evict(&name, &EvictParams::default()).await {
                Err(kube::Error::Api(status)) if status.code == 404 => {}
                other => other.map(drop).map_err(TestingError::api(format!("evict {namespace}/{name}")))?,
            }
        }
        Ok(())
    }

    /// A node reports no more, or reports again. Its pods live on meanwhile.
    pub fn silence(&self, node: &str, silent: bool) {
        let mut all = lock(&self.shared.silent);
        if silent {
            all.insert(node.to_owned());
        } else {
            all.remove(node);
        }
        drop(all);
        self.shared.plan.set_timing(self.shared.plan.timing());
    }
}
