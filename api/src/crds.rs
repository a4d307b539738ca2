//! The custom resource definitions, as the cluster stores them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;

use crate::v1;

/// Both definitions, in the order in which they are installed.
#[must_use]
pub fn all() -> Vec<CustomResourceDefinition> {
    let mut all = vec![v1::WorkspaceTemplate::crd(), v1::WorkspaceInstance::crd()];
    for version in all.iter_mut().flat_map(|crd| crd.spec.versions.iter_mut()) {
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            forbid_null(schema);
        }
    }
    all
}

/// Leaves `nullable` to objects that may be empty and takes it from everything else.
///
/// The API server drops a `null` where it is not allowed, so that a field is either there or absent; a
/// stored `null` would be a third thing that no rule knows. Objects that may be empty need it:
/// server-side apply makes `null` of an object that loses its last field (`overrides: {}`).
fn forbid_null(schema: &mut JSONSchemaProps) {
    let may_be_empty = schema.properties.is_some() && schema.required.as_ref().is_none_or(Vec::is_empty);
    if !may_be_empty {
        schema.nullable = None;
    }
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &mut schema.items {
        forbid_null(item);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &mut schema.additional_properties {
        forbid_null(value);
    }
    schema.properties.iter_mut().flatten().for_each(|(_, field)| forbid_null(field));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plural or a group can never be changed once objects are stored under it.
    #[test]
    fn names_are_what_they_will_always_be() {
        let names: Vec<_> = all().into_iter().filter_map(|crd| crd.metadata.name).collect();
        assert_eq!(names, ["workspacetemplates.workshop.platform", "workspaceinstances.workshop.platform"]);
    }

    /// What `kubectl explain` shows is all that many people read.
    #[test]
    fn every_field_is_described_and_bounded() {
        let mut faults = Vec::new();
        for crd in all() {
            for version in &crd.spec.versions {
                let schema = version.schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
                inspect(&crd.spec.names.kind, schema, &mut faults);
            }
        }
        assert_eq!(faults, Vec::<String>::new());
    }

    fn inspect(path: &str, schema: &JSONSchemaProps, faults: &mut Vec<String>) {
        let bounded = match schema.type_.as_deref() {
            Some("string") => {
                schema.max_length.is_some() || schema.enum_.is_some() || schema.format.is_some()
            }
            Some("array") => schema.max_items.is_some(),
            Some("object") => schema.additional_properties.is_none() || schema.max_properties.is_some(),
            _ => true,
        };
        if !bounded {
            faults.push(format!("{path}: no bound"));
        }
        if schema.nullable.is_some() && (schema.properties.is_none() || schema.required.is_some()) {
            faults.push(format!("{path}: nullable"));
        }
        for (name, field) in schema.properties.iter().flatten() {
            let path = format!("{path}.{name}");
            if field.description.as_deref().unwrap_or_default().is_empty() {
                faults.push(format!("{path}: no description"));
            }
            inspect(&path, field, faults);
        }
        if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
            inspect(&format!("{path}[]"), item, faults);
        }
        if let Some(JSONSchemaPropsOrBool::Schema(value)) = &schema.additional_properties {
            inspect(&format!("{path}.*"), value, faults);
        }
    }
}
