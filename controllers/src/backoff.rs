//! Pauses between failed tries, per object: doubled, capped, spread.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Mutex;
use std::time::Duration;

/// Longest pause between two tries.
const CAP: Duration = Duration::from_secs(300);

/// Counts failures in a row per key. kube hands the error policy no count, so it is kept here.
#[derive(Debug)]
pub struct Backoff<K> {
    failures: Mutex<HashMap<K, u32>>,
}

impl<K> Default for Backoff<K> {
    fn default() -> Self {
        Self { failures: Mutex::new(HashMap::new()) }
    }
}

impl<K: Eq + Hash + Clone> Backoff<K> {
    /// The pause after one more failure of `key`.
    pub fn failed(&self, key: &K, first: Duration) -> Duration {
        let count = {
            let mut failures = self.lock();
            let count = failures.entry(key.clone()).or_insert(0);
            *count = count.saturating_add(1);
            *count
        };
        spread(pause(first, count), count)
    }

    /// Forgets `key`: it succeeded, or it is gone.
    pub fn forget(&self, key: &K) {
        self.lock().remove(key);
    }

    /// Forgets all that are gone.
    pub fn retain(&self, is_there: impl Fn(&K) -> bool) {
        self.lock().retain(|key, _| is_there(key));
    }

    /// How many keys wait for their next try.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no key waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, u32>> {
        // A panic elsewhere leaves counts that are still counts.
        self.failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn pause(first: Duration, count: u32) -> Duration {
    first.saturating_mul(1_u32.checked_shl(count.saturating_sub(1)).unwrap_or(u32::MAX)).min(CAP)
}

/// Takes up to a quarter away, so that objects that failed together do not come back together.
fn spread(pause: Duration, count: u32) -> Duration {
    let nanos = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(count, |since| since.subsec_nanos());
    pause.mul_f64(1.0 - 0.25 * f64::from(nanos % 1000) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_to_the_cap_and_start_anew() {
        let second = Duration::from_secs(1);
        assert_eq!(pause(second, 1), second);
        assert_eq!(pause(second, 4), Duration::from_secs(8));
        assert_eq!(pause(second, 40), CAP);
        let backoff = Backoff::default();
        backoff.failed(&"a", second);
        assert_eq!((backoff.len(), backoff.is_empty()), (1, false));
        assert!(backoff.failed(&"a", second) > second);
        backoff.forget(&"a");
        assert!(backoff.failed(&"a", second) <= second);
        backoff.retain(|key| *key != "a");
        assert!(backoff.lock().is_empty());
    }
}
