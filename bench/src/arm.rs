//! The four ways to change a step, each as one request and what has to be seen after it.

use std::sync::Arc;
use std::time::Instant;

use api::names;
use api::v1::WorkspaceInstance;
use json_patch::jsonptr::PointerBuf;
use json_patch::{PatchOperation, ReplaceOperation, TestOperation};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::core::v1::PodTemplateSpec;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde::Serialize;
use serde_json::json;

use crate::error::BenchError;
use crate::images::StepImage;
use crate::sight::{Sight, usable};
use crate::stage;

/// One way to change a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// The operator answers a change of `spec.currentStep`.
    Ours,
    /// The bench patches the pod's image itself: the floor.
    RawPatch,
    /// A Deployment that takes the old pod away first.
    Recreate,
    /// A Deployment that keeps the old pod until the new one is ready.
    RollingUpdate,
}

/// All arms, in the order of their turns.
pub const ARMS: [Arm; 4] = [Arm::Ours, Arm::RawPatch, Arm::Recreate, Arm::RollingUpdate];

/// One workspace of an arm.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its way.
    pub arm: Arm,
    /// Name of instance, pod or Deployment.
    pub name: String,
    /// Namespace of its pod.
    pub namespace: String,
}

/// Times of one change, in seconds from the request.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    /// The agent of the new step answered.
    pub usable: f64,
    /// A ready pod of the new step was seen by watch.
    pub ready: f64,
    /// The instance's status said so; ours only.
    pub status: Option<f64>,
}

impl Arm {
    /// For tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::RawPatch => "raw pod patch",
            Self::Recreate => "Deployment, Recreate",
            Self::RollingUpdate => "Deployment, RollingUpdate",
        }
    }

    /// Namespace of the requests of this arm.
    pub fn home(self) -> &'static str {
        match self {
            Self::Ours => stage::CLASS,
            Self::RawPatch => "bench-raw",
            Self::Recreate => "bench-recreate",
            Self::RollingUpdate => "bench-rolling",
        }
    }

    /// Sets one workspace of this arm up, on the pattern's step.
    ///
    /// # Errors
    /// When it does not get ready.
    pub async fn set_up(
        self,
        client: &Client,
        sight: &Sight,
        pattern: &PodTemplateSpec,
        name: &str,
    ) -> Result<Subject, BenchError> {
        let home = self.home();
        let namespace = match self {
            Self::Ours => stage::instance(client, sight, name).await?,
            Self::RawPatch => {
                stage::pod(client, pattern, home, name).await?;
                home.to_owned()
            }
            Self::Recreate | Self::RollingUpdate => {
                stage::deployment(client, pattern, home, name, self == Self::RollingUpdate).await?;
                home.to_owned()
            }
        };
        let subject = Subject { arm: self, name: name.to_owned(), namespace };
        sight.until(&format!("{} {name}", self.title()), || subject.ready(sight, None, "")).await?;
        Ok(subject)
    }
}

impl Subject {
    /// The newest pod that is not going.
    pub fn pod(&self, sight: &Sight) -> Option<Arc<Pod>> {
        self.pods(sight)
            .into_iter()
            .max_by_key(|pod| pod.metadata.creation_timestamp.clone().map(|time| time.0))
    }

    fn pods(&self, sight: &Sight) -> Vec<Arc<Pod>> {
        sight.pods.state_filter(|pod| self.is_mine(pod) && pod.metadata.deletion_timestamp.is_none())
    }

    /// Whether there is one pod, and none that is going.
    ///
    /// # Errors
    /// How many there are.
    pub fn is_alone(&self, sight: &Sight) -> Result<(), String> {
        let all = sight.pods.state_filter(|pod| self.is_mine(pod)).len();
        if all == 1 { Ok(()) } else { Err(format!("{all} pods of {} {}", self.arm.title(), self.name)) }
    }

    /// Whether no pod is left.
    ///
    /// # Errors
    /// How many there are.
    pub fn is_gone(&self, sight: &Sight) -> Result<(), String> {
        let all = sight.pods.state_filter(|pod| self.is_mine(pod)).len();
        if all == 0 { Ok(()) } else { Err(format!("{all} pods of {} {}", self.arm.title(), self.name)) }
    }

