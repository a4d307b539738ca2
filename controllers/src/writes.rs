//! Every write of the operator: field manager, precondition and time limit stand here and nowhere else.

use std::collections::BTreeMap;

use api::names;
use api::v1::WorkspaceInstance;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchOperation, ReplaceOperation, TestOperation};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::calls::{call, created, describe, gone};
use crate::children::level_labels;
use crate::children::pod::annotations;
use crate::error::Error;
use crate::instance::Swap;

/// The operator's pen.
#[derive(Clone)]
pub struct Writes {
    client: Client,
}

impl std::fmt::Debug for Writes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writes")
    }
}

impl Writes {
    /// Writes through this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Creates a namespace. A taken name is an answer, not an error.
    ///
    /// # Errors
    /// Any other refusal.
    pub async fn create_namespace(&self, namespace: &Namespace) -> Result<Option<Namespace>, Error> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        created(namespace, api.create(&posted(), namespace)).await
    }

    /// Creates a pod. A taken name is an answer, not an error: the watch has not shown it yet.
    ///
    /// # Errors
    /// Any other refusal.
    pub async fn create_pod(&self, pod: &Pod) -> Result<Option<Pod>, Error> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), &pod.namespace().unwrap_or_default());
        created(pod, api.create(&posted(), pod)).await
    }

    /// Applies a child that is known to be missing or to differ.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn apply_child<K>(&self, child: &K) -> Result<(), Error>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + Serialize
            + DeserializeOwned,
    {
        let name = child.name_any();
        let api: Api<K> = Api::namespaced(self.client.clone(), &child.namespace().unwrap_or_default());
        let parameters = PatchParams::apply(names::OPERATOR).force();
        call("apply", || describe(child), api.patch(&name, &parameters, &Patch::Apply(child))).await?;
        Ok(())
    }

    /// Copies a secret of the operator's namespace into a workspace namespace.
    ///
    /// # Errors
    /// When there is no such secret, or the copy is refused.
    pub async fn copy_secret(
        &self,
        from: &str,
        name: &str,
        meta: kube::core::ObjectMeta,
    ) -> Result<(), Error> {
        let source: Api<Secret> = Api::namespaced(self.client.clone(), from);
        let missing = || Error::NoPullSecret { namespace: from.to_owned(), name: name.to_owned() };
        let source = call("read", || format!("pull secret {from}/{name}"), source.get_opt(name)).await?;
        let source = source.ok_or_else(missing)?;
        let copy = Secret { metadata: meta, data: source.data, type_: source.type_, ..Secret::default() };
        self.apply_child(&copy).await
    }

    /// The one patch of a move: refused (422) when the pod is another or its image is.
    ///
    /// # Errors
    /// When the API server refuses, the failed test included.
    pub async fn swap(&self, namespace: &str, swap: &Swap) -> Result<(), Error> {
        let image = PointerBuf::from_tokens(["spec", "containers", &swap.container.to_string(), "image"]);
        let mut operations = vec![
            PatchOperation::Test(TestOperation {
                path: PointerBuf::from_tokens(["metadata", "uid"]),
                value: json!(swap.uid),
            }),
            PatchOperation::Test(TestOperation { path: image.clone(), value: json!(swap.old_image) }),
            PatchOperation::Replace(ReplaceOperation { path: image, value: json!(swap.new_image) }),
        ];
        for (key, value) in annotations(&swap.asked, &swap.replaces) {
            operations.push(PatchOperation::Add(AddOperation {
                path: PointerBuf::from_tokens(["metadata", "annotations", &key]),
                value: json!(value),
            }));
        }
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let parameters =
            PatchParams { field_manager: Some(names::OPERATOR.to_owned()), ..PatchParams::default() };
        let patch = Patch::Json::<()>(json_patch::Patch(operations));
        let pod = || format!("pod {namespace}/{}", names::WORKSPACE);
        call("move", pod, api.patch_metadata(names::WORKSPACE, &parameters, &patch)).await?;
        Ok(())
    }

    /// Touches a pod of this uid, so that its kubelet looks at it now. A second touch is none.
    ///
    /// # Errors
    /// When it is gone or another, or the API server refuses.
    pub async fn touch_pod(&self, namespace: &str, name: &str, uid: &str) -> Result<(), Error> {
        let annotations: BTreeMap<_, _> = [(names::TOUCHED_ANNOTATION, "true")].into();
        let body = json!({"metadata": {"uid": uid, "annotations": annotations}});
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let (merge, patch) = (merge(), Patch::Merge(body));
        let patched = api.patch_metadata(name, &merge, &patch);
        call("touch", || format!("pod {namespace}/{name}"), patched).await?;
        Ok(())
    }

    /// Deletes a pod of this uid; one that is gone or another is left alone.
    ///
    /// # Errors
    /// When the API server refuses for another reason.
    pub async fn delete_pod(&self, namespace: &str, name: &str, uid: &str) -> Result<(), Error> {
        let api: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let deleted =
            call("delete", || format!("pod {namespace}/{name}"), api.delete(name, &of_uid(uid))).await;
        gone(deleted.map(|_| ()))
    }

    /// Deletes a namespace of this uid; one that is gone or another is left alone.
    ///
    /// # Errors
    /// When the API server refuses for another reason.
    pub async fn delete_namespace(&self, name: &str, uid: &str) -> Result<(), Error> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let deleted = call("delete", || format!("namespace {name}"), api.delete(name, &of_uid(uid))).await;
        gone(deleted.map(|_| ()))
    }

    /// Marks a namespace of this uid with a Pod Security level.
    ///
    /// # Errors
    /// When it is gone or another, or the API server refuses.
    pub async fn set_security_level(&self, name: &str, uid: &str, level: &str) -> Result<(), Error> {
        let labels: BTreeMap<_, _> = level_labels(level).into();
        let body = json!({"metadata": {"uid": uid, "labels": labels}});
        let api: Api<Namespace> = Api::all(self.client.clone());
        let (merge, patch) = (merge(), Patch::Merge(body));
        let patched = api.patch_metadata(name, &merge, &patch);
        call("label", || format!("namespace {name}"), patched).await?;
        Ok(())
    }

    /// Sets the finalizers of an instance, as it was seen; answers its new resourceVersion.
    ///
    /// # Errors
    /// 409 when somebody wrote it in between.
    pub async fn set_finalizers(
        &self,
        instance: &WorkspaceInstance,
        finalizers: &[String],
    ) -> Result<String, Error> {
        let body =
            json!({"metadata": {"finalizers": finalizers, "resourceVersion": instance.resource_version()}});
        let api = self.instances(instance);
        let (name, merge, patch) = (instance.name_any(), merge(), Patch::Merge(body));
        let patched = api.patch_metadata(&name, &merge, &patch);
        let patched = call("finalize", || describe(instance), patched).await?;
        Ok(patched.metadata.resource_version.unwrap_or_default())
    }

    /// Writes the operator's part of a status on this version of the instance: `status` is the
    /// difference. Answers the new resourceVersion.
    ///
    /// # Errors
    /// 409 when somebody wrote it in between.
    pub async fn patch_instance_status(
        &self,
        instance: &WorkspaceInstance,
        resource_version: &str,
        status: &serde_json::Value,
    ) -> Result<String, Error> {
        let body = json!({"metadata": {"resourceVersion": resource_version}, "status": status});
        let api = self.instances(instance);
        let (name, merge, patch) = (instance.name_any(), merge(), Patch::Merge(body));
        let patched = api.patch_status(&name, &merge, &patch);
        let patched = call("report", || describe(instance), patched).await?;
        Ok(patched.metadata.resource_version.unwrap_or_default())
    }

    /// Writes the status of a template, as it was seen.
    ///
    /// # Errors
    /// 409 when somebody wrote it in between.
    pub async fn patch_template_status(
        &self,
        template: &api::v1::WorkspaceTemplate,
        status: &api::v1::WorkspaceTemplateStatus,
    ) -> Result<(), Error> {
        let body = json!({"metadata": {"resourceVersion": template.resource_version()}, "status": status});
        let api: Api<api::v1::WorkspaceTemplate> = Api::all(self.client.clone());
        let (name, merge, patch) = (template.name_any(), merge(), Patch::Merge(body));
        let patched = api.patch_status(&name, &merge, &patch);
        call("report", || describe(template), patched).await?;
        Ok(())
    }

    fn instances(&self, instance: &WorkspaceInstance) -> Api<WorkspaceInstance> {
        Api::namespaced(self.client.clone(), &instance.namespace().unwrap_or_default())
    }
}

fn posted() -> PostParams {
    PostParams { field_manager: Some(names::OPERATOR.to_owned()), ..PostParams::default() }
}

fn merge() -> PatchParams {
    PatchParams { field_manager: Some(names::OPERATOR.to_owned()), ..PatchParams::default() }
}

fn of_uid(uid: &str) -> DeleteParams {
    DeleteParams {
        preconditions: Some(Preconditions { uid: Some(uid.to_owned()), resource_version: None }),
        ..DeleteParams::default()
    }
}
