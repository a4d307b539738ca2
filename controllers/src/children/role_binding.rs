//! What the workspace's own identity may do: a fixed ClusterRole, bound in its namespace only.

use api::names;
use k8s_openapi::api::rbac::v1::{RoleBinding, RoleRef, Subject};

use super::Owner;

pub(super) fn role_binding(owner: &Owner) -> RoleBinding {
    RoleBinding {
        metadata: owner.meta(names::WORKSPACE),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: names::LEARNER_ROLE.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: names::WORKSPACE.to_owned(),
            namespace: Some(owner.namespace.clone()),
            ..Subject::default()
        }]),
    }
}
