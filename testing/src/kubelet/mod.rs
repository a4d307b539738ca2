//! A played scheduler and kubelet: pods of a real API server become what a node makes of them, without a node.
//!
//! It binds pods, plays init containers and containers, changes one container's image in place, pulls with
//! faults and odd timing, and ends pods, as the status of the pod tells of it in Kubernetes 1.36 (`pkg/kubelet`:
//! `kubelet_pods.go`, `status/generate.go`, `images/image_manager.go`). One watch of pods, one of nodes, state in
//! memory, no list per event: hundreds of pods are no trouble.
//!
//! What it does not have: probes, volumes, ephemeral and sidecar containers, logs, exec, and a memory of its
//! own over a restart. The same scenarios run against it and against the real node (`testing::scenarios`).

mod binder;
mod cell;
mod conditions;
mod life;
mod node;
mod outside;
mod plan;
mod pull;
mod run;
mod shared;
mod status;
mod sync;
mod watch;

use std::sync::Arc;

use kube::Client;
use tokio::task::JoinHandle;

use crate::TestingError;

pub use outside::Death;
pub use plan::{Plan, Program, Pull, PullFault, Timing};

use shared::Shared;

/// The nodes that are played.
#[derive(Clone, Debug)]
pub struct World {
    /// Names of the nodes; one at least.
    pub nodes: Vec<String>,
    /// Whether they say that they can run pods in user namespaces.
    pub user_namespaces: bool,
    /// How long things take at first.
    pub timing: Timing,
}

impl World {
    /// `node-1` to `node-N`, where everything happens at once.
    #[must_use]
    pub fn of_nodes(count: usize) -> Self {
        let nodes = (1..=count.max(1)).map(|number| format!("node-{number}")).collect();
        Self { nodes, user_namespaces: true, timing: Timing::default() }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::of_nodes(1)
    }
}

/// Scheduler and kubelet of every played node, until it is dropped.
pub struct Kubelet {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Kubelet {
    /// Registers the nodes and begins to play. What is there already is played from its beginning, as after
    /// the start of a machine.
    ///
    /// # Errors
    /// When a node cannot be registered.
    pub async fn start(client: Client, world: World) -> Result<Self, TestingError> {
        let shared = Arc::new(Shared::new(client, &world));
        for name in &world.nodes {
            node::register(&shared.client, name, world.user_namespaces).await?;
        }
        let tasks = vec![
            tokio::spawn(watch::pods(shared.clone())),
            tokio::spawn(watch::nodes(shared.clone())),
            tokio::spawn(node::beat(shared.clone())),
        ];
        Ok(Self { shared, tasks })
    }

    /// How long things take, and what images and programs do. Changes hold from now on.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.shared.plan
    }

    /// How often a registry was asked for this image by this node.
    #[must_use]
    pub fn pulls(&self, node: &str, digest: &str) -> usize {
        self.shared.images.asked(node, digest)
    }

    /// Whether the image lies on the node.
    #[must_use]
    pub fn holds(&self, node: &str, digest: &str) -> bool {
        self.shared.images.holds(node, digest)
    }

    /// Takes away what no container of the node was made from, as kubelet does when its disk is full.
    pub fn collect_images(&self, node: &str) {
        let used = self.shared.used_images(node);
        self.shared.images.keep(node, &used);
    }

    /// Pods that are played now.
    #[must_use]
    pub fn pods(&self) -> usize {
        self.shared.lives().len()
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // Each pod's own task ends with its channel.
        self.shared.lives().clear();
    }
}
