//! What every reconcile shares: client, stores, pen, configuration and the little that is kept in memory.

use std::collections::HashSet;

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use k8s_openapi::api::core::v1::{Namespace, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, Client, Resource, ResourceExt};
use wire::Digest;

use crate::backoff::Backoff;
use crate::children::Owner;
use crate::children::pull_pod::pull_name;
use crate::config::Config;
use crate::error::Error;
use crate::events::{Events, News, Notice};
use crate::instance::{Pulled, Wishes, pulled};
use crate::memory::{Askers, Revisions, Written};
use crate::metrics::{Gauges, Metrics};
use crate::pull_times::PullTimes;
use crate::stores::Stores;
use crate::traces::Transitions;
use crate::writes::Writes;

/// What every reconcile shares.
pub struct Context {
    /// For the few live reads.
    pub client: Client,
    /// For every write.
    pub writes: Writes,
    /// What the watches show.
    pub stores: Stores,
    /// What the administrator decided.
    pub config: Config,
    /// Since when each wish stands.
    pub wishes: Wishes,
    /// Who asked about which pull pod.
    pub askers: Askers,
    /// What the operator itself replaced.
    pub written: Written,
    /// Content hashes of the templates.
    pub revisions: Revisions,
    /// Failures in a row of each instance.
    pub instance_backoff: Backoff<ObjectRef<WorkspaceInstance>>,
    /// Failures in a row of each template.
    pub template_backoff: Backoff<ObjectRef<WorkspaceTemplate>>,
    /// Counters.
    pub metrics: Metrics,
    /// Events on their way.
    pub events: Events,
    /// Spans of the wishes that are not fulfilled.
    pub transitions: Transitions,
    /// Since when pulls are under way.
    pub pull_times: PullTimes,
}

impl Context {
    /// A context over these stores.
    #[must_use]
    pub fn new(client: Client, config: Config, stores: Stores, metrics: Metrics) -> Self {
        Self {
            writes: Writes::new(client.clone()),
            client,
            stores,
            config,
            wishes: Wishes::default(),
            askers: Askers::default(),
            written: Written::default(),
            revisions: Revisions::default(),
            instance_backoff: Backoff::default(),
            template_backoff: Backoff::default(),
            metrics,
            events: Events::default(),
            transitions: Transitions::default(),
            pull_times: PullTimes::default(),
        }
    }

    /// The page of the metrics.
    #[must_use]
    pub fn metrics_text(&self) -> String {
        let mut gauges = Gauges {
            templates: i64::try_from(self.stores.templates.len()).unwrap_or(i64::MAX),
            instances_in_backoff: i64::try_from(self.instance_backoff.len()).unwrap_or(i64::MAX),
            templates_in_backoff: i64::try_from(self.template_backoff.len()).unwrap_or(i64::MAX),
            ..Gauges::default()
        };
        let instances = self.stores.instances.state();
        gauges.count(instances.iter().map(|instance| instance.status.as_ref().and_then(|s| s.phase)));
        self.metrics.text(&gauges)
    }

    /// Publishes an event about this instance, in a moment.
    pub fn tell(&self, news: News, instance: &WorkspaceInstance, pod: Option<ObjectReference>) {
        // Without it two events of one kind would never be counted as one series.
        let regarding = ObjectReference { resource_version: None, ..instance.object_ref(&()) };
        if !self.events.take(Notice { news, regarding, related: pod }) {
            self.metrics.event_lost();
        }
    }

    /// What is known of an image on a node, from its pull pod. Whoever asks hears of its next news.
    #[must_use]
    pub fn pulled(&self, asker: &Owner, node: &str, digest: &Digest) -> Pulled {
        let name = pull_name(node, digest);
        // Asked first, read then: news in between are not lost.
        self.askers.add(&name, ObjectRef::new(&asker.name).within(&asker.class));
        match self.stores.pull_pod(&self.config.namespace, &name) {
            Some(pod) => pulled(&pod),
            None => Pulled::Unknown,
        }
    }

    /// A namespace as the API server has it now: where the stores cannot show it.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn namespace_now(&self, name: &str) -> Result<Option<ObjectMeta>, Error> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        match namespaces.get_metadata_opt(name).await {
            Ok(found) => Ok(found.map(|namespace| namespace.metadata)),
            Err(source) => Err(Error::api("read", format!("namespace {name}"), source)),
        }
    }

    /// What the API server says of a namespace that does not go, for a person.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn why_namespace_stays(&self, name: &str) -> Result<String, Error> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let found = namespaces
            .get_opt(name)
            .await
            .map_err(|source| Error::api("read", format!("namespace {name}"), source))?;
        let conditions = found.and_then(|namespace| namespace.status?.conditions).unwrap_or_default();
        let holds: Vec<_> = conditions
            .iter()
            .filter(|condition| condition.status == "True")
            .filter_map(|condition| condition.message.as_deref())
            .collect();
        if holds.is_empty() {
            return Ok(format!("it does not say why; see kubectl get namespace {name} -o yaml"));
        }
        Ok(holds.join("; "))
    }

    /// Those to tell of news of this pull pod. That an image is on its way is no answer to anybody.
    #[must_use]
    pub fn told_of_pull(&self, name: &str) -> HashSet<ObjectRef<WorkspaceInstance>> {
        let now = self.stores.pull_pod(&self.config.namespace, name).map(|pod| pulled(&pod));
        self.pull_times.news(name, now.as_ref(), &self.metrics);
        match now {
            Some(Pulled::Pulling { .. } | Pulled::Going) => HashSet::new(),
            _ => self.askers.take(name),
        }
    }

    /// The span of one reconcile of this instance.
    #[must_use]
    pub fn reconcile_span(&self, instance: &WorkspaceInstance) -> tracing::Span {
        let (uid, version) = (instance.uid().unwrap_or_default(), instance.resource_version());
        let is_replaced = self.written.is_replaced(&uid, &version.unwrap_or_default());
        self.transitions.reconcile(instance, is_replaced)
    }

    /// Forgets an instance that is gone.
    pub fn forget(&self, owner: &Owner) {
        self.wishes.forget(&owner.uid);
        self.written.forget(&owner.uid);
        self.transitions.end(&owner.uid, "gone");
        self.instance_backoff.forget(&ObjectRef::new(&owner.name).within(&owner.class));
    }

    /// Forgets whatever is about objects that the stores no longer show.
    pub fn tidy(&self) {
        let instances = self.stores.instances.state();
        let uids: HashSet<_> = instances.iter().filter_map(|instance| instance.uid()).collect();
        self.wishes.retain(|uid| uids.contains(uid));
        self.written.retain(|uid| uids.contains(uid));
        self.transitions.retain(|uid| uids.contains(uid));
        self.events.tidy();
        self.pull_times.retain(|name| self.stores.pull_pod(&self.config.namespace, name).is_some());
        let is_there = |key: &ObjectRef<WorkspaceInstance>| self.stores.instances.get(key).is_some();
        self.askers.retain(is_there);
        self.instance_backoff.retain(is_there);
        let templates: HashSet<_> = self.stores.templates.state().iter().filter_map(|t| t.uid()).collect();
        self.revisions.retain(|uid| templates.contains(uid));
        self.template_backoff.retain(|key| self.stores.templates.get(key).is_some());
    }
}
