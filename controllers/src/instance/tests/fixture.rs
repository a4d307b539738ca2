//! An instance with everything around it, in words.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use api::conditions::{condition, condition_type, reason};
use api::names;
use api::v1::{CurrentStep, Launch, Phase, WorkspaceInstance, WorkspaceInstanceStatus, WorkspaceTemplate};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use wire::Digest;

use super::pod::PodFixture;
use crate::children::{Children, Owner, seal};
use crate::config::{Bounds, Config, built_in_settings};
use crate::instance::check::{Checked, Refusal, check};
use crate::instance::gather::{Gathered, NamespaceSeen};
use crate::instance::plan::{Planned, plan};
use crate::instance::pulled::Pulled;
use crate::instance::seen::PodSeen;
use crate::instance::stage::Stage;
use crate::instance::status::next_status;
use crate::instance::wishes::Progress;
use crate::settings::Effective;
use crate::stores::Seals;

/// The time of every test.
pub fn now() -> jiff::Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

/// This many seconds before [`now`].
pub fn ago(seconds: i64) -> jiff::Timestamp {
    now() - jiff::SignedDuration::from_secs(seconds)
}

/// The digest of this seed.
pub fn digest(seed: u8) -> Digest {
    Digest::from_sha256(&[seed; 32])
}

/// A reference of the workshop's repository.
pub fn image(tag: &str, seed: u8) -> String {
    format!("localhost:5000/w:{tag}@{}", digest(seed))
}

/// Configuration of every test.
pub fn config() -> Config {
    Config {
        namespace: "workshop-system".to_owned(),
        service_account: "workshop-operator".to_owned(),
        agent_image: "localhost:5000/agent@sha256:0".to_owned(),
        defaults: built_in_settings(),
        allow_root_without_user_namespace: false,
        concurrency: 4,
        bounds: Bounds::default(),
    }
}

/// A pull that began this many seconds ago.
pub fn pulling_for(seconds: i64) -> Pulled {
    Pulled::Pulling { uid: "pull-2".to_owned(), since: ago(seconds) }
}

/// A wish of this age, in one stage all the time.
pub fn progress(seconds: u64) -> Progress {
    let passed = Duration::from_secs(seconds);
    let since = ago(i64::try_from(seconds).unwrap());
    Progress { since, elapsed: passed, in_lane: passed, in_stage: passed }
}

/// An instance with everything around it.
pub struct Fixture {
    /// For changes beyond the words below.
    pub config: Config,
    pub instance: Value,
    pub template: Option<Value>,
    pub status: Option<WorkspaceInstanceStatus>,
    pub class_labels: Option<Value>,
    pub user_namespaces: bool,
    pub seals: Option<Seals>,
    pub namespace: Option<NamespaceSeen>,
    pod: Option<PodFixture>,
    /// By seed of the digest.
    pub pulls: HashMap<u8, Pulled>,
}

impl Fixture {
    /// `monday/ana` of a template with steps one, two and three (digests 1, 2, 3): her namespace
    /// stands with its protections, and nothing else.
    pub fn new() -> Self {
        let step = |id: &str, seed: u8| json!({"id": id, "title": id, "image": {"reference": image(id, seed), "digest": digest(seed)}});
        Self {
            config: config(),
            instance: json!({
                "apiVersion": "workshop.platform/v1", "kind": "WorkspaceInstance",
                "metadata": {"namespace": "monday", "name": "ana", "uid": "ana-1", "generation": 1,
                    "resourceVersion": "100", "finalizers": [names::FINALIZER]},
                "spec": {"templateRef": {"name": "shell"}, "owner": "ana"}
            }),
            template: Some(json!({
                "apiVersion": "workshop.platform/v1", "kind": "WorkspaceTemplate",
                "metadata": {"name": "shell", "uid": "shell-1", "generation": 1, "resourceVersion": "90"},
                "spec": {"steps": [step("one", 1), step("two", 2), step("three", 3)]}
            })),
            status: None,
            class_labels: None,
            user_namespaces: true,
            seals: None,
            namespace: Some(NamespaceSeen {
                uid: "ns-1".to_owned(),
                ours: true,
                deleting: false,
                level: Some("restricted".to_owned()),
            }),
            pod: None,
            pulls: HashMap::new(),
        }
    }

    /// Sets a field of the instance's spec.
    pub fn spec(mut self, field: &str, value: Value) -> Self {
        self.instance["spec"][field] = value;
        self
    }

    /// Sets a field of the template's spec.
    pub fn template(mut self, field: &str, value: Value) -> Self {
        self.template.as_mut().unwrap()["spec"][field] = value;
        self
    }

    /// Gives a step of the template another digest.
    pub fn rebuilt(mut self, step: usize, seed: u8) -> Self {
        self.template.as_mut().unwrap()["spec"]["steps"][step]["image"]["digest"] = json!(digest(seed));
        self
    }

