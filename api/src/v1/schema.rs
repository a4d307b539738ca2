//! Bounds that several fields share, as JSON schema.
//!
//! The API server computes the cost of every CEL rule from these bounds, so nothing is unbounded.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

/// A duration in hours, minutes and seconds, `1h30m`. At most 24 characters.
pub fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 24,
        "pattern": "^([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,7}s)?$",
        "minLength": 2
    })
}

/// A [`duration`] that is not zero.
pub fn positive_duration(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = duration(generator);
    schema.insert(
        "x-kubernetes-validations".to_owned(),
        json!([{"rule": "self.matches('[1-9]')", "message": "must be longer than zero, for example 30m"}]),
    );
    schema
}

/// A Kubernetes quantity. At most 32 characters; that it is one is left to `isQuantity` of CEL.
pub fn quantity(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 32,
        "x-kubernetes-validations": [{
            "rule": "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
            "message": "must be a Kubernetes quantity above zero, for example 500m or 1Gi"
        }]
    })
}

/// Conditions: at most 16, one of each type.
pub fn conditions(generator: &mut SchemaGenerator) -> Schema {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
    let mut condition = generator.subschema_for::<Condition>();
    condition = json_schema!({
        "type": "object",
        "description": condition.get("description").cloned().unwrap_or_default(),
        "required": ["type", "status", "reason", "message", "lastTransitionTime"],
        "properties": {
            "type": {"type": "string", "maxLength": 316,
                "description": "What it is about, in CamelCase."},
            "status": {"type": "string", "enum": ["True", "False", "Unknown"],
                "description": "Whether it is so."},
            "reason": {"type": "string", "minLength": 1, "maxLength": 1024,
                "description": "Why, as one CamelCase word for programs."},
            "message": {"type": "string", "maxLength": 4096,
                "description": "Why, and what to do, for people."},
            "observedGeneration": {"type": "integer", "format": "int64", "minimum": 0,
                "description": "Generation of the spec that it speaks of."},
            "lastTransitionTime": {"type": "string", "format": "date-time",
                "description": "When the status last flipped."}
        }
    });
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "items": condition,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"]
    })
}

/// `sha256:` and 64 lower-case hexadecimal digits.
pub fn digest(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 71, "pattern": "^sha256:[a-f0-9]{64}$"})
}

/// Labels of class namespaces: at most eight equalities and eight expressions.
pub fn class_selector(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "matchLabels": {
                "type": "object",
                "description": "Labels that the namespace has to have, all of them.",
                "maxProperties": 8,
                "additionalProperties": {"type": "string", "maxLength": 63},
                "x-kubernetes-validations": [key_length(317)]
            },
            "matchExpressions": {
                "type": "array",
                "description": "Expressions that have to hold, all of them.",
                "maxItems": 8,
                "items": {
                    "type": "object",
                    "required": ["key", "operator"],
                    "properties": {
                        "key": {
                            "type": "string",
                            "description": "Key of a label.",
                            "minLength": 1,
                            "maxLength": 317
                        },
                        "operator": {
                            "type": "string",
                            "description": "How the label is compared with the values.",
                            "enum": ["In", "NotIn", "Exists", "DoesNotExist"]
                        },
                        "values": {
                            "type": "array",
                            "description": "Values for In and NotIn.",
                            "maxItems": 16,
                            "items": {"type": "string", "maxLength": 63}
                        }
                    }
                }
            }
        }
    })
}

/// Quantities by resource name, at most sixteen.
pub fn quota(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 16,
        "additionalProperties": quantity(generator),
        "x-kubernetes-validations": [key_length(317)]
    })
}

/// Bounds the keys of a map, which `maxLength` cannot.
fn key_length(most: u32) -> serde_json::Value {
    json!({
        "rule": format!("self.all(key, key.size() <= {most})"),
        "message": format!("keys have at most {most} characters")
    })
}
