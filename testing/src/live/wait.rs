//! Waiting for what is to come, never for a time: with a limit, and with what was there instead.

use std::time::Duration;

use futures::{StreamExt, pin_mut};
use kube::runtime::watcher;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::LiveError;

/// Longest wait for anything; a busy machine with two cores is far below it.
pub const LIMIT: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(50);

/// What a probe saw.
pub enum Look<T> {
    /// It is there.
    Yes(T),
    /// It is not; this is there instead.
    NotYet(String),
}

/// Asks until the answer is yes.
///
/// # Errors
/// When it is not within the limit, with what was seen last; and whatever the probe cannot go on from.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<Look<T>, LiveError>,
) -> Result<T, LiveError> {
    let begin = Instant::now();
    loop {
        match probe().await? {
            Look::Yes(found) => return Ok(found),
            Look::NotYet(last) if begin.elapsed() > limit => {
                return Err(LiveError::Late { what: what.to_owned(), limit, last });
            }
            Look::NotYet(_) => sleep(PAUSE).await,
        }
    }
}

/// Watches one object until `wanted` says yes of it; `None` stands for its absence.
///
/// # Errors
/// When it does not within [`LIMIT`], with what `show` says of the last one.
pub async fn watch<K>(
    api: Api<K>,
    name: &str,
    what: &str,
    show: impl Fn(&K) -> String,
    wanted: impl Fn(Option<&K>) -> bool,
) -> Result<Option<K>, LiveError>
where
    K: Resource + Clone + std::fmt::Debug + DeserializeOwned + Send + 'static,
{
    let mut last = "nothing".to_owned();
    let watched = watcher::watch_object(api, name);
    pin_mut!(watched);
    let found = tokio::time::timeout(LIMIT, async {
        while let Some(news) = watched.next().await {
            match news {
                Ok(object) if wanted(object.as_ref()) => return object,
                Ok(object) => last = object.as_ref().map_or_else(|| "no such object".to_owned(), &show),
                // It is opened again by itself.
                Err(error) => last = error.to_string(),
            }
        }
        None
    });
    let found = found.await;
    found.map_err(|_| LiveError::Late { what: format!("{name}: {what}"), limit: LIMIT, last })
}
