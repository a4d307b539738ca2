//! A class of its own for every journey, with everything that is in it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use api::conditions::condition_type;
use api::names;
use api::v1::{
    Resources, Settings, Step, TemplateRef, WorkspaceInstance, WorkspaceInstanceSpec, WorkspaceTemplate,
    WorkspaceTemplateSpec,
};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::{LiveError, StepImage, World, wait};

/// Label on what a journey makes outside its namespace; its value is the class.
const TEST_LABEL: &str = "workshop.platform/test";
/// Label on the class: id of the process that made it.
const PROCESS_LABEL: &str = "workshop.platform/test-process";

/// A class namespace of the journey, which nobody else has.
pub struct Class {
    /// The cluster.
    pub world: World,
    /// Name of the namespace; also repository of its images and first part of its templates' names.
    pub name: String,
}

impl Class {
    /// Makes one.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn open(world: World, word: &str) -> Result<Self, LiveError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let seconds = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            Self::close_leftovers(&world).await?;
        }
        let name = format!("{word}-{seconds}-{}-{number}", std::process::id());
        let mut namespace = Namespace::default();
        namespace.metadata.name = Some(name.clone());
        let process = std::process::id().to_string();
        let labels =
            [(names::ROLE_LABEL, names::role::CLASS), (TEST_LABEL, &name), (PROCESS_LABEL, &process)];
        namespace.metadata.labels =
            Some(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
        let made = Api::all(world.client.clone()).create(&PostParams::default(), &namespace).await;
        made.map_err(LiveError::api(format!("create class {name}")))?;
        Ok(Self { world, name })
    }

    /// Takes away the instances, which takes their workspaces away, then the templates, then the namespace.
    ///
    /// # Errors
    /// When something does not go.
    pub async fn close(&self) -> Result<(), LiveError> {
        let delete = DeleteParams::background();
        let fault = || LiveError::api(format!("empty class {}", self.name));
        let instances = self.instances();
        instances.delete_collection(&delete, &ListParams::default()).await.map_err(fault())?;
        for instance in instances.list(&ListParams::default()).await.map_err(fault())? {
            self.wait(&instance.name_any(), "gone", |instance| instance.is_none()).await?;
        }
        let ours = ListParams::default().labels(&format!("{TEST_LABEL}={}", self.name));
        self.templates().delete_collection(&delete, &ours).await.map_err(fault())?;
        let namespaces: Api<Namespace> = Api::all(self.world.client.clone());
        namespaces.delete(&self.name, &delete).await.map(drop).map_err(fault())
    }

    /// Takes away what test programs left that were killed: classes of processes that are no more.
    async fn close_leftovers(world: &World) -> Result<(), LiveError> {
        let namespaces: Api<Namespace> = Api::all(world.client.clone());
        let classes = namespaces.list(&ListParams::default().labels(TEST_LABEL)).await;
        for class in classes.map_err(LiveError::api("list classes of tests"))? {
            let process = class.labels().get(PROCESS_LABEL).map(String::as_str).unwrap_or_default();
            if class.metadata.deletion_timestamp.is_none() && !Path::new("/proc").join(process).is_dir() {
                Self { world: world.clone(), name: class.name_any() }.close().await?;
            }
        }
        Ok(())
    }

    /// The instances of the class.
    #[must_use]
    pub fn instances(&self) -> Api<WorkspaceInstance> {
        self.world.objects(&self.name)
    }

    /// The templates of the cluster.
    #[must_use]
    pub fn templates(&self) -> Api<WorkspaceTemplate> {
        Api::all(self.world.client.clone())
    }

    /// Pushes images of these steps and makes a template of them, named like the class.
    ///
    /// # Errors
    /// When registry or API server refuse.
    pub async fn workshop(&self, ids: &[&str]) -> Result<Vec<StepImage>, LiveError> {
        let images = self.world.images(&self.name, ids).await?;
        self.load(template(&self.name, images.iter().map(|image| image.step(&self.world)).collect())).await?;
        Ok(images)
    }

    /// Makes a template, or gives it this spec.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn load(&self, mut template: WorkspaceTemplate) -> Result<(), LiveError> {
        template.labels_mut().insert(TEST_LABEL.to_owned(), self.name.clone());
        let name = template.name_any();
        let params = PatchParams::apply("test").force();
        let applied = self.templates().patch(&name, &params, &Patch::Apply(&template)).await;
        applied.map(drop).map_err(LiveError::api(format!("load template {name}")))
    }

    /// An instance of the template of this name.
    #[must_use]
    pub fn instance(&self, name: &str, template: &str) -> WorkspaceInstance {
        let spec = WorkspaceInstanceSpec {
            template_ref: TemplateRef { name: template.to_owned() },
            owner: name.to_owned(),
            members: Vec::new(),
            overrides: None,
            current_step: None,
            reset_count: None,
            operating_mode: None,
            extension: None,
        };
        WorkspaceInstance::new(name, spec)
    }

    /// Makes an instance.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn create(&self, instance: &WorkspaceInstance) -> Result<WorkspaceInstance, LiveError> {
        let made = self.instances().create(&PostParams::default(), instance).await;
        made.map_err(LiveError::api(format!("create instance {}/{}", self.name, instance.name_any())))
    }

    /// Makes an instance of the class's own template and waits until its first step is ready.
    ///
    /// # Errors
    /// When it is refused, or not ready in time.
    pub async fn start(&self, name: &str) -> Result<WorkspaceInstance, LiveError> {
        self.create(&self.instance(name, &self.name)).await?;
        self.ready(name).await
    }

    /// Writes a field of action as gateway and plugin do: applied with the field's own manager (D9, D56).
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn act(&self, name: &str, manager: &str, spec: Value) -> Result<WorkspaceInstance, LiveError> {
        let applied =
            json!({"apiVersion": "workshop.platform/v1", "kind": "WorkspaceInstance", "spec": spec});
        let params = PatchParams::apply(manager).force();
        let acted = self.instances().patch(name, &params, &Patch::Apply(applied)).await;
        acted.map_err(LiveError::api(format!("{manager} of {}/{name}", self.name)))
    }

    /// Asks for a step.
    ///
    /// # Errors
    /// As [`Class::act`].
    pub async fn step(&self, name: &str, step: &str) -> Result<WorkspaceInstance, LiveError> {
        self.act(name, names::field_manager::STEP, json!({"currentStep": step})).await
    }

    /// Asks for a fresh start of the step.
    ///
    /// # Errors
    /// As [`Class::act`].
    pub async fn reset(&self, name: &str, count: i64) -> Result<WorkspaceInstance, LiveError> {
        self.act(name, names::field_manager::RESET, json!({"resetCount": count})).await
    }

    /// The instance as it is.
    ///
    /// # Errors
    /// When there is none.
    pub async fn get(&self, name: &str) -> Result<WorkspaceInstance, LiveError> {
        let got = self.instances().get(name).await;
        got.map_err(LiveError::api(format!("get instance {}/{name}", self.name)))
    }

    /// Watches an instance until `wanted` says yes; `None` stands for its absence.
    ///
    /// # Errors
    /// When it does not in time, with its last status.
    pub async fn wait(
        &self,
        name: &str,
        what: &str,
        wanted: impl Fn(Option<&WorkspaceInstance>) -> bool,
    ) -> Result<Option<WorkspaceInstance>, LiveError> {
        let show = |instance: &WorkspaceInstance| {
            format!(
                "generation {:?}, status {}",
                instance.metadata.generation,
                serde_json::to_string_pretty(&instance.status).unwrap_or_default()
            )
        };
        wait::watch(self.instances(), name, what, show, wanted).await
    }

    /// Waits until what the spec asks for now is ready.
    ///
    /// # Errors
    /// When it is not in time.
    pub async fn ready(&self, name: &str) -> Result<WorkspaceInstance, LiveError> {
        self.wait_for(name, condition_type::READY, "True", None).await
    }

    /// Waits until this condition speaks of the newest spec, with this status and, if one is named, this reason.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn wait_for(
        &self,
        name: &str,
        type_: &str,
        status: &str,
        reason: Option<&str>,
    ) -> Result<WorkspaceInstance, LiveError> {
        let wanted = |instance: Option<&WorkspaceInstance>| {
            instance.is_some_and(|instance| {
                condition(instance, type_).is_some_and(|found| {
                    found.observed_generation == instance.metadata.generation
                        && found.status == status
                        && reason.is_none_or(|reason| found.reason == reason)
                })
            })
        };
        let what = format!("{type_} is {status} {}", reason.unwrap_or_default());
        let found = self.wait(name, &what, wanted).await?;
        found.ok_or_else(|| LiveError::form(format!("instance {name}"), "gone"))
    }
}

/// The condition of this type.
#[must_use]
pub fn condition<'a>(instance: &'a WorkspaceInstance, type_: &str) -> Option<&'a Condition> {
    instance.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == type_)
}

/// A template of these steps, with limits so small that many workspaces fit on a node.
#[must_use]
pub fn template(name: &str, steps: Vec<Step>) -> WorkspaceTemplate {
    let resources = Resources { cpu: Some("500m".to_owned()), memory: Some("64Mi".to_owned()) };
    let spec = WorkspaceTemplateSpec {
        artifact: None,
        steps,
        defaults: Settings { resources: Some(resources), ..Settings::default() },
        override_policy: Vec::new(),
        image_pull_secrets: Vec::new(),
        network: None,
        allowed_classes: None,
        extra_quota: std::collections::BTreeMap::new(),
    };
    WorkspaceTemplate::new(name, spec)
}
