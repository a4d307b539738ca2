//! What is set up for the arms, and taken away again.

use std::collections::BTreeMap;

use api::names;
use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{Namespace, Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use crate::error::BenchError;
use crate::images::StepImage;
use crate::sight::Sight;

/// Template of the bench.
pub const TEMPLATE: &str = "bench-transition";
/// Class of our arm.
pub const CLASS: &str = "bench-ours";
/// Label by which an arm's pods are told apart.
pub const SUBJECT_LABEL: &str = "bench";

/// Takes away whatever an earlier run left.
///
/// # Errors
/// When the API server refuses.
pub async fn clear(client: &Client) -> Result<(), BenchError> {
    let instances: Api<WorkspaceInstance> = Api::namespaced(client.clone(), CLASS);
    instances.delete_collection(&DeleteParams::default(), &kube::api::ListParams::default()).await?;
    while !instances.list_metadata(&kube::api::ListParams::default()).await?.items.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for name in [CLASS, "bench-raw", "bench-recreate", "bench-rolling"] {
        if namespaces.get_metadata_opt(name).await?.is_some() {
            namespaces.delete(name, &DeleteParams::default()).await?;
        }
        while namespaces.get_metadata_opt(name).await?.is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
    let templates: Api<WorkspaceTemplate> = Api::all(client.clone());
    match templates.delete(TEMPLATE, &DeleteParams::default()).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes a namespace that lets the bare pods of the bench in.
///
/// # Errors
/// When the API server refuses.
pub async fn namespace(client: &Client, name: &str) -> Result<(), BenchError> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = Namespace {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        ..Namespace::default()
    };
    match namespaces.create(&PostParams::default(), &namespace).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Loads the template. Limits are small, so that forty pods fit on the node beside each other.
///
/// # Errors
/// When the API server refuses.
pub async fn template(client: &Client, steps: &[StepImage]) -> Result<(), BenchError> {
    let steps: Vec<_> = steps
        .iter()
        .map(|step| {
            json!({"id": step.id, "title": step.id, "image": {
                "reference": step.reference.to_string(), "digest": step.digest.to_string()
            }})
        })
        .collect();
    let template = json!({
        "apiVersion": "workshop.platform/v1", "kind": "WorkspaceTemplate", "metadata": {"name": TEMPLATE},
        "spec": {"steps": steps, "defaults": {"resources": {"cpu": "200m", "memory": "64Mi"}}}
    });
    create(&Api::<WorkspaceTemplate>::all(client.clone()), template).await
}

/// Makes an instance and waits until it is ready; answers its workspace namespace.
///
/// # Errors
/// When it does not get ready.
pub async fn instance(client: &Client, sight: &Sight, name: &str) -> Result<String, BenchError> {
    let instance = json!({
        "apiVersion": "workshop.platform/v1", "kind": "WorkspaceInstance",
        "metadata": {"name": name, "namespace": CLASS},
        "spec": {"templateRef": {"name": TEMPLATE}, "owner": name}
    });
    create(&Api::<WorkspaceInstance>::namespaced(client.clone(), CLASS), instance).await?;
    let wanted = name.to_owned();
    sight
        .until(&format!("instance {name}"), || {
            let seen = sight.instances.find(|i| i.name_any() == wanted).ok_or("nothing")?;
            let status = seen.status.as_ref().ok_or("no status")?;
            let ready = api::conditions::is_true(&status.conditions, api::conditions::condition_type::READY);
            if ready { Ok(()) } else { Err(format!("{:?}", status.conditions.first())) }
        })
        .await?;
    Ok(names::workspace_namespace(CLASS, name))
}

/// The pod that the operator made, as a template for the other arms: same images, same agent, same
/// limits; only what names its owner is left out.
///
/// # Errors
/// When there is no such pod.
pub fn pattern(sight: &Sight, namespace: &str) -> Result<PodTemplateSpec, BenchError> {
    let incomplete = |field| BenchError::Incomplete { what: format!("pod {namespace}/workspace"), field };
    let found = sight.pods.find(|pod| pod.namespace().as_deref() == Some(namespace));
    let pod = found.ok_or_else(|| incomplete("everything: it does not exist"))?;
    let mut spec = pod.spec.clone().ok_or_else(|| incomplete("spec"))?;
    spec.node_name = None;
    spec.service_account = None;
    spec.service_account_name = None;
    spec.tolerations = None;
    spec.priority = None;
    Ok(PodTemplateSpec {
        metadata: Some(ObjectMeta { annotations: pod.metadata.annotations.clone(), ..ObjectMeta::default() }),
        spec: Some(spec),
    })
}

/// A bare pod of this pattern.
///
/// # Errors
/// When the API server refuses.
pub async fn pod(
    client: &Client,
    pattern: &PodTemplateSpec,
    namespace: &str,
    name: &str,
) -> Result<(), BenchError> {
    let mut metadata = pattern.metadata.clone().unwrap_or_default();
    metadata.name = Some(name.to_owned());
    metadata.labels = Some(labels(name));
    let pod = Pod { metadata, spec: pattern.spec.clone(), status: None };
    Api::<Pod>::namespaced(client.clone(), namespace).create(&PostParams::default(), &pod).await?;
    Ok(())
}

/// A Deployment of this pattern; `rolling` keeps the old pod until the new one is ready.
///
/// # Errors
/// When the API server refuses.
pub async fn deployment(
    client: &Client,
    pattern: &PodTemplateSpec,
    namespace: &str,
    name: &str,
    rolling: bool,
) -> Result<(), BenchError> {
    let mut template = pattern.clone();
    template.metadata.get_or_insert_default().labels = Some(labels(name));
    let strategy = if rolling {
        DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            rolling_update: Some(RollingUpdateDeployment {
                max_surge: Some(IntOrString::Int(1)),
                max_unavailable: Some(IntOrString::Int(0)),
            }),
        }
    } else {
        DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }
    };
    let deployment = Deployment {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        spec: Some(DeploymentSpec {
            replicas: Some(1),
            revision_history_limit: Some(1),
            selector: LabelSelector { match_labels: Some(labels(name)), ..LabelSelector::default() },
            strategy: Some(strategy),
            template,
            ..DeploymentSpec::default()
        }),
        status: None,
    };
    Api::<Deployment>::namespaced(client.clone(), namespace)
        .create(&PostParams::default(), &deployment)
        .await?;
    Ok(())
}

fn labels(name: &str) -> BTreeMap<String, String> {
    [(SUBJECT_LABEL.to_owned(), name.to_owned())].into()
}

async fn create<K>(api: &Api<K>, object: serde_json::Value) -> Result<(), BenchError>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + serde::Serialize,
{
    let object: K = serde_json::from_value(object).map_err(|_| BenchError::Incomplete {
        what: "an object of the bench".to_owned(),
        field: "a valid form",
    })?;
    api.create(&PostParams::default(), &object).await?;
    Ok(())
}
