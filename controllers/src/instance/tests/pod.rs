//! A pod as kubelet would show it, in words.

use api::names;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::fixture::{digest, image};

/// A workspace pod, to be changed word by word.
#[derive(Clone, Debug)]
pub struct PodFixture(Value);

impl PodFixture {
    /// A pod of generation 1 on node-1 that was asked for this step and runs it as container `c1`.
    pub fn running(step: &str, seed: u8) -> Self {
        let pod = json!({
            "metadata": {
                "name": "workspace", "uid": "pod-1", "generation": 1, "resourceVersion": "50",
                "labels": {
                    names::MANAGED_BY_LABEL: names::OPERATOR,
                    names::CLASS_LABEL: "monday", names::INSTANCE_LABEL: "ana",
                    names::INSTANCE_UID_LABEL: "ana-1",
                    names::ROLE_LABEL: names::role::WORKSPACE
                },
                "annotations": {
                    names::STEP_ANNOTATION: step, names::RESET_ANNOTATION: "0", names::REPLACES_ANNOTATION: ""
                }
            },
            "spec": {
                "nodeName": "node-1",
                "securityContext": {"runAsUser": 1000},
                "initContainers": [{"name": "agent", "image": "localhost:5000/agent@sha256:0"}],
                "containers": [
                    {"name": "injected", "image": "localhost:5000/sidecar:1"},
                    {"name": "workspace", "image": image("g1", seed)}
                ]
            },
            "status": {
                "phase": "Running",
                "observedGeneration": 1,
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [{
                    "name": "workspace", "image": "", "imageID": image("g1", seed), "containerID": "c1",
                    "ready": true, "restartCount": 0, "state": {"running": {}}
                }]
            }
        });
        Self(pod)
    }

    /// A pod that has no container yet.
    pub fn fresh(step: &str, seed: u8) -> Self {
        let mut pod = Self::running(step, seed);
        pod.0["status"] = json!({"phase": "Pending"});
        pod
    }

    /// Replaces the value at this path.
    pub fn set(mut self, path: &str, value: Value) -> Self {
        *self.0.pointer_mut(path).unwrap_or_else(|| panic!("no {path} in the fixture")) = value;
        self
    }

    fn annotate(mut self, key: &str, value: &str) -> Self {
        self.0["metadata"]["annotations"][key] = json!(value);
        self
    }

    /// Image of the spec.
    pub fn image(self, tag: &str, seed: u8) -> Self {
        self.set("/spec/containers/1/image", json!(image(tag, seed)))
    }

    /// Generation of the spec.
    pub fn generation(self, generation: i64) -> Self {
        self.set("/metadata/generation", json!(generation))
    }

    /// Generation that kubelet has seen.
    pub fn observed(mut self, generation: i64) -> Self {
        self.0["status"]["observedGeneration"] = json!(generation);
        self
    }

    /// The step that was asked for last.
    pub fn asked(self, step: &str, reset: i64) -> Self {
        self.annotate(names::STEP_ANNOTATION, step).annotate(names::RESET_ANNOTATION, &reset.to_string())
    }

    /// Container that the last move replaces.
    pub fn replaces(self, container: &str) -> Self {
        self.annotate(names::REPLACES_ANNOTATION, container)
    }

    /// The container now or last.
    pub fn container(self, id: &str, seed: u8) -> Self {
        self.set("/status/containerStatuses/0/containerID", json!(id))
            .set("/status/containerStatuses/0/imageID", json!(image("g1", seed)))
    }

    /// State of the container.
    pub fn state(self, state: Value) -> Self {
        self.set("/status/containerStatuses/0/state", state)
    }

    /// The container waits, for this reason.
    pub fn waiting(self, reason: &str, message: &str) -> Self {
        self.state(json!({"waiting": {"reason": reason, "message": message}}))
    }

    /// How the container before ended.
    pub fn ended(mut self, exit_code: i32, reason: &str) -> Self {
        self.0["status"]["containerStatuses"][0]["lastState"] =
            json!({"terminated": {"exitCode": exit_code, "reason": reason}});
        self
    }

    /// Somebody took the annotations away.
    pub fn without_annotations(self) -> Self {
        self.set("/metadata/annotations", json!({}))
    }

    /// Deletion was asked for.
    pub fn deleting(mut self) -> Self {
        self.0["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        self
    }

    /// The pod ended.
    pub fn finished(mut self, phase: &str, reason: Option<&str>) -> Self {
        self.0["status"]["phase"] = json!(phase);
        self.0["status"]["reason"] = json!(reason);
        self
    }

    /// No node takes it.
    pub fn unscheduled(mut self, message: &str) -> Self {
        self.0["spec"]["nodeName"] = Value::Null;
        self.0["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]);
        self
    }

    /// Root in a user namespace.
    pub fn root(mut self) -> Self {
        self.0["spec"]["hostUsers"] = json!(false);
        self.0["spec"]["securityContext"]["runAsUser"] = json!(0);
        self
    }

    /// In this namespace, as the API server shows it.
    pub fn within(mut self, namespace: &str) -> Self {
        self.0["metadata"]["namespace"] = json!(namespace);
        self
    }

    /// The object.
    pub fn build(self) -> Pod {
        serde_json::from_value(self.0).unwrap()
    }
}

/// A pull pod of this image on node-1, 20 seconds old at [`super::fixture::now`].
pub fn pull_pod(seed: u8, status: Value) -> Pod {
    let digest = digest(seed);
    serde_json::from_value(json!({
        "metadata": {
            "name": crate::children::pull_pod::pull_name("node-1", &digest),
            "namespace": "workshop-system", "uid": format!("pull-{seed}"),
            "creationTimestamp": (super::fixture::now() - jiff::SignedDuration::from_secs(20)).to_string(),
            "annotations": {names::DIGEST_ANNOTATION: digest.to_string()}
        },
        "spec": {
            "nodeName": "node-1",
            "initContainers": [{"name": "agent", "image": "localhost:5000/agent@sha256:0"}],
            "containers": [{"name": "image", "image": format!("localhost:5000/w@{digest}")}]
        },
        "status": status
    }))
    .unwrap()
}
