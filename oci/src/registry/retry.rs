//! Attempts and the pauses between them.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::Limits;
use super::failure::{Again, Failure};
use crate::error::StoreError;

/// First pause between attempts; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Makes attempts until one succeeds, makes no sense, or was the last.
pub(super) async fn retry<T, F>(limits: &Limits, mut attempt: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut made = 1;
    loop {
        let failure = match attempt().await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        let pause = match failure.again {
            Again::Never => return Err(failure.error),
            Again::Soon => jitter(FIRST_PAUSE.saturating_mul(1 << (made - 1).min(16)).min(limits.pause)),
            Again::After(pause) => pause,
        };
        if made >= limits.attempts || pause > limits.pause {
            return Err(match failure.error {
                StoreError::Unreachable { subject, registry, detail, .. } => {
                    StoreError::Unreachable { subject, registry, attempts: made, detail }
                }
                other => other,
            });
        }
        tokio::time::sleep(pause).await;
        made += 1;
    }
}

/// Between half and all of a pause, so that many clients do not come back at once.
fn jitter(pause: Duration) -> Duration {
    // Every new state of the standard hasher is random.
    let random = RandomState::new().hash_one(0_u8) % 1000;
    pause.mul_f64(0.5 + random as f64 / 2000.0)
}
