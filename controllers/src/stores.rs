//! What the watches show, kept in memory.

use std::sync::Arc;

use api::names;
use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use k8s_openapi::api::core::v1::{LimitRange, Namespace, Node, Pod, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Resource;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{ObjectRef, Store};
use tokio::sync::OnceCell;

use crate::children::seal;

/// Objects of one kind, known by their metadata.
pub(crate) type Meta<K> = Store<PartialObjectMeta<K>>;

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
    pub(crate) namespaces: Meta<Namespace>,
    pub(crate) nodes: Store<Node>,
    pub(crate) resource_quotas: Meta<ResourceQuota>,
    pub(crate) limit_ranges: Meta<LimitRange>,
    pub(crate) network_policies: Meta<NetworkPolicy>,
    pub(crate) service_accounts: Meta<ServiceAccount>,
    pub(crate) role_bindings: Meta<RoleBinding>,
    /// Whether [`Stores::ready`] has waited to its end once.
    pub(crate) shown: Arc<OnceCell<()>>,
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
    /// Of the operator's own RoleBinding.
    pub operator_binding: Option<String>,
}

impl Stores {
    /// Waits until every watch has shown what was there when it was opened. Before that a missing
    /// object may be one that is not shown yet.
    pub async fn ready(&self) {
        // Every reconcile asks, and only the first ones have to wait.
        self.shown.get_or_init(|| self.every_watch()).await;
    }

    async fn every_watch(&self) {
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
            named(store, names::WORKSPACE, namespace)
        }
        fn named<K>(store: &Meta<K>, name: &str, namespace: &str) -> Option<String>
        where
            K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + 'static,
        {
            let child = store.get(&ObjectRef::new(name).within(namespace))?;
            seal(&child.metadata).map(str::to_owned)
        }
        Seals {
            resource_quota: of(&self.resource_quotas, namespace),
            limit_range: of(&self.limit_ranges, namespace),
            network_policy: of(&self.network_policies, namespace),
            service_account: of(&self.service_accounts, namespace),
            role_binding: of(&self.role_bindings, namespace),
            operator_binding: named(&self.role_bindings, names::OPERATOR_BINDING, namespace),
        }
    }

    /// Whether a node of this name is known.
    #[must_use]
    pub fn has_node(&self, name: &str) -> bool {
        self.nodes.get(&ObjectRef::new(name)).is_some()
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
