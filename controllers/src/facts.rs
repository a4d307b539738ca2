//! Which changes of a watched object are news: a hash of what decisions read, and of nothing else.

use std::hash::{DefaultHasher, Hash, Hasher};

use k8s_openapi::api::core::v1::Pod;
use kube::Resource;
use kube::core::{ObjectMeta, PartialObjectMeta};
use kube::runtime::watcher::Event;

use crate::instance::{PodSeen, Pulled, pulled};

/// Added to the generation of a deleted object's last sight: more than any object ever reaches.
const DELETED: i64 = 1 << 40;

/// A predicate forgets nothing that it saw, so a deleted object would be no news: the generation
/// of the last sight is changed.
pub fn mark_deletes<K: Resource>(event: Event<K>) -> Event<K> {
    match event {
        Event::Delete(mut object) => {
            let meta = object.meta_mut();
            meta.generation = Some(meta.generation.unwrap_or_default().saturating_add(DELETED));
            Event::Delete(object)
        }
        other => other,
    }
}

/// Everything that decisions read of a workspace pod. What else kubelet writes about it is no news.
///
/// That kubelet has seen a spec is none either: what it makes of it follows within a second, and a
/// workspace on its way is looked at again without any news.
pub fn pod_facts(pod: &Pod) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    meta_into(&pod.metadata, &mut hasher);
    let seen = PodSeen { observed: true, ..PodSeen::of(pod) };
    format!("{seen:?}").hash(&mut hasher);
    Some(hasher.finish())
}

/// What is known of an image from its pull pod.
pub fn pull_facts(pod: &Pod) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    meta_into(&pod.metadata, &mut hasher);
    match pulled(pod) {
        Pulled::Failed { reason, message, .. } => (reason, message).hash(&mut hasher),
        Pulled::Unknown | Pulled::Pulling { .. } => {}
        Pulled::Going => "going".hash(&mut hasher),
        Pulled::Held => "held".hash(&mut hasher),
    }
    Some(hasher.finish())
}

/// Deletion, labels, and what was applied.
pub fn meta_facts<K: Resource>(object: &PartialObjectMeta<K>) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    meta_into(&object.metadata, &mut hasher);
    object.metadata.labels.hash(&mut hasher);
    Some(hasher.finish())
}

fn meta_into(meta: &ObjectMeta, hasher: &mut DefaultHasher) {
    meta.uid.hash(hasher);
    meta.deletion_timestamp.is_some().hash(hasher);
    // Marked by `mark_deletes`; it also grows with every change of a spec that has one.
    meta.generation.hash(hasher);
    meta.annotations.hash(hasher);
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Namespace;
    use serde_json::{Value, json};

    use super::*;

    fn pod(value: Value) -> Pod {
        serde_json::from_value(value).unwrap()
    }

    fn workspace(change: impl FnOnce(&mut Value)) -> Pod {
        let mut value = json!({
            "metadata": {"name": "workspace", "uid": "1", "generation": 3},
            "spec": {"nodeName": "node-1", "containers": [{"name": "workspace", "image": "r/a@sha256:0"}]},
            "status": {
                "observedGeneration": 3,
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": "2026-01-01T00:00:00Z"}],
                "containerStatuses": [{
                    "name": "workspace", "image": "", "imageID": "", "ready": true, "restartCount": 0,
                    "containerID": "a", "state": {"running": {}}
                }]
            }
        });
        change(&mut value);
        pod(value)
    }

    fn pull(change: impl FnOnce(&mut Value)) -> Pod {
        let mut value = json!({
            "metadata": {"name": "pull-1", "uid": "1"},
            "status": {"phase": "Pending", "containerStatuses": [{
                "name": "image", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": "PodInitializing"}}
            }]}
        });
        change(&mut value);
        pod(value)
    }

    #[test]
    fn a_deleted_object_is_news() {
        let seen = workspace(|_| {});
        let Event::Delete(gone) = mark_deletes(Event::Delete(seen.clone())) else { unreachable!() };
        assert_ne!(pod_facts(&seen), pod_facts(&gone));
        let Event::Delete(gone) = mark_deletes(Event::Delete(pull(|_| {}))) else { unreachable!() };
        assert_ne!(pull_facts(&pull(|_| {})), pull_facts(&gone));
    }

    #[test]
    fn what_nobody_reads_of_a_pod_is_no_news() {
        let base = pod_facts(&workspace(|_| {}));
        for (path, value) in [
            ("/status/conditions/0/lastProbeTime", json!("2026-01-02T00:00:00Z")),
            ("/status/observedGeneration", json!(2)),
            ("/status/containerStatuses/0/restartCount", json!(7)),
            ("/status/phase", json!("Pending")),
        ] {
            let changed = workspace(|pod| *pod.pointer_mut(path).unwrap() = value);
            assert_eq!(base, pod_facts(&changed), "{path}");
        }
    }

    #[test]
    fn what_a_decision_reads_of_a_pod_is_news() {
        let base = pod_facts(&workspace(|_| {}));
        for (path, value) in [
            ("/metadata/generation", json!(4)),
            ("/metadata/uid", json!("2")),
            ("/spec/containers/0/image", json!("r/b@sha256:0")),
            ("/spec/nodeName", json!("node-2")),
            ("/status/containerStatuses/0/containerID", json!("b")),
            ("/status/containerStatuses/0/state", json!({"waiting": {"reason": "CrashLoopBackOff"}})),
            ("/status/containerStatuses/0/state", json!({"terminated": {"exitCode": 1}})),
            ("/status/conditions/0/status", json!("False")),
            ("/status/phase", json!("Failed")),
        ] {
            let changed = workspace(|pod| *pod.pointer_mut(path).unwrap() = value);
            assert_ne!(base, pod_facts(&changed), "{path}");
        }
        let deleting = workspace(|pod| pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"));
        assert_ne!(base, pod_facts(&deleting));
        let asked =
            workspace(|pod| pod["metadata"]["annotations"] = json!({"workshop.platform/step": "two"}));
        assert_ne!(base, pod_facts(&asked));
    }

    #[test]
    fn a_pull_that_fails_or_ends_is_news_and_its_start_is_not() {
        let base = pull_facts(&pull(|_| {}));
        let state = "/status/containerStatuses/0/state";
        let running = pull(|pod| *pod.pointer_mut(state).unwrap() = json!({"running": {}}));
        assert_eq!(base, pull_facts(&running));
        let failing =
            pull(|pod| *pod.pointer_mut(state).unwrap() = json!({"waiting": {"reason": "ErrImagePull"}}));
        assert_ne!(base, pull_facts(&failing));
        let done = pull(|pod| pod["status"]["phase"] = json!("Succeeded"));
        assert_ne!(base, pull_facts(&done));
    }

    #[test]
    fn labels_that_somebody_took_off_a_namespace_are_news() {
        let namespace = |labels: Value| -> PartialObjectMeta<Namespace> {
            serde_json::from_value(json!({"metadata": {"name": "ws", "uid": "1", "labels": labels}})).unwrap()
        };
        let level = "pod-security.kubernetes.io/enforce";
        let safe = meta_facts(&namespace(json!({level: "restricted"})));
        assert_ne!(safe, meta_facts(&namespace(json!({}))));
        assert_eq!(safe, meta_facts(&namespace(json!({level: "restricted"}))));
    }
}