    /// Asks for this step, in this generation of the spec.
    pub fn step(mut self, id: &str, generation: i64) -> Self {
        self.instance["metadata"]["generation"] = json!(generation);
        self.spec("currentStep", json!(id))
    }

    /// The workspace pod.
    pub fn pod(mut self, pod: PodFixture) -> Self {
        self.pod = Some(pod);
        self
    }

    /// What is known of an image on the node.
    pub fn pull(mut self, seed: u8, pulled: Pulled) -> Self {
        self.pulls.insert(seed, pulled);
        self
    }

    /// Status as after the proof of this step, an hour ago.
    pub fn proven(mut self, step: &str, seed: u8) -> Self {
        let at = Time(ago(3600));
        let ready = condition(condition_type::READY, true, reason::AS_WANTED, "", Some(1), at.0);
        self.status = Some(WorkspaceInstanceStatus {
            phase: Some(Phase::Running),
            observed_generation: Some(1),
            started_at: Some(at.clone()),
            launch: Some(Launch::Cold),
            reset_count: Some(0),
            template_revision: Some("rev-1".to_owned()),
            current_step: Some(CurrentStep {
                id: step.to_owned(),
                digest: digest(seed).to_string(),
                since: at,
            }),
            conditions: vec![ready],
            ..WorkspaceInstanceStatus::default()
        });
        self
    }

    /// The instance as an object.
    pub fn object(&self) -> WorkspaceInstance {
        let mut instance: WorkspaceInstance = serde_json::from_value(self.instance.clone()).unwrap();
        instance.status = self.status.clone();
        instance
    }

    /// The template as an object.
    pub fn template_object(&self) -> Option<WorkspaceTemplate> {
        self.template.clone().map(|template| serde_json::from_value(template).unwrap())
    }

    /// Names of the workspace.
    pub fn owner(&self) -> Owner {
        Owner {
            class: "monday".to_owned(),
            name: "ana".to_owned(),
            uid: "ana-1".to_owned(),
            namespace: names::workspace_namespace("monday", "ana"),
        }
    }

    /// The pod as an object.
    pub fn pod_object(&self) -> Option<k8s_openapi::api::core::v1::Pod> {
        self.pod.clone().map(|pod| pod.within(&self.owner().namespace).build())
    }

    /// Protections as they should be.
    pub fn children(&self) -> Option<Children> {
        let instance = self.object();
        let effective = Effective::of(
            &self.config.defaults,
            &self.template_object()?.spec,
            instance.spec.overrides.as_ref(),
        );
        Some(Children::of(&self.owner(), &effective, &self.config))
    }

    /// Everything gathered, at [`now`].
    pub fn gathered(&self) -> Gathered {
        let sealed = self.children().map(|children| Seals {
            resource_quota: seal(&children.resource_quota.metadata).map(str::to_owned),
            limit_range: seal(&children.limit_range.metadata).map(str::to_owned),
            network_policy: seal(&children.network_policy.metadata).map(str::to_owned),
            service_account: seal(&children.service_account.metadata).map(str::to_owned),
            role_binding: seal(&children.role_binding.metadata).map(str::to_owned),
            operator_binding: seal(&children.operator_binding.metadata).map(str::to_owned),
        });
        Gathered {
            instance: Arc::new(self.object()),
            owner: self.owner(),
            template: self.template_object().map(Arc::new),
            revision: self.template.as_ref().map(|_| "rev-1".to_owned()),
            class_labels: self.class_labels.clone().map(|labels| serde_json::from_value(labels).unwrap()),
            namespace: self.namespace.clone(),
            seals: self.seals.clone().or(sealed).unwrap_or_default(),
            pod: self.pod_object().map(|pod| PodSeen::of(&pod)),
            user_namespaces: self.user_namespaces,
            now: now(),
        }
    }

    /// Asks the rules.
    pub fn check(&self) -> Result<Checked, Refusal> {
        check(&self.gathered(), &self.config)
    }

    /// Asks the rules and plans.
    pub fn plan(&self) -> Planned {
        let pulled = |_: &str, wanted: &Digest| {
            let known = self.pulls.iter().find(|(seed, _)| digest(**seed) == *wanted);
            known.map_or(Pulled::Unknown, |(_, pulled)| pulled.clone())
        };
        plan(&self.gathered(), self.check(), &self.config, pulled)
    }

    /// Status in this stage of a wish of this age.
    pub fn status_in(&self, stage: &Stage, progress: &Progress) -> WorkspaceInstanceStatus {
        let asked = self.check().map(|checked| checked.asked).unwrap();
        next_status(&self.gathered(), stage, &asked, progress, &self.config.bounds)
    }
}
