//! Takes workspaces away, whoever else is still there to do it.

use std::time::Duration;

use api::names;
use api::v1::WorkspaceInstance;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::inventory::{self, Instance, Inventory, Workspace, count};
use crate::context::Context;
use crate::error::Error;
use crate::program;
use crate::progress::Progress;

/// How often the cluster is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Most causes that are told.
const TOLD: usize = 10;

/// Deletes every instance and every workspace namespace, and waits until they are gone. Answers how many
/// instances it deleted.
///
/// # Errors
/// Exit 5 with what holds the rest, once `limit` has passed; what the API server refused.
pub async fn drain(context: &Context, limit: Instant) -> Result<usize, Error> {
    let mut progress = Progress::begin();
    let mut deleted = 0;
    loop {
        let found = Inventory::take(context).await?;
        if found.instances.is_empty() && found.namespaces.is_empty() {
            return Ok(deleted);
        }
        progress.say(&said(&found));
        if Instant::now() >= limit {
            return Err(late("the workspaces are not all gone", what_holds(&found)));
        }
        for instance in found.instances.iter().filter(|instance| !instance.deleting) {
            delete_instance(context, instance).await?;
            deleted += 1;
        }
        let instead = !found.operator_acts();
        for namespace in found.namespaces.iter().filter(|namespace| !namespace.deleting) {
            // An operator that runs deletes those of instances itself, a minute later those of none.
            if instead || found.orphans().any(|orphan| orphan.uid == namespace.uid) {
                delete_namespace(context, namespace).await?;
            }
        }
        if instead {
            let is_gone =
                |instance: &&Instance| !found.namespaces.iter().any(|one| one.instance == instance.uid);
            for instance in found.instances.iter().filter(|one| one.deleting).filter(is_gone) {
                let_go(context, instance).await?;
            }
        }
        sleep(LOOK).await;
    }
}

/// Deletes the definitions of both kinds, and waits until they are gone.
///
/// # Errors
/// As [`drain`].
pub async fn definitions(context: &Context, limit: Instant) -> Result<(), Error> {
    let api: Api<CustomResourceDefinition> = Api::all(context.client.clone());
    let mut progress = Progress::begin();
    for name in inventory::definitions(context).await? {
        let params = DeleteParams::default();
        let deleted = context.call(format!("delete definition {name}"), api.delete(&name, &params));
        unless_gone(deleted.await.map(|_| ()))?;
    }
    loop {
        let left = inventory::definitions(context).await?;
        if left.is_empty() {
            return Ok(());
        }
        progress.say(&format!("waiting for the end of {}", left.join(", ")));
        if Instant::now() >= limit {
            return Err(late("the definitions are not gone", left));
        }
        sleep(LOOK).await;
    }
}

async fn delete_instance(context: &Context, instance: &Instance) -> Result<(), Error> {
    let api = instances(context, instance);
    let params = of(&instance.uid);
    let deleted = context.call(format!("delete {instance}"), api.delete(&instance.name, &params));
    unless_gone(deleted.await.map(|_| ()))
}

async fn delete_namespace(context: &Context, namespace: &Workspace) -> Result<(), Error> {
    let api: Api<Namespace> = Api::all(context.client.clone());
    let what = format!("delete namespace {}", namespace.name);
    unless_gone(context.call(what, api.delete(&namespace.name, &of(&namespace.uid))).await.map(|_| ()))
}

/// Takes the operator's finalizer off an instance whose workspace namespace is gone, and no other.
async fn let_go(context: &Context, instance: &Instance) -> Result<(), Error> {
    let left: Vec<_> = instance.finalizers.iter().filter(|one| *one != names::FINALIZER).collect();
    if left.len() == instance.finalizers.len() {
        return Ok(());
    }
    let patch = json!({"metadata": {"resourceVersion": instance.version, "finalizers": left}});
    let api = instances(context, instance);
    let (params, patch) = (PatchParams::default(), Patch::Merge(patch));
    let what = format!("take the finalizer off {instance}");
    unless_gone(context.call(what, api.patch_metadata(&instance.name, &params, &patch)).await.map(|_| ()))
}

fn instances(context: &Context, instance: &Instance) -> Api<WorkspaceInstance> {
    Api::namespaced(context.client.clone(), &instance.class)
}

/// Exactly the object that was seen.
fn of(uid: &str) -> DeleteParams {
    DeleteParams {
        preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
        ..DeleteParams::default()
    }
}

/// Gone already, or another by now: the next look tells.
fn unless_gone(done: Result<(), Error>) -> Result<(), Error> {
    match done {
        Err(Error::Api { source, .. }) if matches!(source.as_ref(), kube::Error::Api(status) if [404, 409].contains(&status.code)) => {
            Ok(())
        }
        other => other,
    }
}

fn said(found: &Inventory) -> String {
    let who = if found.operator_acts() { "the operator" } else { "no operator runs, so this command" };
    format!(
        "{} and {} left; {who} takes them away",
        count(found.instances.len(), "instance"),
        count(found.namespaces.len(), "workspace namespace")
    )
}

/// A line for each object that is still there, with what holds it.
fn what_holds(found: &Inventory) -> Vec<String> {
    let namespaces = found.namespaces.iter().map(|namespace| {
        let why = if namespace.holds.is_empty() {
            "is being deleted and does not say what it waits for".to_owned()
        } else {
            namespace.holds.join("; ")
        };
        format!("namespace {}: {why}", namespace.name)
    });
    let instances = found.instances.iter().map(|instance| {
        let others: Vec<_> =
            instance.finalizers.iter().map(String::as_str).filter(|one| *one != names::FINALIZER).collect();
        if others.is_empty() {
            format!("{instance}: waits for its workspace namespace")
        } else {
            format!("{instance}: held by the finalizer {}, which is not the platform's", others.join(", "))
        }
    });
    namespaces.chain(instances).collect()
}

fn late(what: &str, mut holds: Vec<String>) -> Error {
    let more = holds.len().saturating_sub(TOLD);
    holds.truncate(TOLD);
    if more > 0 {
        holds.push(format!("and {more} more"));
    }
    Error::Blocked {
        what: what.to_owned(),
        why: holds.join("\n"),
        todo: format!("remove what holds them, then go on with: {} uninstall", program::name()),
    }
}
