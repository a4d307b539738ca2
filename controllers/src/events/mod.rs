//! Kubernetes events: what a person should find beside an instance. Only on a change of status, and
//! never for an ordinary step change, which stays at two writes.

mod news;
mod publish;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::memory::lock;

pub use news::{News, news};
pub use publish::publish;

/// Events on their way; more than these are dropped, since status says the same.
const QUEUE: usize = 256;

/// The same word about the same instance is not published again before this. It is a little less than
/// the six minutes in which the recorder counts it as one series.
const QUIET: Duration = Duration::from_secs(300);

/// An event, and what it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What happened.
    pub news: News,
    /// The instance, without a resourceVersion: with one no two events would ever be one series.
    pub regarding: ObjectReference,
    /// The workspace pod, if there is one.
    pub related: Option<ObjectReference>,
}

/// Takes events without making anybody wait.
#[derive(Debug)]
pub struct Events {
    sender: mpsc::Sender<Notice>,
    receiver: Mutex<Option<mpsc::Receiver<Notice>>>,
    told: Mutex<HashMap<(String, String), Instant>>,
}

impl Default for Events {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        Self { sender, receiver: Mutex::new(Some(receiver)), told: Mutex::default() }
    }
}

impl Events {
    /// Takes an event; whether it was taken, or did not have to be. A full queue takes none.
    #[must_use]
    pub fn take(&self, notice: Notice) -> bool {
        let key = (notice.regarding.uid.clone().unwrap_or_default(), notice.news.reason.clone());
        let mut told = lock(&self.told);
        let now = Instant::now();
        if told.get(&key).is_some_and(|last| now.duration_since(*last) < QUIET) {
            return true;
        }
        told.insert(key, now);
        self.sender.try_send(notice).is_ok()
    }

    /// The other end of the queue; the first caller has it.
    pub fn queue(&self) -> Option<mpsc::Receiver<Notice>> {
        lock(&self.receiver).take()
    }

    /// Forgets what was told so long ago that it may be told again.
    pub fn tidy(&self) {
        let now = Instant::now();
        lock(&self.told).retain(|_, last| now.duration_since(*last) < QUIET);
    }
}
