//! Publishes events beside the reconciles: a slow or refused event holds nobody up.

use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;

use super::Notice;
use crate::calls::call;
use crate::metrics::Metrics;

/// Publishes until the queue is closed. One recorder for the life of the process: it knows which
/// events are one series.
pub async fn publish(client: Client, queue: Option<mpsc::Receiver<Notice>>, metrics: &Metrics) {
    let Some(mut queue) = queue else { return std::future::pending().await };
    let recorder = Recorder::new(client, reporter());
    while let Some(notice) = queue.recv().await {
        let event = event(&notice);
        let what = || format!("event {} of {}", event.reason, path(&notice));
        if let Err(error) = call("publish", what, recorder.publish(&event, &notice.regarding)).await {
            metrics.event_lost();
            tracing::debug!(instance = path(&notice), %error, "an event was not published");
        }
    }
}

/// The pod's name says which replica told it.
fn reporter() -> Reporter {
    let controller = format!("workshop.platform/{}", api::names::OPERATOR);
    Reporter { controller, instance: std::env::var("POD_NAME").ok() }
}

fn event(notice: &Notice) -> Event {
    Event {
        type_: if notice.news.warning { EventType::Warning } else { EventType::Normal },
        reason: notice.news.reason.clone(),
        note: Some(notice.news.note.clone()),
        action: notice.news.action.to_owned(),
        secondary: notice.related.clone(),
    }
}

fn path(notice: &Notice) -> String {
    let word = |text: &Option<String>| text.clone().unwrap_or_default();
    format!("{}/{}", word(&notice.regarding.namespace), word(&notice.regarding.name))
}
