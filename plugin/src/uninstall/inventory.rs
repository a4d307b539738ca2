//! What of the platform is in the cluster, read as metadata only: objects that this version cannot
//! read have to go as well.

use std::fmt;

use api::names;
use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::ListParams;
use kube::{Api, Resource};

use crate::context::Context;
use crate::error::Error;
use crate::operator;

/// Everything that is there.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Instances of every class.
    pub instances: Vec<Instance>,
    /// Namespaces of workspaces.
    pub namespaces: Vec<Workspace>,
    /// Names of the definitions of both kinds that are there.
    pub definitions: Vec<String>,
    /// How many templates there are.
    pub templates: usize,
    /// Deployments of the operator.
    pub operators: Vec<Deployment>,
}

/// An instance.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its class.
    pub class: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its version.
    pub version: String,
    /// Deletion was asked for.
    pub deleting: bool,
    /// What it waits for.
    pub finalizers: Vec<String>,
}

/// A namespace of a workspace.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Uid of the instance that it is for.
    pub instance: String,
    /// Deletion was asked for.
    pub deleting: bool,
    /// What the API server says about its end.
    pub holds: Vec<String>,
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instance {}/{}", self.class, self.name)
    }
}

impl Instance {
    fn of(meta: ObjectMeta) -> Self {
        Self {
            class: meta.namespace.unwrap_or_default(),
            name: meta.name.unwrap_or_default(),
            uid: meta.uid.unwrap_or_default(),
            version: meta.resource_version.unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            finalizers: meta.finalizers.unwrap_or_default(),
        }
    }
}

impl Workspace {
    fn of(namespace: Namespace) -> Self {
        let meta = namespace.metadata;
        let conditions = namespace.status.and_then(|status| status.conditions).unwrap_or_default();
        Self {
            name: meta.name.unwrap_or_default(),
            uid: meta.uid.unwrap_or_default(),
            instance: meta
                .labels
                .and_then(|mut labels| labels.remove(names::INSTANCE_UID_LABEL))
                .unwrap_or_default(),
            deleting: meta.deletion_timestamp.is_some(),
            holds: conditions
                .into_iter()
                .filter(|condition| condition.status == "True")
                .filter_map(|condition| condition.message)
                .collect(),
        }
    }
}

impl Inventory {
    /// Looks at the whole cluster. What is not installed counts as empty.
    ///
    /// # Errors
    /// What the API server refused, exit 7 where the caller may not look.
    pub async fn take(context: &Context) -> Result<Self, Error> {
        // The namespaces after the instances: one that is made in between is seen.
        let instances = all::<WorkspaceInstance>(context, "list instances").await?;
        let namespaces: Api<Namespace> = Api::all(context.client.clone());
        let ours = ListParams::default().labels(&format!(
            "{}={},{}={}",
            names::MANAGED_BY_LABEL,
            names::OPERATOR,
            names::ROLE_LABEL,
            names::role::WORKSPACE
        ));
        let namespaces = context.call("list namespaces of workspaces", namespaces.list(&ours)).await?;
        Ok(Self {
            instances: instances.into_iter().map(Instance::of).collect(),
            namespaces: namespaces.items.into_iter().map(Workspace::of).collect(),
            definitions: definitions(context).await?,
            templates: all::<WorkspaceTemplate>(context, "list templates").await?.len(),
            operators: operator::deployments(context).await?,
        })
    }

    /// Namespaces of workspaces whose instance is gone.
    pub fn orphans(&self) -> impl Iterator<Item = &Workspace> {
        self.namespaces
            .iter()
            .filter(|namespace| !self.instances.iter().any(|instance| instance.uid == namespace.instance))
    }

    /// Whether an operator runs that takes workspaces away by itself.
    #[must_use]
    pub fn operator_acts(&self) -> bool {
        let ready = |deployment: &Deployment| {
            deployment.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or_default()
        };
        self.operators.iter().any(|deployment| ready(deployment) > 0)
    }

    /// What a person should know before it goes; nothing where nothing is lost.
    #[must_use]
    pub fn at_stake(&self, definitions: bool) -> Option<String> {
        let classes: std::collections::BTreeSet<_> = self.instances.iter().map(|one| &one.class).collect();
        let mut parts = Vec::new();
        if !self.instances.is_empty() {
            parts.push(format!(
                "{} of {}",
                count(self.instances.len(), "workspace"),
                class_count(classes.len())
            ));
        }
        let orphans = self.orphans().count();
        if orphans > 0 {
            parts.push(format!("{} without an instance", count(orphans, "workspace namespace")));
        }
        if definitions && self.templates > 0 {
            parts.push(count(self.templates, "template"));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// A number with its noun.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn class_count(number: usize) -> String {
    if number == 1 { "1 class".to_owned() } else { format!("{number} classes") }
}

/// Names of our definitions that are there.
///
/// # Errors
/// What the API server refused.
pub async fn definitions(context: &Context) -> Result<Vec<String>, Error> {
    let api: Api<CustomResourceDefinition> = Api::all(context.client.clone());
    let mut found = Vec::new();
    for definition in api::crds::all() {
        let name = definition.metadata.name.unwrap_or_default();
        let there = context.call(format!("read definition {name}"), api.get_metadata_opt(&name)).await?;
        found.extend(there.map(|_| name));
    }
    Ok(found)
}

async fn all<K>(context: &Context, doing: &str) -> Result<Vec<ObjectMeta>, Error>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::all(context.client.clone());
    match context.call(doing, api.list_metadata(&ListParams::default())).await {
        Ok(list) => Ok(list.items.into_iter().map(|object| object.metadata).collect()),
        // The definition is gone, and every object of the kind with it.
        Err(Error::Api { source, .. }) if matches!(source.as_ref(), kube::Error::Api(status) if status.code == 404) => {
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}
