//! Housekeeping beside the reconciles, from the stores: no call is made unless something has to go.

use std::time::Duration;

use kube::ResourceExt;

use crate::context::Context;
use crate::{orphans, pulls};

/// How often the stores are compared.
const PERIOD: Duration = Duration::from_secs(30);

/// Sweeps until it is dropped.
pub async fn sweep(context: &Context) {
    // Before every watch has shown its objects, a pull pod looks as if nobody needed it.
    context.stores.ready().await;
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        context.tidy();
        let now = jiff::Timestamp::now();
        if let Err(error) = orphans::take_away(context, now).await {
            tracing::warn!(%error, "cannot take an orphaned workspace away; the next sweep tries again");
        }
        for pod in pulls::surplus(&context.stores, now) {
            let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
            let uid = pod.uid().unwrap_or_default();
            if let Err(error) = context.writes.delete_pod(&namespace, &name, &uid).await {
                tracing::warn!(%error, pod = name, "cannot take a pull pod away; the next sweep tries again");
            }
        }
    }
}
