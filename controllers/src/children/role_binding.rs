//! Who may do what in a workspace namespace: two fixed ClusterRoles, bound in it only. The operator binds
//! itself, and so holds no right to touch pods or secrets of other people's namespaces.

use api::names;
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};

use super::Owner;
use crate::config::Config;

/// What the workspace's own identity may do.
pub(super) fn role_binding(owner: &Owner) -> RoleBinding {
    bound(owner, names::WORKSPACE, names::LEARNER_ROLE, (names::WORKSPACE, &owner.namespace))
}

/// What the operator may do with the workspace.
pub(super) fn operator_binding(owner: &Owner, config: &Config) -> RoleBinding {
    let operator = (config.service_account.as_str(), config.namespace.as_str());
    bound(owner, names::OPERATOR_BINDING, names::WORKSPACE_ROLE, operator)
}

/// A ServiceAccount (name and namespace) bound to a ClusterRole.
fn bound(owner: &Owner, name: &str, role: &str, (account, home): (&str, &str)) -> RoleBinding {
    RoleBinding {
        metadata: owner.meta(name),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: role.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: account.to_owned(),
            namespace: Some(home.to_owned()),
            ..Subject::default()
        }]),
    }
}
