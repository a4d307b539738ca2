//! The workspace namespace. Its Pod Security labels are in the create call, so that no pod can
//! ever be admitted before they hold.

use api::v1::RunAs;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Owner;

/// Label of the level that holds for every pod of the namespace.
pub const ENFORCED_LEVEL_LABEL: &str = "pod-security.kubernetes.io/enforce";
const WARNED_LEVEL_LABEL: &str = "pod-security.kubernetes.io/warn";

/// The namespace of a workspace whose container runs as `run_as`.
#[must_use]
pub fn namespace(owner: &Owner, run_as: RunAs) -> Namespace {
    let mut labels = owner.labels();
    labels.extend(level_labels(security_level(run_as)));
    Namespace {
        metadata: ObjectMeta {
            name: Some(owner.namespace.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

/// The Pod Security level under which a container of this user is admitted.
#[must_use]
pub fn security_level(run_as: RunAs) -> &'static str {
    match run_as {
        RunAs::NonRoot => "restricted",
        RunAs::Root | RunAs::RootWithoutUserNamespace => "baseline",
    }
}

/// The labels of a level.
#[must_use]
pub fn level_labels(level: &str) -> [(String, String); 2] {
    [ENFORCED_LEVEL_LABEL, WARNED_LEVEL_LABEL].map(|key| (key.to_owned(), level.to_owned()))
}
