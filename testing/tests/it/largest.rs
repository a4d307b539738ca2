//! The largest object that a schema admits, made from the schema itself, so that no bound is forgotten.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::{Map, Value, json};

/// The character that takes most room where any is allowed: JSON in etcd writes it as `\u003c`.
const WIDEST: &str = "<";

/// Values of full length for patterns that do not admit one letter again and again.
fn of_pattern(pattern: &str, most: usize) -> String {
    match pattern {
        "^sha256:[a-f0-9]{64}$" => format!("sha256:{}", "f".repeat(64)),
        "^([0-9]{1,5}h)?([0-9]{1,6}m)?([0-9]{1,7}s)?$" => "99999h999999m9999999s".to_owned(),
        r"^(v?[0-9]+\.[0-9]+(\.[0-9]+)?)?$" => format!("v1.{}", "3".repeat(most - 3)),
        _ => "a".repeat(most),
    }
}

fn longest_text(schema: &JSONSchemaProps) -> String {
    let most = usize::try_from(schema.max_length.unwrap_or_default()).unwrap();
    let rule =
        schema.x_kubernetes_validations.iter().flatten().map(|rule| rule.rule.as_str()).collect::<String>();
    if let Some(values) = &schema.enum_ {
        let words = values.iter().map(|value| value.0.as_str().unwrap());
        return words.max_by_key(|word| word.len()).unwrap().to_owned();
    }
    match (&schema.pattern, &schema.format) {
        (_, Some(format)) if format == "date-time" => "2026-01-02T03:04:05Z".to_owned(),
        (Some(pattern), _) => of_pattern(pattern, most),
        _ if rule.contains("isQuantity") => format!("{}1", "0".repeat(most - 1)),
        _ if rule.contains("isCIDR") => "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128".to_owned(),
        _ => WIDEST.repeat(most),
    }
}

/// The largest value of `schema`.
pub fn largest(schema: &JSONSchemaProps) -> Value {
    match schema.type_.as_deref() {
        Some("string") => json!(longest_text(schema)),
        Some("boolean") => json!(false),
        Some("integer") if schema.format.as_deref() == Some("int32") => {
            json!(schema.maximum.map_or(i64::from(i32::MAX), |most| most as i64))
        }
        Some("integer") => json!(i64::MAX),
        Some("array") => largest_list(schema),
        _ => largest_object(schema),
    }
}

fn largest_list(schema: &JSONSchemaProps) -> Value {
    let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items else { panic!("a list without items") };
    let most = usize::try_from(schema.max_items.unwrap()).unwrap();
    let key = schema.x_kubernetes_list_map_keys.iter().flatten().next();
    let items = (0..most).map(|position| match key {
        Some(key) => {
            let mut value = largest(item);
            value[key] = distinct(&item.properties.as_ref().unwrap()[key], position);
            value
        }
        None if item.type_.as_deref() == Some("string") => distinct(item, position),
        None => largest(item),
    });
    Value::Array(items.collect())
}

/// One of many different values of the same full length.
fn distinct(schema: &JSONSchemaProps, position: usize) -> Value {
    if let Some(values) = &schema.enum_ {
        return values[position].0.clone();
    }
    let number = format!("a{position:03}");
    json!(number.clone() + longest_text(schema).get(number.len()..).unwrap())
}

fn largest_object(schema: &JSONSchemaProps) -> Value {
    let mut object = Map::new();
    for (name, field) in schema.properties.iter().flatten() {
        object.insert(name.clone(), largest(field));
    }
    // Exactly one of several: the largest one.
    if schema.one_of.is_some() {
        let widest =
            object.iter().max_by_key(|(_, value)| value.to_string().len()).map(|(name, _)| name.clone());
        object.retain(|name, _| Some(name) == widest.as_ref());
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &schema.additional_properties {
        for position in 0..schema.max_properties.unwrap() {
            object.insert(format!("{position:03}{}", WIDEST.repeat(314)), largest(value));
        }
    }
    Value::Object(object)
}
