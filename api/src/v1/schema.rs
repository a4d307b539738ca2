//! Bounds that several fields share, as JSON schema.
//!
//! The API server computes the cost of every CEL rule from these bounds, so nothing is unbounded.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

/// Letters, digits and `-._`, beginning and ending with a letter or digit; may be empty.
const LABEL_VALUE: &str = "^([a-zA-Z0-9]([-a-zA-Z0-9._]*[a-zA-Z0-9])?)?$";

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

/// Conditions of an instance: at most 16, one of each type.
pub fn conditions(_: &mut SchemaGenerator) -> Schema {
    at_most_conditions(16)
}

/// Conditions of a template: at most 4, since a template may be nearly as large as etcd takes.
pub fn template_conditions(_: &mut SchemaGenerator) -> Schema {
    at_most_conditions(4)
}

/// Bounds and patterns are those of `metav1.Condition`; its message may be eight times longer.
fn at_most_conditions(most: u32) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": most,
        "items": {
            "type": "object",
            "description": "One fact about the object.",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": {
                    "type": "string",
                    "description": "What it is about, in CamelCase.",
                    "maxLength": 316,
                    "pattern": "^[-A-Za-z0-9_./]+$"
                },
                "status": {
                    "type": "string",
                    "description": "Whether it is so.",
                    "enum": ["True", "False", "Unknown"]
                },
                "reason": {
                    "type": "string",
                    "description": "Why, as one CamelCase word for programs.",
                    "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
                },
                "message": {
                    "type": "string",
                    "description": "Why, and what to do, for people.",
                    "maxLength": 4096
                },
                "observedGeneration": {
                    "type": "integer",
                    "description": "Generation of the spec that it speaks of.",
                    "format": "int64",
                    "minimum": 0
                },
                "lastTransitionTime": {
                    "type": "string",
                    "description": "When the status last flipped.",
                    "format": "date-time"
                }
            }
        },
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"]
    })
}

/// `sha256:` and 64 lower-case hexadecimal digits.
pub fn digest(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "maxLength": 71, "pattern": "^sha256:[a-f0-9]{64}$"})
}

/// Labels of class namespaces: at most eight equalities and eight expressions. One owner for all, as for
/// every selector of Kubernetes.
pub fn class_selector(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {
            "matchLabels": {
                "type": "object",
                "description": "Labels that the namespace has to have, all of them.",
                "maxProperties": 8,
                "additionalProperties": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE},
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
                            "maxLength": 317,
                            "pattern": "^[-a-zA-Z0-9._/]+$"
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
                            "items": {"type": "string", "maxLength": 63, "pattern": LABEL_VALUE}
                        }
                    }
                }
            }
        }
    })
}

/// Quantities by resource name, at most sixteen. One owner for all: a map that loses its last entry by
/// server-side apply would else become `null`.
pub fn quota(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 16,
        "x-kubernetes-map-type": "atomic",
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
