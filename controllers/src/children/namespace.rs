//! The workspace namespace. Its Pod Security labels are in the create call, so that no pod can
//! ever be admitted before they hold.

use api::v1::RunAs;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::Owner;

/// The namespace of a workspace whose container runs as `run_as`.
#[must_use]
pub fn namespace(owner: &Owner, run_as: RunAs) -> Namespace {
    let level = match run_as {
        RunAs::NonRoot => "restricted",
        RunAs::Root | RunAs::RootWithoutUserNamespace => "baseline",
    };
    let mut labels = owner.labels();
    for mode in ["enforce", "warn"] {
        labels.insert(format!("pod-security.kubernetes.io/{mode}"), level.to_owned());
    }
    Namespace {
        metadata: ObjectMeta {
            name: Some(owner.namespace.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}
