//! Identity of the workspace pod. No token is mounted unless a nested cluster needs one.

use api::names;
use k8s_openapi::api::core::v1::ServiceAccount;

use super::Owner;

pub(super) fn service_account(owner: &Owner) -> ServiceAccount {
    ServiceAccount {
        metadata: owner.meta(names::WORKSPACE),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}
