//! What all tasks of a played cluster share.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use k8s_openapi::api::core::v1::Pod;
use kube::{Client, ResourceExt};
use tokio::sync::{mpsc, watch};

use super::World;
use super::outside::Death;
use super::plan::{Plan, key};
use super::pull::Images;

/// What all tasks share.
pub struct Shared {
    pub client: Client,
    pub plan: Plan,
    pub images: Images,
    /// Names of the played nodes.
    pub nodes: Vec<String>,
    /// Nodes that report no more.
    pub silent: Mutex<HashSet<String>>,
    /// Nodes that take no new pods.
    pub cordoned: Mutex<HashSet<String>>,
    /// Pods that no node has taken, by uid.
    pub unscheduled: Mutex<HashMap<String, Arc<Pod>>>,
    lives: Mutex<HashMap<String, Handle>>,
    count: AtomicU64,
}

/// The way to the task of a pod.
pub struct Handle {
    /// Its newest version.
    pub newest: watch::Sender<Arc<Pod>>,
    /// What happens to it from outside.
    pub deaths: mpsc::UnboundedSender<Death>,
    /// Its images, as the task last said.
    pub images: Arc<Mutex<HashSet<String>>>,
}

impl Shared {
    pub fn new(client: Client, world: &World) -> Self {
        Self {
            client,
            plan: Plan::new(world.timing),
            images: Images::default(),
            nodes: world.nodes.clone(),
            silent: Mutex::default(),
            cordoned: Mutex::default(),
            unscheduled: Mutex::default(),
            lives: Mutex::default(),
            count: AtomicU64::new(0),
        }
    }

    /// The pods that are played, by uid.
    pub fn lives(&self) -> MutexGuard<'_, HashMap<String, Handle>> {
        lock(&self.lives)
    }

    /// A number that this cluster never had.
    pub fn number(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    /// Images that containers of the node were made from.
    pub fn used_images(&self, node: &str) -> HashSet<String> {
        let lives = self.lives();
        let here = lives.values().filter(|handle| node_of(&handle.newest.borrow()) == Some(node));
        here.flat_map(|handle| {
            lock(&handle.images).iter().map(|image| key(image).to_owned()).collect::<Vec<_>>()
        })
        .collect()
    }

    /// Whether this node is played and reports.
    pub fn reports(&self, node: &str) -> bool {
        !lock(&self.silent).contains(node)
    }

    /// The uid of the pod of this name that is played now.
    pub fn uid_of(&self, namespace: &str, name: &str) -> Option<String> {
        let lives = self.lives();
        let mut found = lives.iter().filter(|(_, handle)| {
            let pod = handle.newest.borrow();
            pod.namespace().as_deref() == Some(namespace) && pod.name_any() == name
        });
        found.next().map(|(uid, _)| uid.clone())
    }
}

/// Node of a pod.
pub fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// A panic elsewhere leaves a collection that is still one.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
