//! A cluster in which all is well, canned.

use serde_json::{Value, json};

use super::canned::Canned;

pub const DEPLOYMENTS: &str = "GET /apis/apps/v1/deployments";
pub const LEASE: &str =
    "GET /apis/coordination.k8s.io/v1/namespaces/workshop-system/leases/workshop-operator";
pub const NODES: &str = "GET /api/v1/nodes";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// The call that reads a definition.
pub fn definition(plural: &str) -> String {
    format!("GET {DEFINITIONS}/{plural}.workshop.platform")
}

/// A time so many seconds ago.
pub fn ago(seconds: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds)).to_string()
}

/// Everything as it should be.
pub fn well() -> Canned {
    let mut cluster = Canned::default();
    cluster.put(
        "GET /version",
        json!({"major": "1", "minor": "36", "gitVersion": "v1.36.3", "gitCommit": "",
        "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "", "platform": ""}),
    );
    cluster.put(
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
        json!({"metadata": {}, "status": {"userInfo": {"username": "admin@example.org"}}}),
    );
    cluster.put("POST /api/v1/namespaces/default/pods", Value::Null);
    for installed in definitions() {
        let name = installed["metadata"]["name"].as_str().unwrap().to_owned();
        cluster.put(&format!("GET {DEFINITIONS}/{name}"), installed);
    }
    cluster.list("/apis/apps/v1/deployments", vec![operator()]);
    cluster.put(LEASE, lease());
    for kind in ["validating", "mutating"] {
        cluster.list(&format!("/apis/admissionregistration.k8s.io/v1/{kind}webhookconfigurations"), vec![]);
    }
    cluster.list(
        "/apis/storage.k8s.io/v1/storageclasses",
        vec![json!({"metadata": {"name": "standard",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "x"})],
    );
    cluster.list("/api/v1/nodes", vec![node("node-1"), node("node-2")]);
    for name in ["node-1", "node-2"] {
        cluster.put(
            &format!("GET /api/v1/nodes/{name}/proxy/configz"),
            json!({"kubeletconfig": {"podPidsLimit": 4096}}),
        );
    }
    cluster.list("/api/v1/pods", vec![workspace_pod()]);
    cluster.put("PATCH /api/v1/namespaces/ws-monday-ana-0a1b2c/pods/workspace", workspace_pod());
    cluster.list("/apis/workshop.platform/v1/workspacetemplates", vec![template()]);
    cluster.put("GET /apis/workshop.platform/v1/workspacetemplates/shell-basics", template());
    cluster.list("/api/v1/namespaces/monday/resourcequotas", vec![]);
    cluster
}

fn definitions() -> Vec<Value> {
    api::crds::all()
        .into_iter()
        .map(|definition| {
            let mut value = serde_json::to_value(definition).unwrap();
            value["status"] = json!({"storedVersions": ["v1"], "conditions": [
                {"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "True"}]});
            value
        })
        .collect()
}

fn operator() -> Value {
    json!({
        "metadata": {"name": "workshop-operator", "namespace": "workshop-system",
            "labels": {"app.kubernetes.io/version": env!("CARGO_PKG_VERSION")}},
        "spec": {"replicas": 2, "selector": {}, "template": {"spec": {"containers": [{"name": "operator",
            "args": ["operator", "--agent-image=r.example/agent:1"]}]}}},
        "status": {"readyReplicas": 2}
    })
}

fn lease() -> Value {
    json!({"metadata": {"name": "workshop-operator", "namespace": "workshop-system", "resourceVersion": "7"},
        "spec": {"holderIdentity": "workshop-operator-6d5f-abcde_1", "leaseDurationSeconds": 15, "renewTime": micro(1)}})
}

/// A time so many seconds ago, as leases have it.
pub fn micro(seconds: i64) -> String {
    let at = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(seconds);
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn node(name: &str) -> Value {
    json!({
        "metadata": {"name": name}, "spec": {},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "allocatable": {"cpu": "4", "memory": "16Gi", "pods": "110"},
            "runtimeHandlers": [{"name": "", "features": {"userNamespaces": true}}]
        }
    })
}

fn workspace_pod() -> Value {
    json!({"metadata": {"name": "workspace", "namespace": "ws-monday-ana-0a1b2c"},
        "spec": {"nodeName": "node-1", "containers": [{"name": "workspace",
            "resources": {"requests": {"cpu": "200m", "memory": "1Gi"}}}]}, "status": {"phase": "Running"}})
}

pub fn template() -> Value {
    let step = |id: &str| {
        json!({"id": id, "title": id, "image": {"reference": format!("r.example/shell-basics:{id}"),
            "digest": format!("sha256:{}", "ab".repeat(32))}})
    };
    json!({"apiVersion": "workshop.platform/v1", "kind": "WorkspaceTemplate", "metadata": {"name": "shell-basics"},
        "spec": {"steps": [step("finding"), step("pipes"), step("scripting")],
            "defaults": {"resources": {"cpu": "1", "memory": "1Gi"}}},
        "status": {"revision": "4"}})
}
