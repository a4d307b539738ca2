//! What every reconcile shares: client, stores, pen, configuration and the little that is kept in memory.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::reflector::ObjectRef;
use kube::{Api, Client, ResourceExt};
use sha2::{Digest as _, Sha256};
use wire::Digest;

use crate::backoff::Backoff;
use crate::children::Owner;
use crate::children::pod::Asked;
use crate::children::pull_pod::pull_name;
use crate::config::Config;
use crate::error::Error;
use crate::instance::{Gathered, Pulled, Stage, pulled};
use crate::metrics::Metrics;
use crate::streams::Stores;
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
    /// Content hashes of the templates.
    pub revisions: Revisions,
    /// Failures in a row of each instance.
    pub instance_backoff: Backoff<ObjectRef<WorkspaceInstance>>,
    /// Failures in a row of each template.
    pub template_backoff: Backoff<ObjectRef<WorkspaceTemplate>>,
    /// Counters.
    pub metrics: Metrics,
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
            revisions: Revisions::default(),
            instance_backoff: Backoff::default(),
            template_backoff: Backoff::default(),
            metrics,
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

    /// Forgets an instance that is gone.
    pub fn forget(&self, owner: &Owner) {
        self.wishes.forget(&owner.uid);
        self.instance_backoff.forget(&ObjectRef::new(&owner.name).within(&owner.class));
    }
}

/// Since when each unfulfilled wish stands. In memory only: status keeps the time of a move that
/// lasts, and after a restart a younger time does no harm.
#[derive(Debug, Default)]
pub struct Wishes {
    since: Mutex<HashMap<String, (Asked, jiff::Timestamp)>>,
}

impl Wishes {
    /// When this wish was first seen; forgets it once it is fulfilled.
    pub fn since(&self, uid: &str, asked: &Asked, stage: &Stage, gathered: &Gathered) -> jiff::Timestamp {
        let mut all = lock(&self.since);
        if let Some((known, since)) = all.get(uid)
            && known == asked
        {
            let since = *since;
            if stage.is_settled() {
                all.remove(uid);
            }
            return since;
        }
        let transition = gathered.instance.status.as_ref().and_then(|status| status.transition.as_ref());
        let since = transition.filter(|t| t.to == asked.step).map_or(gathered.now, |t| t.started_at.0);
        if !stage.is_settled() {
            all.insert(uid.to_owned(), (asked.clone(), since));
        }
        since
    }

    fn forget(&self, uid: &str) {
        lock(&self.since).remove(uid);
    }
}

/// Instances that asked about a pull pod since its last news.
#[derive(Debug, Default)]
pub struct Askers {
    by_pull: Mutex<HashMap<String, HashSet<ObjectRef<WorkspaceInstance>>>>,
}

impl Askers {
    fn add(&self, pull: &str, asker: ObjectRef<WorkspaceInstance>) {
        lock(&self.by_pull).entry(pull.to_owned()).or_default().insert(asker);
    }

    /// Those to tell of news of this pull pod, once.
    pub fn take(&self, pull: &str) -> HashSet<ObjectRef<WorkspaceInstance>> {
        lock(&self.by_pull).remove(pull).unwrap_or_default()
    }
}

/// Content hashes of the templates, computed once per generation.
#[derive(Debug, Default)]
pub struct Revisions {
    known: Mutex<HashMap<String, (i64, String)>>,
}

impl Revisions {
    /// Twelve hexadecimal digits over what instances take from the template.
    pub fn of(&self, template: &WorkspaceTemplate) -> String {
        let uid = template.uid().unwrap_or_default();
        let generation = template.metadata.generation.unwrap_or_default();
        if let Some((known, revision)) = lock(&self.known).get(&uid)
            && *known == generation
        {
            return revision.clone();
        }
        let content = serde_json::to_vec(&template.spec).unwrap_or_default();
        let revision: String = hex::encode(Sha256::digest(content)).chars().take(12).collect();
        lock(&self.known).insert(uid, (generation, revision.clone()));
        revision
    }

    /// Forgets a template that is gone.
    pub fn forget(&self, uid: &str) {
        lock(&self.known).remove(uid);
    }
}

/// A panic elsewhere leaves a map that is still a map.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
