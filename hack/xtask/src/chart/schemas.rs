//! JSON schemas for kubeconform, from the OpenAPI description of Kubernetes and from our definitions.
//!
//! Unlike the API server, which drops unknown fields, these schemas refuse them: a misspelt field of a
//! template is found here.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::ChartError;

const SHARED: &str = "_definitions.json";
const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";

/// Writes a file for each kind to `out`.
///
/// # Errors
/// When `swagger` cannot be read or is no OpenAPI description, or when `out` cannot be written.
pub fn write(swagger: &Path, out: &Path) -> Result<(), ChartError> {
    let text = fs::read_to_string(swagger).map_err(ChartError::file(swagger))?;
    let mut document: Value =
        serde_json::from_str(&text).map_err(|fault| ChartError::content(swagger, fault))?;
    let definitions = document.get_mut("definitions").and_then(Value::as_object_mut).ok_or_else(|| {
        ChartError::content(swagger, "has no definitions; name swagger.json of k8s.io/kubernetes")
    })?;
    definitions.insert(QUANTITY.to_owned(), json!({"type": ["string", "number"]}));
    definitions.values_mut().for_each(close);

    fs::create_dir_all(out).map_err(ChartError::file(out))?;
    for (name, definition) in definitions.iter() {
        for file in files_of(definition) {
            put(&out.join(file), &json!({"$ref": format!("{SHARED}#/definitions/{name}")}))?;
        }
    }
    put(&out.join(SHARED), &json!({"definitions": definitions}))?;
    for (file, schema) in own(swagger)? {
        put(&out.join(file), &schema)?;
    }
    Ok(())
}

/// `<kind>-<first part of the group>-<version>.json`, as kubeconform looks for them.
fn file_name(kind: &str, group: &str, version: &str) -> String {
    let group = group.split('.').next().filter(|group| !group.is_empty());
    let group = group.map_or_else(String::new, |group| format!("-{group}"));
    format!("{}{group}-{version}.json", kind.to_lowercase())
}

fn files_of(definition: &Value) -> Vec<String> {
    let kinds = definition.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
    let word = |kind: &Value, key: &str| kind.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match kinds.map(Vec::as_slice) {
        // More than one: options of requests, which no file holds.
        Some([kind]) => vec![file_name(&word(kind, "kind"), &word(kind, "group"), &word(kind, "version"))],
        _ => Vec::new(),
    }
}

/// Refuses unknown fields and translates what OpenAPI says differently than JSON schema.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            close_object(object);
            object.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn close_object(object: &mut Map<String, Value>) {
    if object.get("properties").is_some_and(Value::is_object)
        && !object.contains_key("additionalProperties")
        && !object.contains_key("x-kubernetes-preserve-unknown-fields")
    {
        object.insert("additionalProperties".to_owned(), json!(false));
    }
    if object.get("format").and_then(Value::as_str) == Some("int-or-string") {
        object.insert("type".to_owned(), json!(["string", "integer"]));
    }
}

/// Schemas of both kinds; their metadata is that of every object.
fn own(swagger: &Path) -> Result<Vec<(String, Value)>, ChartError> {
    let mut all = Vec::new();
    for crd in api::crds::all() {
        for version in &crd.spec.versions {
            let schema = version.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref());
            let mut schema =
                serde_json::to_value(schema).map_err(|fault| ChartError::content(swagger, fault))?;
            if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
                let metadata =
                    format!("{SHARED}#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
                fields.insert("metadata".to_owned(), json!({"$ref": metadata}));
                fields.insert("apiVersion".to_owned(), json!({"type": "string"}));
                fields.insert("kind".to_owned(), json!({"type": "string"}));
            }
            close(&mut schema);
            all.push((file_name(&crd.spec.names.kind, &crd.spec.group, &version.name), schema));
        }
    }
    Ok(all)
}

fn put(path: &Path, value: &Value) -> Result<(), ChartError> {
    fs::write(path, value.to_string()).map_err(ChartError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_as_kubeconform_looks_for_them() {
        assert_eq!(file_name("Deployment", "apps", "v1"), "deployment-apps-v1.json");
        assert_eq!(file_name("ClusterRole", "rbac.authorization.k8s.io", "v1"), "clusterrole-rbac-v1.json");
        assert_eq!(file_name("ServiceAccount", "", "v1"), "serviceaccount-v1.json");
    }

    #[test]
    fn unknown_fields_are_refused_and_free_ones_stay_free() {
        let mut schema = json!({
            "properties": {
                "port": {"type": "string", "format": "int-or-string"},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}}
            }
        });
        close(&mut schema);
        assert_eq!(
            schema,
            json!({
                "properties": {
                    "port": {"type": ["string", "integer"], "format": "int-or-string"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}}
                },
                "additionalProperties": false
            })
        );
    }
}
