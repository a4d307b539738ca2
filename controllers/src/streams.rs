//! Every watch of the operator, with the predicate that says which of its events are news.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;

use api::names::{self, role};
use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use futures::{Stream, TryStreamExt};
use k8s_openapi::api::core::v1::{LimitRange, Namespace, Node, Pod, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::core::{ObjectMeta, PartialObjectMeta};
use kube::runtime::reflector::{ObjectRef, Store, store};
use kube::runtime::watcher::{self, Event, watcher};
use kube::runtime::{Predicate, WatchStreamExt, predicates};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::children::seal;

/// Events of one kind, filtered to news.
pub type News<K> = Pin<Box<dyn Stream<Item = Result<K, watcher::Error>> + Send>>;

/// Objects of one kind, known by their metadata.
type Meta<K> = Store<PartialObjectMeta<K>>;

/// What the watches show.
#[derive(Debug, Clone)]
pub struct Stores {
    /// All instances.
    pub instances: Store<WorkspaceInstance>,
    /// All templates.
    pub templates: Store<WorkspaceTemplate>,
    /// Workspace pods.
    pub pods: Store<Pod>,
    /// Pull pods.
    pub pulls: Store<Pod>,
    namespaces: Meta<Namespace>,
    nodes: Store<Node>,
    resource_quotas: Meta<ResourceQuota>,
    limit_ranges: Meta<LimitRange>,
    network_policies: Meta<NetworkPolicy>,
    service_accounts: Meta<ServiceAccount>,
    role_bindings: Meta<RoleBinding>,
}

/// What was applied of each child, by the mark on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seals {
    /// Of the ResourceQuota.
    pub resource_quota: Option<String>,
    /// Of the LimitRange.
    pub limit_range: Option<String>,
    /// Of the NetworkPolicy.
    pub network_policy: Option<String>,
    /// Of the ServiceAccount.
    pub service_account: Option<String>,
    /// Of the RoleBinding.
    pub role_binding: Option<String>,
}

impl Stores {
    /// Waits until every watch has shown what was there when it was opened. Before that a missing
    /// object may be one that is not shown yet.
    pub async fn ready(&self) {
        // A store that was dropped never gets ready, and then nobody reconciles either.
        let _ = futures::try_join!(
            self.instances.wait_until_ready(),
            self.templates.wait_until_ready(),
            self.pods.wait_until_ready(),
            self.pulls.wait_until_ready(),
            self.nodes.wait_until_ready(),
            self.namespaces.wait_until_ready(),
        );
        let _ = futures::try_join!(
            self.resource_quotas.wait_until_ready(),
            self.limit_ranges.wait_until_ready(),
            self.network_policies.wait_until_ready(),
            self.service_accounts.wait_until_ready(),
            self.role_bindings.wait_until_ready(),
        );
    }

    /// The template of this name.
    #[must_use]
    pub fn template(&self, name: &str) -> Option<Arc<WorkspaceTemplate>> {
        self.templates.get(&ObjectRef::new(name))
    }

    /// The workspace pod of this namespace.
    #[must_use]
    pub fn workspace_pod(&self, namespace: &str) -> Option<Arc<Pod>> {
        self.pods.get(&ObjectRef::new(names::WORKSPACE).within(namespace))
    }

    /// The pull pod of this name.
    #[must_use]
    pub fn pull_pod(&self, namespace: &str, name: &str) -> Option<Arc<Pod>> {
        self.pulls.get(&ObjectRef::new(name).within(namespace))
    }

