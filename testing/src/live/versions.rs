//! Every version of an instance that a watch shows: what a learner's page would have seen.

use std::sync::{Arc, Mutex, PoisonError};

use api::v1::WorkspaceInstance;
use futures::{StreamExt, TryStreamExt, pin_mut};
use kube::runtime::{WatchStreamExt, watcher};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Class;

/// A watch in the background that keeps all it sees.
pub struct Versions {
    task: JoinHandle<()>,
    kept: Arc<Mutex<Vec<WorkspaceInstance>>>,
    begun: Arc<Notify>,
}

impl Versions {
    /// Begins to watch; the instance may be still to come.
    #[must_use]
    pub fn watch(class: &Class, name: &str) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let begun = Arc::new(Notify::new());
        let config = watcher::Config::default().fields(&format!("metadata.name={name}"));
        let watched = watcher(class.instances(), config);
        let (keep, begin) = (kept.clone(), begun.clone());
        let task = tokio::spawn(async move {
            let watched = watched
                .inspect_ok(|event| {
                    if matches!(event, watcher::Event::InitDone) {
                        begin.notify_one();
                    }
                })
                .applied_objects();
            pin_mut!(watched);
            while let Some(news) = watched.next().await {
                if let Ok(instance) = news {
                    keep.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
                }
            }
        });
        Self { task, kept, begun }
    }

    /// Waits until the watch stands: nothing after this is missed.
    pub async fn begun(&self) {
        self.begun.notified().await;
    }

    /// Stops; all versions in their order.
    #[must_use]
    pub fn stop(self) -> Vec<WorkspaceInstance> {
        self.task.abort();
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
