//! A pod that brings one image to one node and then, completed, keeps it there (D45, D57): the
//! dead container holds the image back from garbage collection, and is the fact that survives a
//! restart of the operator.

use std::collections::BTreeMap;

use api::names;
use api::v1::RunAs;
use k8s_openapi::api::core::v1::{
    Container, Pod, PodSecurityContext, PodSpec, ResourceRequirements, Toleration, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use sha2::{Digest as _, Sha256};
use wire::Digest;

use super::pod::{
    agent_installer, agent_mount, agent_volume, locked_down, named, quantities, runtime_default,
};

/// Container that runs the step's image for a moment.
pub const PULL_CONTAINER: &str = "image";
/// `nobody` of most images; the pod only starts and ends.
const NOBODY: i64 = 65534;

/// Name of the pod for this image on this node: the same question has the same pod, whoever asks.
#[must_use]
pub fn pull_name(node: &str, digest: &Digest) -> String {
    let node_hash: String = hex::encode(Sha256::digest(node)).chars().take(8).collect();
    format!("pull-{}-{node_hash}", digest.short())
}

/// The pod that pulls `image` (by digest) to `node`.
#[must_use]
pub fn pull_pod(
    namespace: &str,
    node: &str,
    image: &str,
    digest: &Digest,
    agent: &str,
    secrets: &[String],
) -> Pod {
    let labels: BTreeMap<_, _> = [
        (names::MANAGED_BY_LABEL, names::OPERATOR),
        (names::ROLE_LABEL, names::role::PULL),
        (names::DIGEST_LABEL, digest.short()),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let secrets: Vec<_> = secrets.iter().map(|name| named(name)).collect();
    Pod {
        metadata: ObjectMeta {
            name: Some(pull_name(node, digest)),
            namespace: Some(namespace.to_owned()),
            labels: Some(labels),
            annotations: Some([(names::DIGEST_ANNOTATION.to_owned(), digest.to_string())].into()),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            // Straight to the node: there is no choice for a scheduler to make.
            node_name: Some(node.to_owned()),
            tolerations: Some(vec![Toleration {
                operator: Some("Exists".to_owned()),
                ..Toleration::default()
            }]),
            restart_policy: Some("OnFailure".to_owned()),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            termination_grace_period_seconds: Some(2),
            security_context: Some(PodSecurityContext {
                run_as_user: Some(NOBODY),
                run_as_group: Some(NOBODY),
                fs_group: Some(NOBODY),
                run_as_non_root: Some(true),
                seccomp_profile: Some(runtime_default()),
                ..PodSecurityContext::default()
            }),
            image_pull_secrets: (!secrets.is_empty()).then_some(secrets),
            init_containers: Some(vec![agent_installer(agent, RunAs::NonRoot)]),
            containers: vec![Container {
                name: PULL_CONTAINER.to_owned(),
                image: Some(image.to_owned()),
                image_pull_policy: Some("IfNotPresent".to_owned()),
                command: Some(vec![names::AGENT_PATH.to_owned(), "exit".to_owned()]),
                resources: Some(ResourceRequirements {
                    limits: Some(quantities("100m", "32Mi")),
                    requests: Some(quantities("1m", "8Mi")),
                    ..ResourceRequirements::default()
                }),
                security_context: Some(locked_down()),
                volume_mounts: Some(vec![VolumeMount { read_only: Some(true), ..agent_mount() }]),
                ..Container::default()
            }],
            volumes: Some(vec![agent_volume()]),
            ..PodSpec::default()
        }),
        status: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_node_and_image_apart() {
        let one = Digest::from_sha256(&[1; 32]);
        let two = Digest::from_sha256(&[2; 32]);
        assert_ne!(pull_name("a", &one), pull_name("b", &one));
        assert_ne!(pull_name("a", &one), pull_name("a", &two));
        assert_eq!(pull_name("a", &one), pull_name("a", &one));
        assert!(pull_name("a", &one).len() <= 63);
    }
}