    /// The workspace namespace of this name.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<Arc<PartialObjectMeta<Namespace>>> {
        self.namespaces.get(&ObjectRef::new(name))
    }

    /// What was applied in this workspace namespace.
    #[must_use]
    pub fn seals(&self, namespace: &str) -> Seals {
        fn of<K>(store: &Meta<K>, namespace: &str) -> Option<String>
        where
            K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + 'static,
        {
            let child = store.get(&ObjectRef::new(names::WORKSPACE).within(namespace))?;
            seal(&child.metadata).map(str::to_owned)
        }
        Seals {
            resource_quota: of(&self.resource_quotas, namespace),
            limit_range: of(&self.limit_ranges, namespace),
            network_policy: of(&self.network_policies, namespace),
            service_account: of(&self.service_accounts, namespace),
            role_binding: of(&self.role_bindings, namespace),
        }
    }

    /// Whether any node reports a runtime handler with user namespaces.
    #[must_use]
    pub fn user_namespaces(&self) -> bool {
        self.nodes.state().iter().any(|node| {
            let handlers = node.status.as_ref().and_then(|status| status.runtime_handlers.as_ref());
            handlers.into_iter().flatten().any(|handler| {
                handler.features.as_ref().and_then(|features| features.user_namespaces).unwrap_or_default()
            })
        })
    }
}

/// News of every kind that the controllers act on.
pub struct Streams {
    /// Instances whose spec, finalizers or deletion changed.
    pub instances: News<WorkspaceInstance>,
    /// Templates whose spec changed, and those that went.
    pub templates: News<WorkspaceTemplate>,
    /// Everything that belongs to an instance: pods, namespaces, protections. Whose it is is all that matters.
    pub belongings: Vec<News<Belonging>>,
    /// Pull pods.
    pub pulls: News<Pod>,
    /// Nodes; nobody waits for their news, but their store has to be filled.
    pub nodes: News<Node>,
}

/// Something that belongs to an instance, by its labels.
#[derive(Clone, Debug)]
pub struct Belonging {
    class: String,
    instance: String,
}

impl Belonging {
    fn of(labels: &BTreeMap<String, String>) -> Option<Self> {
        let class = labels.get(names::CLASS_LABEL)?.clone();
        let instance = labels.get(names::INSTANCE_LABEL)?.clone();
        Some(Self { class, instance })
    }

    /// The instance.
    #[must_use]
    pub fn instance(&self) -> ObjectRef<WorkspaceInstance> {
        ObjectRef::new(&self.instance).within(&self.class)
    }
}

/// Opens every watch. Nothing is read before the streams are polled.
#[must_use]
pub fn open(client: &Client, operator_namespace: &str) -> (Stores, Streams) {
    let ours = |role: &str| {
        let selector =
            format!("{}={},{}={role}", names::MANAGED_BY_LABEL, names::OPERATOR, names::ROLE_LABEL);
        everything().labels(&selector)
    };
    let workspace = ours(role::WORKSPACE);
    let spec_or_finalizers = predicates::generation.combine(predicates::finalizers);
    let pull_api = Api::namespaced(client.clone(), operator_namespace);

    let (instances, instance_news) = watch(Api::all(client.clone()), everything(), spec_or_finalizers);
    let (templates, template_news) = watch(Api::all(client.clone()), everything(), predicates::generation);
    let (pods, pod_news) = watch(Api::all(client.clone()), workspace.clone(), pod_facts);
    let (pulls, pull_news) = watch(pull_api, ours(role::PULL), pod_facts);
    let (nodes, node_news) = watch(Api::all(client.clone()), everything(), predicates::generation);
    let (namespaces, namespace_news) = watch_meta::<Namespace>(client, &workspace);
    let (resource_quotas, quota_news) = watch_meta::<ResourceQuota>(client, &workspace);
    let (limit_ranges, range_news) = watch_meta::<LimitRange>(client, &workspace);
    let (network_policies, policy_news) = watch_meta::<NetworkPolicy>(client, &workspace);
    let (service_accounts, account_news) = watch_meta::<ServiceAccount>(client, &workspace);
    let (role_bindings, binding_news) = watch_meta::<RoleBinding>(client, &workspace);

    let stores = Stores {
        instances,
        templates,
        pods,
        pulls,
        namespaces,
        nodes,
        resource_quotas,
        limit_ranges,
        network_policies,
        service_accounts,
        role_bindings,
    };
    let streams = Streams {
        instances: instance_news,
        templates: template_news,
        belongings: vec![
            belongings(pod_news),
            belongings(namespace_news),
            belongings(quota_news),
            belongings(range_news),
            belongings(policy_news),
            belongings(account_news),
            belongings(binding_news),
        ],
        pulls: pull_news,
        nodes: node_news,
    };
    (stores, streams)
}

