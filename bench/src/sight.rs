//! What the bench sees: every pod and every instance by watch, with a tick at each event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::v1::WorkspaceInstance;
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::reflector::Store;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client};
use tokio::sync::watch;

use crate::error::BenchError;

/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// Everything that is watched.
#[derive(Clone)]
pub struct Sight {
    /// Pods of all namespaces.
    pub pods: Store<Pod>,
    /// Instances of all namespaces.
    pub instances: Store<WorkspaceInstance>,
    ticks: watch::Receiver<u64>,
}

impl Sight {
    /// Opens both watches.
    pub fn open(client: &Client) -> Self {
        let (sender, ticks) = watch::channel(0);
        let sender = Arc::new(sender);
        let pods = follow(Api::all(client.clone()), sender.clone());
        let instances = follow(Api::all(client.clone()), sender);
        Self { pods, instances, ticks }
    }

    /// Waits until `seen` answers something, looking at each event; says when that was.
    ///
    /// # Errors
    /// After a minute, with `what` and what was there instead.
    pub async fn until<T>(
        &self,
        what: &str,
        mut seen: impl FnMut() -> Result<T, String>,
    ) -> Result<(T, Instant), BenchError> {
        let mut ticks = self.ticks.clone();
        let mut last = String::new();
        let waited = tokio::time::timeout(LIMIT, async {
            loop {
                ticks.mark_unchanged();
                match seen() {
                    Ok(found) => return (found, Instant::now()),
                    Err(instead) => last = instead,
                }
                // The sender lives as long as the watches.
                let _ = ticks.changed().await;
            }
        })
        .await;
        waited.map_err(|_| BenchError::Late { what: what.to_owned(), seconds: LIMIT.as_secs(), seen: last })
    }
}

fn follow<K>(api: Api<K>, ticks: Arc<watch::Sender<u64>>) -> Store<K>
where
    K: kube::Resource<DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::de::DeserializeOwned
        + Send
        + Sync
        + 'static,
{
    let (reader, writer) = reflector::store();
    let events = reflector(writer, watcher(api, watcher::Config::default())).default_backoff();
    tokio::spawn(events.for_each(move |_| {
        ticks.send_modify(|tick| *tick += 1);
        futures::future::ready(())
    }));
    reader
}

/// Asks the agents at these addresses until one says that it runs `step`; says when that was.
///
/// # Errors
/// After a minute.
pub async fn usable(
    http: &reqwest::Client,
    step: &str,
    addresses: impl Fn() -> Vec<String>,
) -> Result<Instant, BenchError> {
    let ask = async {
        loop {
            for address in addresses() {
                let url = format!("http://{address}:{}/healthz", wire::AGENT_PORT);
                let Ok(answer) = http.get(url).send().await else { continue };
                let at = Instant::now();
                let Ok(bytes) = answer.bytes().await else { continue };
                if serde_json::from_slice::<wire::Health>(&bytes).is_ok_and(|health| health.step == step) {
                    return at;
                }
            }
            // Between two questions; the same in every arm.
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    let late =
        |_| BenchError::Late { what: format!("step {step}"), seconds: LIMIT.as_secs(), seen: String::new() };
    tokio::time::timeout(LIMIT, ask).await.map_err(late)
}
