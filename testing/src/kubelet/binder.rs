//! The scheduler: a pod goes to the next node that takes pods.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::shared::{Shared, lock};

/// Pause between two tries that the API server did not take.
const AGAIN: Duration = Duration::from_millis(200);

/// Binds a pod, or says why it cannot.
pub async fn bind(shared: Arc<Shared>, pod: Arc<Pod>) {
    tokio::time::sleep(shared.plan.timing().schedule).await;
    let (name, uid) = (pod.name_any(), pod.uid().unwrap_or_default());
    let pods: Api<Pod> = Api::namespaced(shared.client.clone(), &pod.namespace().unwrap_or_default());
    // Bound, or gone, it is not in the list any more.
    while lock(&shared.unscheduled).contains_key(&uid) {
        let done = match place(&shared, &pod) {
            Some(node) => {
                let binding = json!({
                    "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name, "uid": uid},
                    "target": {"apiVersion": "v1", "kind": "Node", "name": node}
                });
                pods.create_subresource::<_, Value>("binding", &name, &PostParams::default(), &binding)
                    .await
                    .map(drop)
            }
            None => {
                let refused =
                    json!({"metadata": {"uid": uid}, "status": {"conditions": [unschedulable(&shared)]}});
                pods.patch_status(&name, &PatchParams::default(), &Patch::Strategic(refused)).await.map(drop)
            }
        };
        match done {
            // Gone, another by now, or bound: the watch tells.
            Ok(()) => return,
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => return,
            Err(_) => tokio::time::sleep(AGAIN).await,
        }
    }
}

/// The node that a pod's selector names, else the nodes in turn.
fn place(shared: &Shared, pod: &Pod) -> Option<String> {
    let cordoned = lock(&shared.cordoned).clone();
    let selected = selected(pod);
    let mut open = shared.nodes.clone();
    open.retain(|node| !cordoned.contains(node) && shared.reports(node));
    open.retain(|node| selected.is_none_or(|selected| selected == node));
    let turn = usize::try_from(shared.number()).unwrap_or_default().checked_rem(open.len())?;
    open.get(turn).cloned()
}

/// The one node that a pod may go to.
pub fn selected(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_selector.as_ref()?.get("kubernetes.io/hostname").map(String::as_str)
}

/// The scheduler's words where every node is closed.
fn unschedulable(shared: &Shared) -> Value {
    let count = shared.nodes.len();
    json!({
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "lastTransitionTime": Timestamp::now(),
        "message": format!(
            "0/{count} nodes are available: {count} node(s) were unschedulable. no new claims to deallocate, preemption: 0/{count} nodes are available: {count} Preemption is not helpful for scheduling."
        ),
    })
}
