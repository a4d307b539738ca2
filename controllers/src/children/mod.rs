//! Objects that a workspace is made of: one builder per kind, pure.

mod limit_range;
mod namespace;
mod network_policy;
pub mod pod;
pub mod pull_pod;
mod resource_quota;
mod role_binding;
mod service_account;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use api::names;
use k8s_openapi::api::core::v1::{LimitRange, ResourceQuota, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::settings::Effective;

pub use namespace::{ENFORCED_LEVEL_LABEL, level_labels, namespace, security_level};

/// Whose workspace it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Class namespace.
    pub class: String,
    /// Name of the instance.
    pub name: String,
    /// Uid of the instance.
    pub uid: String,
    /// Workspace namespace.
    pub namespace: String,
}

impl Owner {
    /// Labels of everything that belongs to the workspace.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        [
            (names::MANAGED_BY_LABEL, names::OPERATOR),
            (names::CLASS_LABEL, &self.class),
            (names::INSTANCE_LABEL, &self.name),
            (names::INSTANCE_UID_LABEL, &self.uid),
            (names::ROLE_LABEL, names::role::WORKSPACE),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    }

    /// Metadata of an object of this name in the workspace namespace.
    #[must_use]
    pub fn meta(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.labels()),
            ..ObjectMeta::default()
        }
    }
}

/// The six objects that stand between namespace and pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Children {
    /// Limits of the whole namespace.
    pub resource_quota: ResourceQuota,
    /// Limits of what else is started in it.
    pub limit_range: LimitRange,
    /// Who reaches it and what it reaches.
    pub network_policy: NetworkPolicy,
    /// Identity of the pod.
    pub service_account: ServiceAccount,
    /// What that identity may do.
    pub role_binding: RoleBinding,
    /// What the operator may do with the workspace.
    pub operator_binding: RoleBinding,
}

impl Children {
    /// What should exist for these settings.
    #[must_use]
    pub fn of(owner: &Owner, effective: &Effective, config: &Config) -> Self {
        Self {
            resource_quota: sealed(resource_quota::resource_quota(owner, effective)),
            limit_range: sealed(limit_range::limit_range(owner, effective)),
            network_policy: sealed(network_policy::network_policy(owner, effective, &config.namespace)),
            service_account: sealed(service_account::service_account(owner)),
            role_binding: sealed(role_binding::role_binding(owner)),
            operator_binding: sealed(role_binding::operator_binding(owner, config)),
        }
    }
}

/// Marks an object with the hash of its content.
fn sealed<K>(mut object: K) -> K
where
    K: kube::Resource + serde::Serialize,
{
    let content = serde_json::to_vec(&object).unwrap_or_default();
    let hash: String = hex::encode(Sha256::digest(content)).chars().take(16).collect();
    object.meta_mut().annotations.get_or_insert_default().insert(names::APPLIED_ANNOTATION.to_owned(), hash);
    object
}

/// The mark that [`sealed`] put on an object, read back from any view of it.
#[must_use]
pub fn seal(meta: &ObjectMeta) -> Option<&str> {
    meta.annotations.as_ref()?.get(names::APPLIED_ANNOTATION).map(String::as_str)
}
