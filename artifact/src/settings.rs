//! `workspace.yaml` as rows: a path and a JSON value each.

use std::collections::BTreeMap;

use api::v1::Settings;
use serde_json::{Map, Value};

/// `lifecycle.mode` to `"ephemeral"`, and so on.
pub(crate) fn to_rows(settings: &Settings) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let mut rows = BTreeMap::new();
    flatten("", &serde_json::to_value(settings)?, &mut rows);
    Ok(rows)
}

fn flatten(path: &str, value: &Value, rows: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, rows);
            }
        }
        leaf => drop(rows.insert(path.to_owned(), leaf.to_string())),
    }
}

/// Back from rows. Every row has to be a setting.
pub(crate) fn from_rows(rows: &BTreeMap<String, String>) -> Result<Settings, String> {
    let mut root = Map::new();
    for (path, text) in rows {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))?;
        put(&mut root, path, value).ok_or_else(|| format!("{path}: both a value and a section"))?;
    }
    let settings: Settings =
        serde_json::from_value(Value::Object(root)).map_err(|error| format!("workspace: {error}"))?;
    let again = to_rows(&settings).map_err(|error| error.to_string())?;
    match rows.keys().find(|path| !again.contains_key(*path)) {
        Some(path) => Err(format!("workspace: \"{}\" is no setting", path.escape_debug())),
        None => Ok(settings),
    }
}

fn put(root: &mut Map<String, Value>, path: &str, value: Value) -> Option<()> {
    match path.split_once('.') {
        None => root.insert(path.to_owned(), value).is_none().then_some(()),
        Some((section, rest)) => {
            let section = root.entry(section).or_insert_with(|| Value::Object(Map::new()));
            put(section.as_object_mut()?, rest, value)
        }
    }
}
