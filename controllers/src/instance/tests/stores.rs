//! Stores filled by hand, and an operator over them.

use std::sync::Arc;

use api::names;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use kube::Resource;
use kube::core::{ObjectMeta, PartialObjectMeta, PartialObjectMetaExt};
use kube::runtime::controller::Action;
use kube::runtime::reflector::{Lookup, Store, store};
use kube::runtime::watcher::Event;
use serde_json::json;

use super::fixture::Fixture;
use super::pod::pull_pod;
use super::server::Server;
use crate::context::Context;
use crate::error::Error;
use crate::instance::pulled::Pulled;
use crate::metrics::Metrics;
use crate::stores::Stores;

/// A store that has shown these objects.
pub fn shown<K>(objects: Vec<K>) -> Store<K>
where
    K: Lookup<DynamicType = ()> + Clone + 'static,
{
    let (reader, mut writer) = store();
    writer.apply_watcher_event(&Event::Init);
    for object in objects {
        writer.apply_watcher_event(&Event::InitApply(object));
    }
    writer.apply_watcher_event(&Event::InitDone);
    reader
}

/// What the watches show of a fixture. A pull is shown by its pod if it is held or on its way.
pub fn stores_of(fixture: &Fixture) -> Stores {
    let owner = fixture.owner();
    let children = fixture.seals.is_none().then(|| fixture.children()).flatten();
    let pulls: Vec<Pod> = fixture
        .pulls
        .iter()
        .map(|(seed, pulled)| match pulled {
            Pulled::Held => pull_pod(*seed, json!({"phase": "Succeeded"})),
            Pulled::Failed { .. } => pull_pod(*seed, json!({"phase": "Failed", "reason": "Evicted"})),
            Pulled::Pulling { .. } | Pulled::Going | Pulled::Unknown => {
                pull_pod(*seed, json!({"phase": "Pending"}))
            }
        })
        .collect();
    let namespace = fixture.namespace.as_ref().map(|seen| {
        let mut labels = owner.labels();
        labels.extend(seen.level.as_deref().map(crate::children::level_labels).into_iter().flatten());
        if !seen.ours {
            labels.insert(names::INSTANCE_UID_LABEL.to_owned(), "another".to_owned());
        }
        let since = seen.deleting.then(|| serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap());
        let metadata = ObjectMeta {
            name: Some(owner.namespace.clone()),
            uid: Some(seen.uid.clone()),
            labels: Some(labels),
            deletion_timestamp: since,
            ..ObjectMeta::default()
        };
        metadata.into_response_partial::<Namespace>()
    });
    let node: Node = serde_json::from_value(json!({
        "metadata": {"name": "node-1"},
        "status": {"runtimeHandlers": [{"name": "runc", "features": {"userNamespaces": fixture.user_namespaces}}]}
    }))
    .unwrap();
    Stores {
        instances: shown(vec![fixture.object()]),
        templates: shown(fixture.template_object().into_iter().collect()),
        pods: shown(fixture.pod_object().into_iter().collect()),
        pulls: shown(pulls),
        namespaces: shown(namespace.into_iter().collect()),
        nodes: shown(vec![node]),
        resource_quotas: child(children.as_ref().map(|all| &all.resource_quota)),
        limit_ranges: child(children.as_ref().map(|all| &all.limit_range)),
        network_policies: child(children.as_ref().map(|all| &all.network_policy)),
        service_accounts: child(children.as_ref().map(|all| &all.service_account)),
        role_bindings: shown(
            children
                .iter()
                .flat_map(|all| [&all.role_binding, &all.operator_binding])
                .map(|binding| binding.metadata.clone().into_response_partial())
                .collect(),
        ),
        shown: Arc::default(),
    }
}

fn child<K>(child: Option<&K>) -> Store<PartialObjectMeta<K>>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    shown(child.map(|child| child.meta().clone().into_response_partial::<K>()).into_iter().collect())
}

/// An operator over stores that stand still, and its API server.
pub struct Play {
    /// The API server.
    pub server: Server,
    /// What reconciles share.
    pub context: Arc<Context>,
}

impl Play {
    /// An operator that sees this fixture.
    pub fn of(fixture: &Fixture) -> Self {
        let server = Server::default();
        let (config, stores) = (fixture.config.clone(), stores_of(fixture));
        let metrics = Metrics::default();
        let context = Context::new(server.counted(&metrics), config, stores, metrics);
        Self { server, context: Arc::new(context) }
    }

    /// One reconcile of the instance.
    pub async fn reconcile(&self) -> Result<Action, Error> {
        let instance = self.context.stores.instances.state().pop().unwrap();
        crate::instance::reconcile(instance, self.context.clone()).await
    }
}