    /// Takes the workspace away.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn retire(&self, client: &Client) -> Result<(), BenchError> {
        let (home, deleted) = (self.arm.home(), DeleteParams::background());
        match self.arm {
            Arm::Ours => {
                Api::<WorkspaceInstance>::namespaced(client.clone(), home)
                    .delete(&self.name, &deleted)
                    .await?;
            }
            Arm::RawPatch => {
                Api::<Pod>::namespaced(client.clone(), home).delete(&self.name, &deleted).await?;
            }
            Arm::Recreate | Arm::RollingUpdate => {
                Api::<Deployment>::namespaced(client.clone(), home).delete(&self.name, &deleted).await?;
            }
        }
        Ok(())
    }

    fn is_mine(&self, pod: &Pod) -> bool {
        let named = self.arm == Arm::Ours || pod.labels().get(stage::SUBJECT_LABEL) == Some(&self.name);
        named && pod.namespace().as_deref() == Some(&self.namespace)
    }

    /// Whether a pod of `step` is ready whose container is another than `replaces`.
    fn ready(&self, sight: &Sight, step: Option<&str>, replaces: &str) -> Result<(), String> {
        let fits = |pod: &Arc<Pod>| {
            let annotated = pod.annotations().get(names::STEP_ANNOTATION).map(String::as_str);
            step.is_none_or(|step| annotated == Some(step)) && container(pod) != replaces && is_ready(pod)
        };
        let pods = self.pods(sight);
        if pods.iter().any(fits) {
            Ok(())
        } else {
            Err(format!("{} pods, none ready on {step:?}", pods.len()))
        }
    }

    /// Changes the step and measures.
    ///
    /// # Errors
    /// When the request is refused, or the step does not come.
    pub async fn change(
        &self,
        client: &Client,
        sight: &Sight,
        http: &reqwest::Client,
        step: &StepImage,
        nonce: &str,
    ) -> Result<Change, BenchError> {
        let missing =
            || BenchError::Incomplete { what: format!("{} {}", self.arm.title(), self.name), field: "a pod" };
        let pod = self.pod(sight).ok_or_else(missing)?;
        let replaces = container(&pod);
        let addresses = || {
            let pods = self.pods(sight);
            pods.iter().filter_map(|pod| pod.status.as_ref()?.pod_ip.clone()).collect()
        };
        let began = Instant::now();
        let request = self.request(client, &pod, step, nonce);
        let answered = usable(http, &step.id, addresses);
        let ready = sight.until("a ready pod", || self.ready(sight, Some(&step.id), &replaces));
        let status = self.status(sight, step);
        let ((), usable_at, ((), ready_at), status_at) = tokio::try_join!(request, answered, ready, status)?;
        let seconds = |at: Instant| at.duration_since(began).as_secs_f64();
        Ok(Change { usable: seconds(usable_at), ready: seconds(ready_at), status: status_at.map(seconds) })
    }

    async fn request(
        &self,
        client: &Client,
        pod: &Pod,
        step: &StepImage,
        nonce: &str,
    ) -> Result<(), BenchError> {
        let merge = PatchParams::default();
        match self.arm {
            Arm::Ours => {
                let instances: Api<WorkspaceInstance> = Api::namespaced(client.clone(), self.arm.home());
                let patch = json!({"spec": {"currentStep": step.id}});
                instances.patch_metadata(&self.name, &merge, &Patch::Merge(patch)).await?;
            }
            Arm::RawPatch => {
                let pods: Api<Pod> = Api::namespaced(client.clone(), self.arm.home());
                let patch = Patch::Json::<()>(raw(pod, step, nonce));
                pods.patch_metadata(&self.name, &merge, &patch).await?;
            }
            Arm::Recreate | Arm::RollingUpdate => {
                let deployments: Api<Deployment> = Api::namespaced(client.clone(), self.arm.home());
                let container = json!({"name": names::WORKSPACE_CONTAINER, "image": step.pinned(nonce)});
                let patch = json!({"spec": {"template": {
                    "metadata": {"annotations": {names::STEP_ANNOTATION: step.id}},
                    "spec": {"containers": [container]}
                }}});
                deployments.patch_metadata(&self.name, &merge, &Patch::Strategic(patch)).await?;
            }
        }
        Ok(())
    }

    async fn status(&self, sight: &Sight, step: &StepImage) -> Result<Option<Instant>, BenchError> {
        if self.arm != Arm::Ours {
            return Ok(None);
        }
        let seen = sight.until("the instance's status", || {
            let instance = sight.instances.find(|i| i.name_any() == self.name).ok_or("no instance")?;
            let current = instance.status.as_ref().and_then(|status| status.current_step.clone());
            let there = current.as_ref().is_some_and(|current| current.id == step.id);
            if there { Ok(()) } else { Err(format!("{current:?}")) }
        });
        Ok(Some(seen.await?.1))
    }
}

/// The same patch that the operator sends.
fn raw(pod: &Pod, step: &StepImage, nonce: &str) -> json_patch::Patch {
    let image = PointerBuf::from_tokens(["spec", "containers", "0", "image"]);
    let old = pod.spec.as_ref().and_then(|spec| spec.containers.first()).and_then(|c| c.image.clone());
    let annotation = |key: &str, value: &str| {
        PatchOperation::Replace(ReplaceOperation {
            path: PointerBuf::from_tokens(["metadata", "annotations", key]),
            value: json!(value),
        })
    };
    json_patch::Patch(vec![
        PatchOperation::Test(TestOperation {
            path: PointerBuf::from_tokens(["metadata", "uid"]),
            value: json!(pod.metadata.uid),
        }),
        PatchOperation::Test(TestOperation { path: image.clone(), value: json!(old) }),
        PatchOperation::Replace(ReplaceOperation { path: image, value: json!(step.pinned(nonce)) }),
        annotation(names::STEP_ANNOTATION, &step.id),
        annotation(names::REPLACES_ANNOTATION, &container(pod)),
    ])
}

/// Id of the workspace container.
pub fn container(pod: &Pod) -> String {
    let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    statuses.into_iter().flatten().find_map(|c| c.container_id.clone()).unwrap_or_default()
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions.into_iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True");
    let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    let running =
        statuses.into_iter().flatten().all(|c| c.state.as_ref().is_some_and(|s| s.running.is_some()));
    ready && running
}
