//! Who may move a learner: the rule of D56 as a pure function over an object's metadata.
//!
//! Gateway and plugin apply their one field with force, unless the object is tracked by Argo CD or
//! Flux *and* the field belongs to another manager: then Git decides, and a forced apply would only
//! be undone at the next sync.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};

/// Field manager of everything that the plugin writes beside the fields of action.
pub const PLUGIN: &str = "kubectl-workshop";

const ARGO_TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
const ARGO_INSTANCE: &str = "argocd.argoproj.io/instance";
const COMMON_INSTANCE: &str = "app.kubernetes.io/instance";
const FLUX_LABELS: [&str; 2] = ["kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"];

/// A field that Git declares.
#[derive(Debug, PartialEq, Eq)]
pub struct Fixed {
    /// `Argo CD` or `Flux`.
    pub tracker: &'static str,
    /// Field manager that owns the field.
    pub manager: String,
}

/// Whether `spec.<field>` is fixed by Git; `own` is the field manager of the action.
#[must_use]
pub fn fixed(meta: &ObjectMeta, field: &str, own: &str) -> Option<Fixed> {
    let tracker = tracker(meta)?;
    let owner = entries(meta)
        .filter(|entry| owns(entry, field))
        .filter_map(|entry| entry.manager.as_deref())
        // What the plugin wrote when it made the object is nobody's declaration.
        .find(|manager| *manager != own && *manager != PLUGIN)?;
    Some(Fixed { tracker, manager: owner.to_owned() })
}

fn tracker(meta: &ObjectMeta) -> Option<&'static str> {
    let label = |key: &str| meta.labels.as_ref().is_some_and(|labels| labels.contains_key(key));
    let annotation = |key: &str| meta.annotations.as_ref().is_some_and(|all| all.contains_key(key));
    // Helm sets the common label as well, so that alone proves nothing: Argo CD must also have written.
    let written_by_argo =
        || entries(meta).any(|entry| entry.manager.as_deref().is_some_and(|name| name.starts_with("argocd")));
    if annotation(ARGO_TRACKING_ID) || label(ARGO_INSTANCE) || (label(COMMON_INSTANCE) && written_by_argo()) {
        Some("Argo CD")
    } else if FLUX_LABELS.into_iter().any(label) {
        Some("Flux")
    } else {
        None
    }
}

fn entries(meta: &ObjectMeta) -> impl Iterator<Item = &ManagedFieldsEntry> {
    meta.managed_fields
        .iter()
        .flatten()
        .filter(|entry| entry.subresource.as_deref().unwrap_or_default().is_empty())
}

fn owns(entry: &ManagedFieldsEntry, field: &str) -> bool {
    let Some(fields) = &entry.fields_v1 else { return false };
    fields.0.get("f:spec").and_then(|spec| spec.get(format!("f:{field}"))).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::names::field_manager::STEP;
    use serde_json::json;

    fn meta(labels: &[&str], annotations: &[&str], managers: &[(&str, &str)]) -> ObjectMeta {
        let keys = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), "x".to_owned())).collect();
        let entry = |(manager, field): &(&str, &str)| {
            serde_json::from_value(json!({
                "manager": manager, "operation": "Update", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:spec": {format!("f:{field}"): {}}}
            }))
            .unwrap()
        };
        ObjectMeta {
            labels: Some(keys(labels)),
            annotations: Some(keys(annotations)),
            managed_fields: Some(managers.iter().map(entry).collect()),
            ..ObjectMeta::default()
        }
    }

    fn manager(meta: &ObjectMeta) -> Option<String> {
        fixed(meta, "currentStep", STEP).map(|fixed| fixed.manager)
    }

    #[test]
    fn what_nobody_tracks_is_free_whoever_owns_the_field() {
        assert_eq!(manager(&meta(&[], &[], &[("kubectl-edit", "currentStep")])), None);
        assert_eq!(manager(&meta(&[COMMON_INSTANCE], &[], &[("helm", "currentStep")])), None);
    }

    #[test]
    fn a_tracked_field_of_another_manager_is_fixed() {
        let argo = [("argocd-controller", "currentStep")];
        for tracked in [
            meta(&[], &[ARGO_TRACKING_ID], &argo),
            meta(&[ARGO_INSTANCE], &[], &argo),
            meta(&[COMMON_INSTANCE], &[], &argo),
        ] {
            let found = fixed(&tracked, "currentStep", STEP).unwrap();
            assert_eq!(found, Fixed { tracker: "Argo CD", manager: "argocd-controller".to_owned() });
        }
        for label in FLUX_LABELS {
            let found =
                fixed(&meta(&[label], &[], &[("kustomize-controller", "currentStep")]), "currentStep", STEP);
            assert_eq!(found.unwrap().tracker, "Flux", "{label}");
        }
    }

    #[test]
    fn a_tracked_object_whose_field_git_leaves_out_is_free() {
        let other_field = [("argocd-controller", "owner")];
        assert_eq!(manager(&meta(&[], &[ARGO_TRACKING_ID], &other_field)), None);
        let ours = [("argocd-controller", "owner"), (STEP, "currentStep"), (PLUGIN, "currentStep")];
        assert_eq!(manager(&meta(&[], &[ARGO_TRACKING_ID], &ours)), None);
    }

    #[test]
    fn a_field_that_both_own_is_fixed() {
        let both = [(STEP, "currentStep"), ("argocd-controller", "currentStep")];
        assert_eq!(manager(&meta(&[], &[ARGO_TRACKING_ID], &both)).as_deref(), Some("argocd-controller"));
    }

    #[test]
    fn what_was_written_to_the_status_counts_for_nothing() {
        let mut tracked = meta(&[], &[ARGO_TRACKING_ID], &[("workshop-operator", "currentStep")]);
        for entry in tracked.managed_fields.iter_mut().flatten() {
            entry.subresource = Some("status".to_owned());
        }
        assert_eq!(manager(&tracked), None);
    }
}
