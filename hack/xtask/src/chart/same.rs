//! Whether the chart and `config/default` install the same objects.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::ChartError;

/// What only an installation by Helm carries.
const HELM_LABELS: [&str; 5] = [
    "app.kubernetes.io/name",
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
];
/// Helm leaves the namespace to whoever installs.
const ONLY_IN_CONFIG: &str = "Namespace/workshop-system";

type Objects = BTreeMap<String, Value>;

/// Compares two rendered installations.
///
/// # Errors
/// When a file cannot be read or is no YAML, or when the installations differ.
pub fn compare(chart: &Path, config: &Path) -> Result<(), ChartError> {
    let (chart, mut config) = (read(chart)?, read(config)?);
    config.remove(ONLY_IN_CONFIG);
    let faults = differences(&chart, &config);
    if faults.is_empty() { Ok(()) } else { Err(ChartError::Differ(faults)) }
}

fn read(path: &Path) -> Result<Objects, ChartError> {
    let text = fs::read_to_string(path).map_err(ChartError::file(path))?;
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(&text).map_err(|fault| ChartError::content(path, fault))?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).map(named).collect())
}

/// `kind/name`, and the object without what only Helm adds.
fn named(mut object: Value) -> (String, Value) {
    let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = format!("{}/{}", word("/kind"), word("/metadata/name"));
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            labels.retain(|label, _| !HELM_LABELS.contains(&label.as_str()));
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove("helm.sh/resource-policy");
        }
        metadata.retain(|_, value| value.as_object().is_none_or(|object| !object.is_empty()));
    }
    (name, object)
}

fn differences(chart: &Objects, config: &Objects) -> Vec<String> {
    let names: BTreeSet<&String> = chart.keys().chain(config.keys()).collect();
    let mut faults = Vec::new();
    for name in names {
        match (chart.get(name), config.get(name)) {
            (Some(chart), Some(config)) => walk(name, chart, config, &mut faults),
            (Some(_), None) => faults.push(format!("  {name}: only in the chart")),
            (None, _) => faults.push(format!("  {name}: only in config/default")),
        }
    }
    faults
}

/// Lists the paths at which two values differ. The order of fields does not count.
fn walk(path: &str, chart: &Value, config: &Value, faults: &mut Vec<String>) {
    match (chart, config) {
        (Value::Object(left), Value::Object(right)) => {
            for key in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                walk(&format!("{path}.{key}"), &of(left), &of(right), faults);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (position, (left, right)) in left.iter().zip(right).enumerate() {
                walk(&format!("{path}[{position}]"), left, right, faults);
            }
        }
        _ if equal(chart, config) => {}
        _ => faults.push(format!("  {path}: chart {chart}, config {config}")),
    }
}

/// Numbers are equal by value: `0` and `0.0` are the same bound.
fn equal(left: &Value, right: &Value) -> bool {
    left == right || (left.is_number() && left.as_f64() == right.as_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str) -> Objects {
        serde_saphyr::from_multiple::<Value>(text).unwrap().into_iter().map(named).collect()
    }

    #[test]
    fn what_helm_adds_does_not_count() {
        let chart = objects("kind: A\nmetadata: {name: x, labels: {helm.sh/chart: w, mine: y}}\nn: 1.0\n");
        let config = objects("n: 1\nkind: A\nmetadata: {labels: {mine: y}, name: x}\n");
        assert_eq!(differences(&chart, &config), Vec::<String>::new());
    }

    #[test]
    fn differences_are_named_by_path() {
        let chart =
            objects("kind: A\nmetadata: {name: x}\nlist: [1, 2]\n---\nkind: B\nmetadata: {name: other}\n");
        let config = objects("kind: A\nmetadata: {name: x}\nlist: [1, 3]\nmore: true\n");
        assert_eq!(
            differences(&chart, &config),
            [
                "  A/x.list[1]: chart 2, config 3",
                "  A/x.more: chart null, config true",
                "  B/other: only in the chart"
            ]
        );
    }
}