/// From the API server's cache: a list at the start need not be the newest, the watch catches up.
fn everything() -> watcher::Config {
    watcher::Config::default().any_semantic()
}

fn watch<K>(
    api: Api<K>,
    config: watcher::Config,
    predicate: impl Predicate<K> + Send + 'static,
) -> (Store<K>, News<K>)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (reader, writer) = store();
    let news = watcher(api, config)
        .default_backoff()
        .modify(|object| {
            // A third of every object, and nobody reads it.
            object.meta_mut().managed_fields = None;
        })
        .reflect(writer)
        .map_ok(mark_deletes)
        .touched_objects()
        .predicate_filter(predicate, kube::runtime::PredicateConfig::default());
    (reader, Box::pin(news))
}

fn watch_meta<K>(client: &Client, config: &watcher::Config) -> (Meta<K>, News<PartialObjectMeta<K>>)
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + Send + Sync + 'static,
{
    watch(Api::all(client.clone()), config.clone(), meta_facts)
}

fn belongings<K>(news: News<K>) -> News<Belonging>
where
    K: Resource + Send + 'static,
{
    Box::pin(news.try_filter_map(|object| async move { Ok(Belonging::of(object.labels())) }))
}

/// A predicate forgets nothing that it saw, so a deleted object would be no news: the generation
/// of the last sight is changed (pitfall 6).
fn mark_deletes<K: Resource>(event: Event<K>) -> Event<K> {
    match event {
        Event::Delete(mut object) => {
            let meta = object.meta_mut();
            meta.generation = Some(meta.generation.unwrap_or_default().saturating_add(1_000_000));
            Event::Delete(object)
        }
        other => other,
    }
}

/// Everything that `PodSeen` reads. What else kubelet writes about a pod is no news.
fn pod_facts(pod: &Pod) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    meta_into(&pod.metadata, &mut hasher);
    format!("{:?}", crate::instance::PodSeen::of(pod)).hash(&mut hasher);
    pod.status.as_ref().and_then(|status| status.phase.as_ref()).hash(&mut hasher);
    Some(hasher.finish())
}

/// Deletion, and what was applied.
fn meta_facts<K: Resource>(object: &PartialObjectMeta<K>) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    meta_into(&object.metadata, &mut hasher);
    Some(hasher.finish())
}

fn meta_into(meta: &ObjectMeta, hasher: &mut DefaultHasher) {
    meta.uid.hash(hasher);
    meta.deletion_timestamp.is_some().hash(hasher);
    // Marked by `mark_deletes`; it also grows with every change of a spec that has one.
    meta.generation.hash(hasher);
    meta.annotations.hash(hasher);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(value: serde_json::Value) -> Pod {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_deleted_pod_is_news() {
        let seen = pod(json!({"metadata": {"name": "workspace", "uid": "1", "generation": 3}}));
        let Event::Delete(gone) = mark_deletes(Event::Delete(seen.clone())) else { unreachable!() };
        assert_ne!(pod_facts(&seen), pod_facts(&gone));
    }

    #[test]
    fn a_heartbeat_is_no_news_and_a_new_container_is() {
        let at = |probe: &str, id: &str| {
            pod(json!({
                "metadata": {"name": "workspace", "uid": "1"},
                "spec": {"containers": [{"name": "workspace", "image": "r/a@sha256:0"}]},
                "status": {
                    "conditions": [{"type": "Ready", "status": "True", "lastProbeTime": probe}],
                    "containerStatuses": [{
                        "name": "workspace", "image": "", "imageID": "", "ready": true, "restartCount": 0,
                        "containerID": id, "state": {"running": {}}
                    }]
                }
            }))
        };
        assert_eq!(pod_facts(&at("2026-01-01T00:00:00Z", "a")), pod_facts(&at("2026-01-02T00:00:00Z", "a")));
        assert_ne!(pod_facts(&at("2026-01-01T00:00:00Z", "a")), pod_facts(&at("2026-01-01T00:00:00Z", "b")));
    }
}
