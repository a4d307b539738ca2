//! What `load` writes into a template that may be there already: a pure function.
//!
//! The plugin owns artifact, steps and defaults, and pull secrets when some were given. Override
//! policy, allowed classes, network and quota are the platform team's.

use api::v1::{WorkspaceTemplate, WorkspaceTemplateSpec};
use kube::Resource;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

/// What to do.
#[derive(Debug)]
pub enum Merged {
    /// Create this.
    New(DynamicObject),
    /// Replace the template by this; it carries the resourceVersion that was read.
    Changed(DynamicObject),
    /// Nothing: it says the same already.
    Unchanged(DynamicObject),
}

/// Puts what the artifact says into the template as it was found.
///
/// # Errors
/// When a value cannot be written as JSON.
pub fn merge(
    name: &str,
    found: Option<DynamicObject>,
    spec: &WorkspaceTemplateSpec,
    pull_secrets: &[String],
) -> Result<Merged, serde_json::Error> {
    let mut ours: Map<String, Value> = serde_json::from_value(serde_json::to_value(spec)?)?;
    ours.retain(|field, _| ["artifact", "steps", "defaults"].contains(&field.as_str()));
    if !pull_secrets.is_empty() {
        let names: Vec<Value> = pull_secrets.iter().map(|name| json!({"name": name})).collect();
        ours.insert("imagePullSecrets".to_owned(), names.into());
    }
    let Some(mut object) = found else {
        return Ok(Merged::New(serde_json::from_value(json!({
            "apiVersion": WorkspaceTemplate::api_version(&()), "kind": WorkspaceTemplate::kind(&()),
            "metadata": {"name": name}, "spec": ours,
        }))?));
    };
    let before = object.data.get("spec").cloned().unwrap_or_else(|| json!({}));
    let mut after = before.clone();
    if let Value::Object(fields) = &mut after {
        fields.extend(ours);
    }
    if after == before {
        return Ok(Merged::Unchanged(object));
    }
    if let Value::Object(data) = &mut object.data {
        data.insert("spec".to_owned(), after);
    }
    Ok(Merged::Changed(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(digit: &str) -> WorkspaceTemplateSpec {
        let digest = format!("sha256:{}", digit.repeat(64));
        serde_json::from_value(json!({
            "artifact": {"reference": "r.example/w:workshop.artifact", "digest": digest},
            "steps": [{"id": "intro", "title": "Intro", "image": {"reference": "r.example/w:intro", "digest": digest}}],
            "defaults": {"lifecycle": {"ttl": "4h"}}
        }))
        .unwrap()
    }

    fn made() -> DynamicObject {
        match merge("w", None, &spec("0"), &[]).unwrap() {
            Merged::New(object) => object,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_template_that_says_the_same_is_not_written() {
        assert!(matches!(merge("w", Some(made()), &spec("0"), &[]).unwrap(), Merged::Unchanged(_)));
    }

    #[test]
    fn fields_of_the_platform_team_stay() {
        let mut found = made();
        found.data["spec"]["overridePolicy"] = json!([{"path": "lifecycle.ttl", "rule": {"free": {}}}]);
        found.data["spec"]["imagePullSecrets"] = json!([{"name": "theirs"}]);
        found.data["spec"]["ofANewerVersion"] = json!(1);
        assert!(matches!(merge("w", Some(found.clone()), &spec("0"), &[]).unwrap(), Merged::Unchanged(_)));
        let Merged::Changed(after) = merge("w", Some(found.clone()), &spec("1"), &[]).unwrap() else {
            panic!()
        };
        for field in ["overridePolicy", "imagePullSecrets", "ofANewerVersion"] {
            assert_eq!(after.data["spec"][field], found.data["spec"][field], "{field}");
        }
        assert!(after.data["spec"]["steps"][0]["image"]["digest"].as_str().unwrap().ends_with("1"));
    }

    #[test]
    fn a_default_that_the_artifact_no_longer_sets_goes() {
        let mut fewer = spec("0");
        fewer.defaults = Default::default();
        let Merged::Changed(after) = merge("w", Some(made()), &fewer, &[]).unwrap() else { panic!() };
        assert_eq!(after.data["spec"]["defaults"], json!({}));
    }

    #[test]
    fn pull_secrets_are_written_only_if_given() {
        let secrets = ["mirror".to_owned()];
        let Merged::Changed(after) = merge("w", Some(made()), &spec("0"), &secrets).unwrap() else {
            panic!()
        };
        assert_eq!(after.data["spec"]["imagePullSecrets"], json!([{"name": "mirror"}]));
    }
}
