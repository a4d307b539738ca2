//! How long pulls take, as this process sees it: one that was under way before it began, or was over by
//! then, is not timed.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::time::Instant;

use crate::instance::Pulled;
use crate::memory::lock;
use crate::metrics::{Metrics, PullResult};

/// Pulls under way, by the name of their pod.
#[derive(Debug, Default)]
pub struct PullTimes {
    began: Mutex<HashMap<String, Pull>>,
}

#[derive(Debug)]
struct Pull {
    uid: String,
    since: Instant,
    failed: bool,
}

impl PullTimes {
    /// Counts what the news of this pull pod say; nothing when it is gone.
    pub fn news(&self, name: &str, now: Option<&Pulled>, metrics: &Metrics) {
        let mut began = lock(&self.began);
        match now {
            Some(Pulled::Pulling { uid, .. }) => {
                if began.get(name).is_none_or(|pull| pull.uid != *uid) {
                    let pull = Pull { uid: uid.clone(), since: Instant::now(), failed: false };
                    began.insert(name.to_owned(), pull);
                }
            }
            Some(Pulled::Held) => {
                if let Some(pull) = began.remove(name) {
                    metrics.pulled(PullResult::Succeeded, Some(pull.since.elapsed()));
                }
            }
            // Kubelet says it of each of its tries; the pod is one.
            Some(Pulled::Failed { .. }) => {
                if let Some(pull) = began.get_mut(name).filter(|pull| !pull.failed) {
                    pull.failed = true;
                    metrics.pulled(PullResult::Failed, None);
                }
            }
            Some(Pulled::Going | Pulled::Unknown) | None => {
                began.remove(name);
            }
        }
    }

    /// Forgets pods that are gone.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        lock(&self.began).retain(|name, _| is_there(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Gauges;

    fn pulling(uid: &str) -> Pulled {
        Pulled::Pulling { uid: uid.to_owned(), since: jiff::Timestamp::UNIX_EPOCH }
    }

    fn failed() -> Pulled {
        let [uid, image, reason, message] = ["1", "i", "ErrImagePull", ""].map(str::to_owned);
        Pulled::Failed { uid, since: jiff::Timestamp::UNIX_EPOCH, ended: false, image, reason, message }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pull_is_timed_from_its_beginning_and_a_failure_counted_once_for_each_pod() {
        let (times, metrics) = (PullTimes::default(), Metrics::default());
        times.news("a", Some(&Pulled::Held), &metrics);
        times.news("b", Some(&pulling("1")), &metrics);
        times.news("b", Some(&failed()), &metrics);
        times.news("b", Some(&failed()), &metrics);
        times.news("b", Some(&Pulled::Going), &metrics);
        times.news("b", None, &metrics);
        times.news("b", Some(&pulling("2")), &metrics);
        tokio::time::advance(std::time::Duration::from_secs(4)).await;
        times.news("b", Some(&pulling("2")), &metrics);
        times.news("b", Some(&Pulled::Held), &metrics);
        let text = metrics.text(&Gauges::default());
        for line in [
            "workshop_image_pulls_total{result=\"succeeded\"} 1",
            "workshop_image_pulls_total{result=\"failed\"} 1",
            "workshop_image_pull_duration_seconds_count 1",
            "workshop_image_pull_duration_seconds_sum 4.0",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} is not in\n{text}");
        }
        assert!(lock(&times.began).is_empty());
    }
}
