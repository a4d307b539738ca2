//! The played kubelet with many pods, and with what only it can do.

use std::collections::HashMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use testing::kubelet::{Death, Kubelet, Pull, PullFault, World};
use testing::live::{LIMIT, Look, until};

use crate::world;

fn pod(name: &str, node: &str, image: &str) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {
            "nodeSelector": {"kubernetes.io/hostname": node}, "terminationGracePeriodSeconds": 2,
            "initContainers": [{"name": "before", "image": "r/agent@sha256:agent"}],
            "containers": [{"name": "workspace", "image": image}]
        }
    }))
    .unwrap()
}

async fn class(name: &str) -> Api<Pod> {
    world::judge(name).await;
    Api::namespaced(world::client().await, name)
}

async fn kubelet(node: &str) -> Kubelet {
    let world = World { nodes: vec![node.to_owned()], ..World::default() };
    Kubelet::start(world::client().await, world).await.unwrap()
}

fn container(pod: &Pod) -> Option<&ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first()
}

/// Ready, with a container of this image.
fn runs(pod: &Pod, digest: &str) -> bool {
    let ready = container(pod).is_some_and(|it| it.ready && it.image_id.ends_with(digest));
    let status = pod.status.as_ref();
    ready && status.and_then(|status| status.observed_generation) == pod.metadata.generation
}

/// Lists until all say yes.
async fn all(pods: &Api<Pod>, what: &str, wanted: impl Fn(&Pod) -> bool) -> Vec<Pod> {
    until(what, LIMIT, async || {
        let found = pods.list(&ListParams::default()).await.unwrap().items;
        let not: Vec<_> = found.iter().filter(|pod| !wanted(pod)).collect();
        Ok(match not.first() {
            None => Look::Yes(found),
            Some(pod) => Look::NotYet(format!("{} of {}, first {:?}", not.len(), found.len(), pod.status)),
        })
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_pods_come_change_and_go() {
    let (pods, kubelet) = (class("many").await, kubelet("node-many").await);
    let names: Vec<_> = (0..200).map(|number| format!("w-{number}")).collect();
    for name in &names {
        pods.create(&PostParams::default(), &pod(name, "node-many", "r/w:g1@sha256:one")).await.unwrap();
    }
    let before = all(&pods, "all run", |pod| runs(pod, "sha256:one")).await;
    let before: HashMap<_, _> = before.into_iter().map(|pod| (pod.name_any(), pod)).collect();
    assert_eq!(
        (before.len(), kubelet.pods(), kubelet.pulls("node-many", "sha256:one") > 0),
        (200, 200, true)
    );

    let change = Patch::Strategic(
        json!({"spec": {"containers": [{"name": "workspace", "image": "r/w:g2@sha256:two"}]}}),
    );
    for name in &names {
        pods.patch(name, &PatchParams::default(), &change).await.unwrap();
    }
    for after in all(&pods, "all run the next", |pod| runs(pod, "sha256:two")).await {
        let old = &before[&after.name_any()];
        let (was, is) = (container(old).unwrap(), container(&after).unwrap());
        assert_ne!(was.container_id, is.container_id);
        assert_eq!((was.restart_count, is.restart_count), (0, 1));
        let (was, is) = (old.status.as_ref().unwrap(), after.status.as_ref().unwrap());
        assert_eq!((&old.metadata.uid, &was.pod_ip), (&after.metadata.uid, &is.pod_ip));
    }
    pods.delete_collection(&DeleteParams::default(), &ListParams::default()).await.unwrap();
    all(&pods, "all gone", |_| false).await;
    until("forgotten", LIMIT, async || {
        Ok(match kubelet.pods() {
            0 => Look::Yes(()),
            left => Look::NotYet(left.to_string()),
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_pull_hangs_fails_and_heals_as_planned() {
    let (pods, kubelet) = (class("pulls").await, kubelet("node-pulls").await);
    let mut timing = kubelet.plan().timing();
    timing.pull_back_off = Duration::from_millis(200);
    kubelet.plan().set_timing(timing);
    kubelet.plan().pull("sha256:hangs", Pull::Never);
    pods.create(&PostParams::default(), &pod("w", "node-pulls", "r/w@sha256:hangs")).await.unwrap();
    until("asked", LIMIT, async || {
        Ok(match kubelet.pulls("node-pulls", "sha256:hangs") {
            1 => Look::Yes(()),
            count => Look::NotYet(count.to_string()),
        })
    })
    .await
    .unwrap();
    kubelet.plan().pull("sha256:hangs", Pull::FailsTimes(2, PullFault::NotFound));
    all(&pods, "it runs", |pod| runs(pod, "sha256:hangs")).await;
    assert!(kubelet.holds("node-pulls", "sha256:hangs"));
    kubelet.collect_images("node-pulls");
    assert!(kubelet.holds("node-pulls", "sha256:hangs"), "its container holds it");
}

#[tokio::test]
async fn a_pod_is_struck_from_outside() {
    let (pods, kubelet) = (class("struck").await, kubelet("node-struck").await);
    pods.create(&PostParams::default(), &pod("w", "node-struck", "r/w@sha256:a")).await.unwrap();
    all(&pods, "it runs", |pod| runs(pod, "sha256:a")).await;
    assert!(kubelet.strike("struck", "w", Death::OutOfMemory { container: "workspace".to_owned() }));
    let killed = |pod: &Pod| {
        let last = container(pod).and_then(|it| it.last_state.as_ref()?.terminated.clone());
        runs(pod, "sha256:a") && last.is_some_and(|last| last.reason.as_deref() == Some("OOMKilled"))
    };
    all(&pods, "it was killed and runs", killed).await;
    assert!(kubelet.strike(
        "struck",
        "w",
        Death::Evicted { message: "The node was low on memory.".to_owned() }
    ));
    let evicted = |pod: &Pod| {
        let status = pod.status.as_ref().unwrap();
        (status.phase.as_deref(), status.reason.as_deref()) == (Some("Failed"), Some("Evicted"))
    };
    all(&pods, "it is evicted", evicted).await;
}

#[tokio::test]
async fn a_closed_node_takes_no_pod_until_it_is_opened() {
    let (pods, kubelet) = (class("closed").await, kubelet("node-closed").await);
    pods.create(&PostParams::default(), &pod("w", "node-closed", "r/w@sha256:a")).await.unwrap();
    all(&pods, "it runs", |pod| runs(pod, "sha256:a")).await;
    kubelet.drain("node-closed", |pod| pod.namespace().as_deref() == Some("closed")).await.unwrap();
    all(&pods, "it is evicted", |_| false).await;
    pods.create(&PostParams::default(), &pod("x", "node-closed", "r/w@sha256:a")).await.unwrap();
    let waits = |pod: &Pod| {
        let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
        conditions.into_iter().flatten().any(|c| c.reason.as_deref() == Some("Unschedulable"))
    };
    all(&pods, "it waits", waits).await;
    kubelet.cordon("node-closed", false).await.unwrap();
    all(&pods, "it runs", |pod| runs(pod, "sha256:a")).await;
}
