//! Reads what an instance points at: from the stores that the watches fill, live only where a
//! decision needs more.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::names;
use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use k8s_openapi::api::core::v1::{Namespace, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Api, ResourceExt};

use super::seen::PodSeen;
use crate::children::{ENFORCED_LEVEL_LABEL, Owner};
use crate::context::Context;
use crate::error::Error;
use crate::stores::Seals;

/// Everything that `check` and `plan` decide from.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The instance.
    pub instance: Arc<WorkspaceInstance>,
    /// Names of its workspace.
    pub owner: Owner,
    /// The template, if it exists.
    pub template: Option<Arc<WorkspaceTemplate>>,
    /// Its content hash.
    pub revision: Option<String>,
    /// Labels of the class namespace, where the template restricts classes.
    pub class_labels: Option<BTreeMap<String, String>>,
    /// The workspace namespace.
    pub namespace: Option<NamespaceSeen>,
    /// What was applied of each child.
    pub seals: Seals,
    /// The workspace pod.
    pub pod: Option<PodSeen>,
    /// Whether any node can run a pod in a user namespace.
    pub user_namespaces: bool,
    /// Now.
    pub now: jiff::Timestamp,
}

impl Gathered {
    /// The workspace pod, for events.
    #[must_use]
    pub fn pod_reference(&self) -> Option<ObjectReference> {
        self.pod.as_ref().map(|pod| ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("Pod".to_owned()),
            namespace: Some(self.owner.namespace.clone()),
            name: Some(names::WORKSPACE.to_owned()),
            uid: Some(pod.uid.clone()),
            ..ObjectReference::default()
        })
    }
}

/// A namespace of the workspace's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceSeen {
    /// Uid.
    pub uid: String,
    /// Whether it is this instance's, by its uid label.
    pub ours: bool,
    /// Deletion was asked for.
    pub deleting: bool,
    /// Its Pod Security level.
    pub level: Option<String>,
}

impl NamespaceSeen {
    /// Reads a namespace for the instance of this uid.
    #[must_use]
    pub fn of(meta: &ObjectMeta, instance_uid: &str) -> Self {
        let label = |key: &str| meta.labels.as_ref().and_then(|labels| labels.get(key));
        Self {
            uid: meta.uid.clone().unwrap_or_default(),
            ours: label(names::INSTANCE_UID_LABEL).is_some_and(|uid| uid == instance_uid),
            deleting: meta.deletion_timestamp.is_some(),
            level: label(ENFORCED_LEVEL_LABEL).cloned(),
        }
    }
}

/// Reads; nothing when the instance is gone or not an object of an API server.
///
/// # Errors
/// When the class namespace had to be read live and could not be.
pub async fn gather(instance: Arc<WorkspaceInstance>, context: &Context) -> Result<Option<Gathered>, Error> {
    let (Some(class), Some(uid)) = (instance.namespace(), instance.uid()) else { return Ok(None) };
    let name = instance.name_any();
    let namespace_name = names::workspace_namespace(&class, &name);
    let owner = Owner { class, name, uid, namespace: namespace_name };
    let stores = &context.stores;
    let template = stores.template(&instance.spec.template_ref.name);
    let restricts = template.as_ref().is_some_and(|template| template.spec.allowed_classes.is_some());
    // An instance that goes is asked nothing any more.
    let asks = restricts && instance.metadata.deletion_timestamp.is_none();
    let class_labels = if asks { Some(class_labels(&owner.class, context).await?) } else { None };
    // A store that shows a pod of an earlier instance of this name shows none of ours.
    let pod = stores
        .workspace_pod(&owner.namespace)
        .filter(|pod| pod.labels().get(names::INSTANCE_UID_LABEL) == Some(&owner.uid))
        .map(|pod| PodSeen::of(&pod));
    Ok(Some(Gathered {
        revision: template.as_ref().map(|template| context.revisions.of(template)),
        namespace: stores
            .namespace(&owner.namespace)
            .map(|meta| NamespaceSeen::of(&meta.metadata, &owner.uid)),
        seals: stores.seals(&owner.namespace),
        user_namespaces: stores.user_namespaces(),
        now: jiff::Timestamp::now(),
        instance,
        owner,
        template,
        class_labels,
        pod,
    }))
}

async fn class_labels(class: &str, context: &Context) -> Result<BTreeMap<String, String>, Error> {
    let namespaces: Api<Namespace> = Api::all(context.client.clone());
    let namespace = namespaces
        .get_metadata(class)
        .await
        .map_err(|e| Error::api("read", format!("namespace {class}"), e))?;
    Ok(namespace.metadata.labels.unwrap_or_default())
}
