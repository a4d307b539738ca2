//! The workspace pod (D25): bare, owned by its own namespace, the agent as PID 1.

use std::collections::BTreeMap;

use api::names;
use api::v1::RunAs;
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, EnvVarSource, LocalObjectReference,
    ObjectFieldSelector, Pod, PodSecurityContext, PodSpec, ResourceRequirements, SeccompProfile,
    SecurityContext, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use wire::StepImageEnv;

use super::Owner;
use crate::settings::Effective;

/// uid, gid and fsGroup of a workspace that is not root.
const LEARNER_ID: i64 = 1000;
const AGENT_VOLUME: &str = "agent";

/// What was asked of a pod: read from its annotations, compared with the spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Step id.
    pub step: String,
    /// Reset count.
    pub reset: i64,
}

/// Everything that decides what the pod is.
#[derive(Clone, Debug)]
pub struct PodWish<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// Settings in force.
    pub effective: &'a Effective,
    /// Step and reset count.
    pub asked: &'a Asked,
    /// Image of the step, made unique for this transition.
    pub image: &'a str,
    /// Image that holds the agent.
    pub agent_image: &'a str,
}

/// The workspace pod for this wish.
#[must_use]
pub fn workspace_pod(wish: &PodWish<'_>) -> Pod {
    let mut metadata = wish.owner.meta(names::WORKSPACE);
    metadata.annotations = Some(annotations(wish.asked, ""));
    let secrets: Vec<_> = wish.effective.pull_secrets.iter().map(|name| named(name)).collect();
    Pod {
        metadata,
        spec: Some(PodSpec {
            service_account_name: Some(names::WORKSPACE.to_owned()),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            restart_policy: Some("Always".to_owned()),
            // The agent ends at once on SIGTERM; kubelet grants two seconds at least.
            termination_grace_period_seconds: Some(2),
            host_users: (wish.effective.run_as == RunAs::Root).then_some(false),
            security_context: Some(pod_security(wish.effective.run_as)),
            image_pull_secrets: (!secrets.is_empty()).then_some(secrets),
            init_containers: Some(vec![agent_installer(wish.agent_image, wish.effective.run_as)]),
            containers: vec![workspace_container(wish)],
            volumes: Some(vec![agent_volume()]),
            ..PodSpec::default()
        }),
        status: None,
    }
}

/// Makes the workspace namespace the controller of the pod, so that a drain evicts it and no
/// deletion of a template collects it. The uid is known only once the namespace stands.
pub fn own(pod: &mut Pod, namespace_uid: &str) {
    pod.metadata.owner_references = Some(vec![OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        name: pod.metadata.namespace.clone().unwrap_or_default(),
        uid: namespace_uid.to_owned(),
        controller: Some(true),
        block_owner_deletion: None,
    }]);
}

