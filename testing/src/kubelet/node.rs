//! The nodes themselves: their objects, and that they are heard of.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::shared::Shared;
use crate::TestingError;

/// How often a kubelet renews its lease.
const BEAT: Duration = Duration::from_secs(10);

/// Makes the node, or makes it anew.
pub async fn register(client: &Client, name: &str, user_namespaces: bool) -> Result<(), TestingError> {
    let nodes: Api<Node> = Api::all(client.clone());
    let fault = || TestingError::api(format!("node {name}"));
    let object = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}}
    });
    let params = PatchParams::apply("played-kubelet").force();
    nodes.patch(name, &params, &Patch::Apply(&object)).await.map_err(fault())?;
    let status = json!({"status": status(user_namespaces)});
    nodes.patch_status(name, &PatchParams::default(), &Patch::Strategic(&status)).await.map_err(fault())?;
    beat_once(client, name).await.map_err(fault())
}

fn status(user_namespaces: bool) -> Value {
    let now = Timestamp::now();
    let condition = |type_: &str, is: &str, reason: &str| json!({"type": type_, "status": is, "reason": reason, "lastHeartbeatTime": now, "lastTransitionTime": now});
    let room = json!({"cpu": "1000", "memory": "4Ti", "pods": "2000", "ephemeral-storage": "4Ti"});
    let handler = |name: &str| json!({"name": name, "features": {"userNamespaces": user_namespaces, "recursiveReadOnlyMounts": true}});
    json!({
        "capacity": room, "allocatable": room,
        "conditions": [
            condition("Ready", "True", "KubeletReady"),
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID"),
        ],
        "runtimeHandlers": [handler(""), handler("runc")],
        "features": {"supplementalGroupsPolicy": true},
    })
}

/// Renews the leases of all nodes that report.
pub async fn beat(shared: Arc<Shared>) {
    loop {
        for node in shared.nodes.iter().filter(|node| shared.reports(node)) {
            // One that is missed is made up for by the next.
            let _ = beat_once(&shared.client, node).await;
        }
        tokio::time::sleep(BEAT).await;
    }
}

async fn beat_once(client: &Client, node: &str) -> Result<(), kube::Error> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), "kube-node-lease");
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": node},
        "spec": {"holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": format!("{:.6}", Timestamp::now())}
    });
    let params = PatchParams::apply("played-kubelet").force();
    leases.patch(node, &params, &Patch::Apply(&lease)).await.map(drop)
}
