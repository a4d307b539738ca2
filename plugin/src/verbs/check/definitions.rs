//! Both kinds: installed, established, `v1` served and stored, with the schema of this program.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, ResourceExt};

use super::catalogue::{DEFINITIONS_SCHEMA, DEFINITIONS_SERVED, DEFINITIONS_STORED};
use super::finding::Finding;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;

const INSTALL: &str = "install or upgrade the chart with crds.enabled=true, or kubectl apply -k config/crd";
/// The one version that this program reads and writes, and that is to be stored (D11).
const V1: &str = "v1";

pub async fn check(context: &Context) -> Vec<Finding> {
    let definitions: Api<CustomResourceDefinition> = Api::all(context.client.clone());
    let mut found = Vec::new();
    for wanted in api::crds::all() {
        let name = wanted.name_any();
        match context.call(format!("read definition {name}"), definitions.get_opt(&name)).await {
            Ok(Some(installed)) => found.push((installed, wanted)),
            Ok(None) => return vec![missing(&name)],
            Err(error) if error.report().exit == Exit::NotAllowed => return served(context).await,
            Err(error) => return vec![Finding::unseen(DEFINITIONS_SERVED, &error)],
        }
    }
    let bad = found.iter().find_map(|(installed, _)| unserved(installed));
    match bad {
        Some(finding) => vec![finding],
        None => {
            let ok = Finding::ok(DEFINITIONS_SERVED, "templates and instances are served as v1");
            vec![ok, stored(&found), schema(&found)]
        }
    }
}

/// Who may not read definitions can still see what the API server serves.
async fn served(context: &Context) -> Vec<Finding> {
    let group_version = format!("{}/{V1}", api::names::GROUP);
    let doing = format!("list the kinds of {group_version}");
    let answer: Result<_, Error> =
        context.call(doing, context.client.list_api_group_resources(&group_version)).await;
    let kinds = match answer {
        Ok(list) => list.resources,
        Err(error) if error.report().exit == Exit::NotFound => Vec::new(),
        Err(error) => return vec![Finding::unseen(DEFINITIONS_SERVED, &error)],
    };
    for wanted in api::crds::all() {
        if !kinds.iter().any(|kind| kind.name == wanted.spec.names.plural) {
            return vec![missing(&wanted.name_any())];
        }
    }
    vec![Finding::ok(DEFINITIONS_SERVED, "templates and instances are served as v1")]
}

fn missing(name: &str) -> Finding {
    Finding::fail(DEFINITIONS_SERVED, format!("{name} is not installed"), INSTALL)
}

/// What keeps a kind from being served.
fn unserved(definition: &CustomResourceDefinition) -> Option<Finding> {
    let plural = &definition.spec.names.plural;
    if !definition.spec.versions.iter().any(|version| version.name == V1 && version.served) {
        return Some(Finding::fail(DEFINITIONS_SERVED, format!("{plural} {V1} is not served"), INSTALL));
    }
    let conditions = definition.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let bad = conditions
        .clone()
        .find(|c| ["Established", "NamesAccepted"].contains(&c.type_.as_str()) && c.status != "True");
    if let Some(bad) = bad {
        let why = bad.message.as_deref().unwrap_or_default();
        let todo = "wait a moment; if it stays so, another definition takes the same names";
        return Some(Finding::fail(
            DEFINITIONS_SERVED,
            format!("{plural}: {} is {}: {why}", bad.type_, bad.status),
            todo,
        ));
    }
    if conditions.clone().any(|c| c.type_ == "Established") {
        return None;
    }
    let todo = "wait a moment and check again";
    Some(Finding::fail(DEFINITIONS_SERVED, format!("{plural} is not established yet"), todo))
}

type Pair = (CustomResourceDefinition, CustomResourceDefinition);

fn stored(found: &[Pair]) -> Finding {
    for (installed, _) in found {
        let plural = &installed.spec.names.plural;
        let old: Vec<String> = installed
            .status
            .iter()
            .flat_map(|status| status.stored_versions.iter().flatten())
            .filter(|version| *version != V1)
            .cloned()
            .collect();
        if !old.is_empty() {
            let what = format!("some {plural} may still be stored as {}", old.join(", "));
            let todo = format!(
                "write each once as it is, then take the version out of status.storedVersions:\nkubectl get {plural} -A -o yaml | kubectl replace -f -"
            );
            return Finding::warn(DEFINITIONS_STORED, what, todo);
        }
        if !installed.spec.versions.iter().any(|version| version.name == V1 && version.storage) {
            return Finding::fail(DEFINITIONS_STORED, format!("{plural} are not stored as {V1}"), INSTALL);
        }
    }
    Finding::ok(DEFINITIONS_STORED, "everything is stored as v1")
}

/// Compared by content: a version number says nothing about a definition that was edited.
fn schema(found: &[Pair]) -> Finding {
    let differs = |pair: &&Pair| {
        let of = |definition: &CustomResourceDefinition| {
            let version = definition.spec.versions.iter().find(|version| version.name == V1);
            version.and_then(|version| version.schema.clone())
        };
        of(&pair.0) != of(&pair.1)
    };
    let differing: Vec<&str> =
        found.iter().filter(differs).map(|(installed, _)| installed.spec.names.plural.as_str()).collect();
    if differing.is_empty() {
        return Finding::ok(DEFINITIONS_SCHEMA, "their schemas are those of this program");
    }
    Finding::warn(
        DEFINITIONS_SCHEMA,
        format!("the schema of {} is of another version than this program", differing.join(" and ")),
        "bring both to one version: upgrade the chart (crds.enabled=true), or this program",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;
    use serde_json::json;

    fn installed(established: &str) -> CustomResourceDefinition {
        let mut definition = api::crds::all().remove(0);
        let status =
            json!({"conditions": [{"type": "Established", "status": established}], "storedVersions": ["v1"]});
        definition.status = Some(serde_json::from_value(status).unwrap());
        definition
    }

    fn pair(change: impl FnOnce(&mut CustomResourceDefinition)) -> Vec<Pair> {
        let mut definition = installed("True");
        change(&mut definition);
        vec![(definition, api::crds::all().remove(0))]
    }

    #[test]
    fn a_definition_must_be_established_and_served() {
        assert_eq!(unserved(&installed("True")), None);
        assert!(unserved(&installed("False")).is_some());
        let mut young = installed("True");
        young.status = None;
        assert!(unserved(&young).is_some());
        let mut off = installed("True");
        off.spec.versions[0].served = false;
        assert!(unserved(&off).is_some());
    }

    #[test]
    fn older_stored_versions_are_told() {
        assert_eq!(stored(&pair(|_| ())).state, State::Ok);
        let old =
            pair(|d| d.status.as_mut().unwrap().stored_versions = Some(vec!["v1beta1".into(), "v1".into()]));
        assert_eq!(stored(&old).state, State::Warn);
        assert_eq!(stored(&pair(|d| d.spec.versions[0].storage = false)).state, State::Fail);
    }

    #[test]
    fn another_schema_is_told() {
        assert_eq!(schema(&pair(|_| ())).state, State::Ok);
        assert_eq!(schema(&pair(|d| d.spec.versions[0].schema = None)).state, State::Warn);
    }
}