/// Annotations that say what was asked; written with the image, in one call.
#[must_use]
pub fn annotations(asked: &Asked, replaces: &str) -> BTreeMap<String, String> {
    [
        (names::STEP_ANNOTATION, asked.step.clone()),
        (names::RESET_ANNOTATION, asked.reset.to_string()),
        (names::REPLACES_ANNOTATION, replaces.to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

fn workspace_container(wish: &PodWish<'_>) -> Container {
    Container {
        name: names::WORKSPACE_CONTAINER.to_owned(),
        image: Some(wish.image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: Some(vec![names::AGENT_PATH.to_owned()]),
        env: Some(vec![EnvVar {
            name: StepImageEnv::STEP.to_owned(),
            value: None,
            value_from: Some(EnvVarSource {
                field_ref: Some(ObjectFieldSelector {
                    field_path: format!("metadata.annotations['{}']", names::STEP_ANNOTATION),
                    ..ObjectFieldSelector::default()
                }),
                ..EnvVarSource::default()
            }),
        }]),
        ports: Some(vec![ContainerPort {
            name: Some("agent".to_owned()),
            container_port: i32::from(wire::AGENT_PORT),
            ..ContainerPort::default()
        }]),
        resources: Some(resources(wish.effective)),
        security_context: Some(container_security(wish.effective.run_as)),
        volume_mounts: Some(vec![VolumeMount { read_only: Some(true), ..agent_mount() }]),
        ..Container::default()
    }
}

/// Requests are all of the memory and a fifth of the CPU (D2).
fn resources(effective: &Effective) -> ResourceRequirements {
    let request = api::quantity::fifth(&effective.cpu).unwrap_or_else(|_| effective.cpu.clone());
    ResourceRequirements {
        limits: Some(quantities(&effective.cpu, &effective.memory)),
        requests: Some(quantities(&request, &effective.memory)),
        ..ResourceRequirements::default()
    }
}

fn pod_security(run_as: RunAs) -> PodSecurityContext {
    let (user, non_root) = match run_as {
        RunAs::NonRoot => (LEARNER_ID, true),
        RunAs::Root | RunAs::RootWithoutUserNamespace => (0, false),
    };
    PodSecurityContext {
        run_as_user: Some(user),
        run_as_group: Some(user),
        fs_group: non_root.then_some(LEARNER_ID),
        run_as_non_root: Some(non_root),
        seccomp_profile: Some(runtime_default()),
        ..PodSecurityContext::default()
    }
}

fn container_security(run_as: RunAs) -> SecurityContext {
    match run_as {
        RunAs::NonRoot => locked_down(),
        RunAs::Root | RunAs::RootWithoutUserNamespace => SecurityContext {
            capabilities: Some(Capabilities { add: None, drop: Some(vec!["NET_RAW".to_owned()]) }),
            ..SecurityContext::default()
        },
    }
}

/// What the level `restricted` asks of a container.
pub(super) fn locked_down() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { add: None, drop: Some(vec!["ALL".to_owned()]) }),
        ..SecurityContext::default()
    }
}

pub(super) fn runtime_default() -> SeccompProfile {
    SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }
}

/// The init container that copies the agent into the shared folder.
pub(super) fn agent_installer(agent_image: &str, run_as: RunAs) -> Container {
    Container {
        name: "agent".to_owned(),
        image: Some(agent_image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: Some(["/agent", "install", names::AGENT_PATH].map(str::to_owned).to_vec()),
        resources: Some(ResourceRequirements {
            limits: Some(quantities("100m", "32Mi")),
            requests: Some(quantities("10m", "32Mi")),
            ..ResourceRequirements::default()
        }),
        security_context: Some(container_security(run_as)),
        volume_mounts: Some(vec![agent_mount()]),
        ..Container::default()
    }
}

pub(super) fn agent_mount() -> VolumeMount {
    VolumeMount {
        name: AGENT_VOLUME.to_owned(),
        mount_path: names::AGENT_FOLDER.to_owned(),
        ..VolumeMount::default()
    }
}

pub(super) fn agent_volume() -> Volume {
    Volume {
        name: AGENT_VOLUME.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            size_limit: Some(Quantity("32Mi".to_owned())),
            ..EmptyDirVolumeSource::default()
        }),
        ..Volume::default()
    }
}

pub(super) fn named(name: &str) -> LocalObjectReference {
    LocalObjectReference { name: name.to_owned() }
}

pub(super) fn quantities(cpu: &str, memory: &str) -> BTreeMap<String, Quantity> {
    [("cpu", cpu), ("memory", memory)]
        .map(|(name, value)| (name.to_owned(), Quantity(value.to_owned())))
        .into()
}

/// What a pod's annotations say was asked of it.
#[must_use]
pub fn asked(meta: &ObjectMeta) -> Option<Asked> {
    let annotations = meta.annotations.as_ref()?;
    let step = annotations.get(names::STEP_ANNOTATION)?.clone();
    let reset = annotations.get(names::RESET_ANNOTATION)?.parse().ok()?;
    Some(Asked { step, reset })
}
