//! The moment between a RoleBinding and the rights that it gives: the API server learns of it by a watch of
//! its own, some milliseconds after it has stored it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::Error;

/// How long a new binding may take to be known. With several API servers each has a watch of its own.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Repeats a write while it is refused for want of rights, if the binding that gives them is `fresh`.
///
/// # Errors
/// Any other refusal at once, and this one once it lasts.
pub async fn once_known<T, W>(fresh: bool, write: impl Fn() -> W) -> Result<T, Error>
where
    W: Future<Output = Result<T, Error>>,
{
    let limit = Instant::now() + KNOWN_WITHIN;
    loop {
        match write().await {
            Err(error) if fresh && error.lacks_rights() && Instant::now() < limit => {
                sleep(LOOK_AGAIN).await;
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use kube::core::Status;

    use super::*;

    fn refused(message: &str) -> Error {
        let status = Status {
            code: 403,
            reason: "Forbidden".to_owned(),
            message: message.to_owned(),
            ..Status::default()
        };
        Error::api("apply", "x", kube::Error::Api(Box::new(status)))
    }

    const NO_RIGHT: &str = "pods is forbidden: User \"o\" cannot create resource \"pods\" in API group \"\" in the namespace \"ws\"";

    /// How often a write is tried that is refused so `refusals` times, and how it ends.
    async fn tried(fresh: bool, refusals: usize, message: &str) -> (usize, bool) {
        let count = AtomicUsize::new(0);
        let ended = once_known(fresh, || async {
            match count.fetch_add(1, Ordering::Relaxed) {
                before if before < refusals => Err(refused(message)),
                _ => Ok(()),
            }
        })
        .await;
        (count.into_inner(), ended.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_binding_is_waited_for_and_nothing_else() {
        assert_eq!(tried(true, 3, NO_RIGHT).await, (4, true));
        assert_eq!(tried(false, 3, NO_RIGHT).await, (1, false));
        assert_eq!(tried(true, 3, "exceeded quota: team").await, (1, false));
        assert_eq!(tried(true, 1000, NO_RIGHT).await, (101, false), "every 50 ms for 5 s");
    }
}
