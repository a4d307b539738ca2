//! `config/operator`: the Deployment of the operator. The chart's defaults give the same; `helm/test.sh`
//! compares them.

use serde_json::{Value, json};

use super::files::File;
use super::rbac::NAMESPACE;
use super::{GenError, yaml};

/// Images that nobody can pull: whoever installs with Kustomize names their own registry.
const SERVER_IMAGE: &str = "registry.example/workshop-server:0.1.0";
const AGENT_IMAGE: &str = "registry.example/workshop-agent:0.1.0";

/// The Deployment and its list.
///
/// # Errors
/// When the Deployment has no YAML form.
pub fn files() -> Result<Vec<File>, GenError> {
    Ok(vec![
        File::yaml(
            "config/operator/deployment.yaml",
            &yaml::text("the operator's Deployment", &deployment())?,
        ),
        File::yaml("config/operator/network_policy.yaml", &network_policies()?),
        File::yaml(
            "config/operator/kustomization.yaml",
            "resources:\n- deployment.yaml\n- network_policy.yaml\n",
        ),
    ])
}

/// What reaches the operator and its pull pods; the chart's comments say why.
fn network_policies() -> Result<String, GenError> {
    let policy = |name: &str, labels: Value, spec: Value| {
        let mut policy = json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {"podSelector": {"matchLabels": labels}}
        });
        if let (Some(own), Value::Object(more)) =
            (policy.pointer_mut("/spec").and_then(Value::as_object_mut), spec)
        {
            own.extend(more);
        }
        yaml::text("a network policy", &policy)
    };
    let metrics = json!([{"ports": [{"port": "metrics"}], "from": [{"namespaceSelector": {}}]}]);
    let operator =
        policy(api::names::OPERATOR, labels(), json!({"policyTypes": ["Ingress"], "ingress": metrics}))?;
    let pull = policy(
        "workshop-pull",
        json!({api::names::ROLE_LABEL: api::names::role::PULL}),
        json!({"policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": []}),
    )?;
    Ok(format!("{operator}---\n{pull}"))
}

/// Labels of the operator's pods.
fn labels() -> Value {
    json!({"app.kubernetes.io/name": "workshop", "app.kubernetes.io/component": "operator"})
}

fn deployment() -> Value {
    let labels = labels();
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": api::names::OPERATOR, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod()}
        }
    })
}

fn pod() -> Value {
    json!({
        "serviceAccountName": api::names::OPERATOR,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"}
        },
        "enableServiceLinks": false,
        "terminationGracePeriodSeconds": 30,
        "containers": [container()]
    })
}

fn container() -> Value {
    json!({
        "name": "operator",
        "image": SERVER_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/workshop-server"],
        "args": [
            "operator",
            format!("--agent-image={AGENT_IMAGE}"),
            "--default-cpu=1",
            "--default-memory=1Gi"
        ],
        "env": [
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "POD_SERVICE_ACCOUNT", "valueFrom": {"fieldRef": {"fieldPath": "spec.serviceAccountName"}}},
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "WORKSHOP_LOG", "value": "info"},
            {"name": "WORKSHOP_LOG_FORMAT", "value": "json"}
        ],
        "ports": [
            {"name": "metrics", "containerPort": 8080, "protocol": "TCP"},
            {"name": "health", "containerPort": 8081, "protocol": "TCP"}
        ],
        "startupProbe": {"httpGet": {"path": "/healthz", "port": "health"}, "periodSeconds": 2, "failureThreshold": 30},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "health"}, "periodSeconds": 10, "failureThreshold": 6},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "health"}, "periodSeconds": 5},
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"memory": "512Mi"}
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": {"drop": ["ALL"]}
        }
    })
}
