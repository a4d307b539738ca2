//! Workspace namespaces whose instance is gone without having waited for them.
//!
//! The finalizer holds an instance until its namespace is gone (D7), with two gaps. Somebody may strip it
//! by hand. And a deletion that is under way while the finalizer is written ends the instance all the same:
//! the API server decides on the object that it read, and its second try does not ask for finalizers again.

use std::sync::Arc;
use std::time::Duration;

use api::names;
use api::v1::WorkspaceInstance;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};

use crate::calls::call;
use crate::context::Context;
use crate::error::Error;
use crate::instance::between;
use crate::stores::Stores;

/// A namespace this young may be of an instance that the store does not show yet.
const YOUNG: Duration = Duration::from_secs(10);

/// Takes the workspace of every instance that is gone away.
///
/// # Errors
/// The first refusal; the next sweep tries again.
pub async fn take_away(context: &Context, now: jiff::Timestamp) -> Result<(), Error> {
    for namespace in suspects(&context.stores, now) {
        if is_orphan(context, &namespace).await? {
            let (name, uid) = (namespace.name_any(), namespace.uid().unwrap_or_default());
            tracing::info!(namespace = name, "the instance of a workspace is gone; the workspace goes too");
            context.writes.delete_namespace(&name, &uid).await?;
        }
    }
    Ok(())
}

/// Namespaces of ours for which the store shows no instance.
fn suspects(stores: &Stores, now: jiff::Timestamp) -> Vec<Arc<PartialObjectMeta<Namespace>>> {
    let is_old = |namespace: &PartialObjectMeta<Namespace>| {
        let made = namespace.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0);
        between(made, now) >= YOUNG
    };
    let has_instance = |namespace: &PartialObjectMeta<Namespace>| {
        instance(namespace)
            .and_then(|(class, name, _)| stores.instances.get(&ObjectRef::new(name).within(class)))
            .is_some_and(|found| found.uid().as_deref() == instance(namespace).map(|(_, _, uid)| uid))
    };
    let all = stores.namespaces.state().into_iter();
    all.filter(|namespace| namespace.metadata.deletion_timestamp.is_none())
        .filter(|namespace| is_old(namespace) && !has_instance(namespace))
        .collect()
}

/// Asks the API server: the store may be behind. A namespace that does not say whose it is is left alone.
async fn is_orphan(context: &Context, namespace: &PartialObjectMeta<Namespace>) -> Result<bool, Error> {
    let Some((class, name, uid)) = instance(namespace) else { return Ok(false) };
    let instances: Api<WorkspaceInstance> = Api::namespaced(context.client.clone(), class);
    let found = instances.get_metadata_opt(name);
    let found = call("read", || format!("workspaceinstance {class}/{name}"), found).await?;
    Ok(found.is_none_or(|found| found.metadata.uid.as_deref() != Some(uid)))
}

/// Class, name and uid of the instance that a namespace is for, by its labels.
fn instance(namespace: &PartialObjectMeta<Namespace>) -> Option<(&str, &str, &str)> {
    let label = |key| namespace.labels().get(key).map(String::as_str);
    Some((label(names::CLASS_LABEL)?, label(names::INSTANCE_LABEL)?, label(names::INSTANCE_UID_LABEL)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::instance::tests::fixture::{Fixture, now};
    use crate::instance::tests::stores::{Play, shown};

    const QUESTION: &str = "GET /apis/workshop.platform/v1/namespaces/monday/workspaceinstances/ana";

    /// An operator that sees the namespace of `ana`, twenty seconds old, but no instance.
    fn alone() -> Play {
        let mut play = together();
        Arc::get_mut(&mut play.context).unwrap().stores.instances = shown(Vec::new());
        play
    }

    /// One that sees both.
    fn together() -> Play {
        let mut play = Play::of(&Fixture::new());
        let context = Arc::get_mut(&mut play.context).unwrap();
        let mut namespace = context.stores.namespaces.state().pop().unwrap().as_ref().clone();
        let made = now() - jiff::SignedDuration::from_secs(20);
        namespace.metadata.creation_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(made));
        context.stores.namespaces = shown(vec![namespace]);
        play
    }

    fn answer(play: &Play, uid: &str) {
        let meta = json!({"name": "ana", "namespace": "monday", "uid": uid});
        let kind = "PartialObjectMetadata";
        play.server.answer(
            QUESTION,
            200,
            json!({"apiVersion": "meta.k8s.io/v1", "kind": kind, "metadata": meta}),
        );
    }

    async fn calls(play: &Play, now: jiff::Timestamp) -> Vec<String> {
        take_away(&play.context, now).await.unwrap();
        play.server.log()
    }

    #[tokio::test]
    async fn a_workspace_whose_instance_is_gone_goes() {
        let play = alone();
        let namespace = play.context.stores.namespaces.state().pop().unwrap();
        let delete = format!("DELETE /api/v1/namespaces/{}", namespace.name_any());
        assert_eq!(calls(&play, now()).await, [QUESTION, &delete]);
        // Another instance of the same name is not its own.
        answer(&play, "another");
        take_away(&play.context, now()).await.unwrap();
        let last = play.server.calls().pop().unwrap();
        assert_eq!(last.what, delete);
        assert_eq!(last.body["preconditions"]["uid"], json!(namespace.uid()), "{:?}", last.body);
    }

    #[tokio::test]
    async fn a_store_that_is_behind_takes_nothing_away() {
        let play = alone();
        let namespace = play.context.stores.namespaces.state().pop().unwrap();
        answer(&play, &namespace.labels()[names::INSTANCE_UID_LABEL]);
        assert_eq!(calls(&play, now()).await, [QUESTION]);
        let young = now() - jiff::SignedDuration::from_secs(15);
        assert!(calls(&play, young).await.is_empty());
    }

    #[tokio::test]
    async fn a_workspace_with_its_instance_costs_no_call() {
        assert!(calls(&together(), now()).await.is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_no_reason() {
        let play = alone();
        play.server.refuse(QUESTION, 500, "InternalError", "etcd is away");
        assert!(take_away(&play.context, now()).await.is_err());
        assert_eq!(play.server.log(), [QUESTION]);
    }
}
