//! Every watch of the operator, with the predicate that says which of its events are news.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use api::names::{self, role};
use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use futures::{Stream, TryStreamExt};
use k8s_openapi::api::core::v1::{LimitRange, Namespace, Node, Pod, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store, store};
use kube::runtime::watcher::{self, watcher};
use kube::runtime::{Predicate, WatchStreamExt, predicates};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use crate::facts::{mark_deletes, meta_facts, pod_facts, pull_facts};
use crate::stores::{Meta, Stores};

/// Events of one kind, filtered to news.
pub type News<K> = Pin<Box<dyn Stream<Item = Result<K, watcher::Error>> + Send>>;

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
    let (pulls, pull_news) = watch(pull_api, ours(role::PULL), pull_facts);
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
        shown: Arc::default(),
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

/// In pages, and as of now. API servers since 1.31 answer it from their cache all the same, and a
/// list from the past could show a workspace before its last move.
fn everything() -> watcher::Config {
    watcher::Config::default()
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

#[cfg(test)]
mod tests {
    use futures::{StreamExt, stream};

    use super::*;
    use crate::instance::tests::fixture::Fixture;
    use crate::instance::tests::pod::PodFixture;

    #[tokio::test]
    async fn belongings_lead_to_their_instance_and_strangers_to_nobody() {
        let ours = PodFixture::running("one", 1).build();
        let mut stranger = ours.clone();
        stranger.metadata.labels.as_mut().unwrap().remove(names::INSTANCE_LABEL);
        let news: News<Pod> = Box::pin(stream::iter([Ok(stranger), Ok(ours)]));
        let found: Vec<_> = belongings(news).map(|news| news.unwrap().instance()).collect().await;
        assert_eq!(found, [ObjectRef::new("ana").within("monday")]);
    }

    #[tokio::test]
    async fn every_watch_asks_for_what_is_ours_and_no_more() {
        let server = crate::instance::tests::server::Server::default();
        let (_stores, mut streams) = open(&server.client(), "workshop-system");
        // The played server lists nothing, so each watch fails after its question.
        assert!(streams.instances.next().await.is_some_and(|news| news.is_err()));
        assert!(streams.pulls.next().await.is_some_and(|news| news.is_err()));
        for belonging in &mut streams.belongings {
            assert!(belonging.next().await.is_some_and(|news| news.is_err()));
        }
        let calls = server.calls();
        assert_eq!(calls[0].what, "GET /apis/workshop.platform/v1/workspaceinstances");
        assert_eq!(calls[1].what, "GET /api/v1/namespaces/workshop-system/pods");
        assert!(calls[1].query.contains("role%3Dpull"), "{}", calls[1].query);
        assert_eq!(calls.len(), 9);
        for call in &calls[2..] {
            assert!(call.query.contains("managed-by%3Dworkshop-operator"), "{}", call.query);
            assert!(call.query.contains("role%3Dworkspace"), "{}", call.query);
        }
        assert!(calls.iter().all(|call| call.query.contains("limit=500")), "in pages");
    }

    #[test]
    fn the_owner_of_a_fixture_is_the_instance_of_its_pod() {
        let fixture = Fixture::new().pod(PodFixture::running("one", 1));
        let labels = fixture.pod_object().unwrap().metadata.labels.unwrap();
        assert_eq!(labels, fixture.owner().labels());
    }
}
