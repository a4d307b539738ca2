//! The two watches: pods, each handed to its own task, and nodes.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, pin_mut};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch_all};
use kube::{Api, ResourceExt};
use tokio::sync::{mpsc, watch};

use super::shared::{Handle, Shared, lock, node_of};
use super::{binder, life};

/// Hands every version of every pod on.
pub async fn pods(shared: Arc<Shared>) {
    let news = watch_all(Api::<Pod>::all(shared.client.clone()), watcher::Config::default());
    let news = news.default_backoff();
    pin_mut!(news);
    let mut listed = HashSet::new();
    while let Some(event) = news.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(pod)) => {
                listed.extend(pod.uid());
                seen(&shared, pod);
            }
            Ok(Event::InitDone) => shared.lives().retain(|uid, _| listed.contains(uid)),
            Ok(Event::Apply(pod)) => seen(&shared, pod),
            Ok(Event::Delete(pod)) => {
                let uid = pod.uid().unwrap_or_default();
                // The task ends with its channel.
                shared.lives().remove(&uid);
                lock(&shared.unscheduled).remove(&uid);
            }
            // It is opened again by itself.
            Err(_) => {}
        }
    }
}

fn seen(shared: &Arc<Shared>, pod: Pod) {
    let uid = pod.uid().unwrap_or_default();
    let pod = Arc::new(pod);
    let Some(node) = node_of(&pod).map(str::to_owned) else {
        // A pod for a node that others play is theirs.
        let is_ours = binder::selected(&pod).is_none_or(|node| shared.nodes.iter().any(|our| our == node));
        if is_ours && lock(&shared.unscheduled).insert(uid, pod.clone()).is_none() {
            tokio::spawn(binder::bind(shared.clone(), pod));
        }
        return;
    };
    lock(&shared.unscheduled).remove(&uid);
    if !shared.nodes.contains(&node) {
        return;
    }
    let mut lives = shared.lives();
    if let Some(handle) = lives.get(&uid) {
        handle.newest.send_replace(pod);
        return;
    }
    let (newest, versions) = watch::channel(pod);
    let (deaths, fates) = mpsc::unbounded_channel();
    let images = Arc::default();
    lives.insert(uid, Handle { newest, deaths, images: Arc::clone(&images) });
    drop(lives);
    tokio::spawn(life::live(shared.clone(), versions, fates, images));
}

/// Notes which nodes take pods; whatever waits for one is tried again.
pub async fn nodes(shared: Arc<Shared>) {
    let news = watch_all(Api::<Node>::all(shared.client.clone()), watcher::Config::default());
    let news = news.default_backoff();
    pin_mut!(news);
    while let Some(event) = news.next().await {
        let (node, takes) = match event {
            Ok(Event::Apply(node) | Event::InitApply(node)) => {
                let closed = node.spec.as_ref().and_then(|spec| spec.unschedulable).unwrap_or_default();
                (node.name_any(), !closed)
            }
            Ok(Event::Delete(node)) => (node.name_any(), false),
            _ => continue,
        };
        let changed = match takes {
            true => lock(&shared.cordoned).remove(&node),
            false => lock(&shared.cordoned).insert(node),
        };
        if changed && takes {
            let waiting: Vec<_> = lock(&shared.unscheduled).values().cloned().collect();
            for pod in waiting {
                tokio::spawn(binder::bind(shared.clone(), pod));
            }
        }
    }
}
