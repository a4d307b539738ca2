//! Both kinds: installed, established, `v1` served.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, ResourceExt};

use super::Finding;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;

const CHECK: &str = "definitions";
const INSTALL: &str = "install or upgrade the chart with crds.enabled=true, or kubectl apply -k config/crd";

pub async fn check(context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    for wanted in api::crds::all() {
        findings.push(one(context, &wanted.name_any()).await);
    }
    findings
}

async fn one(context: &Context, name: &str) -> Finding {
    let definitions: Api<CustomResourceDefinition> = Api::all(context.client.clone());
    match context.call(format!("read definition {name}"), definitions.get_opt(name)).await {
        Ok(found) => judge(name, found.as_ref()),
        Err(error) if error.report().exit == Exit::NotAllowed => served(context, name).await,
        Err(error) => Finding::unseen(CHECK, &error),
    }
}

/// Who may not read definitions can still see what the API server serves.
async fn served(context: &Context, name: &str) -> Finding {
    let group_version = format!("{}/v1", api::names::GROUP);
    let answer: Result<_, Error> = context
        .call(
            format!("list the kinds of {group_version}"),
            context.client.list_api_group_resources(&group_version),
        )
        .await;
    let plural = name.split('.').next().unwrap_or_default();
    match answer {
        Ok(list) if list.resources.iter().any(|resource| resource.name == plural) => {
            Finding::ok(CHECK, format!("{plural} v1 is served"))
        }
        Ok(_) => missing(name),
        Err(error) if error.report().exit == Exit::NotFound => missing(name),
        Err(error) => Finding::unseen(CHECK, &error),
    }
}

fn missing(name: &str) -> Finding {
    Finding::fail(CHECK, format!("{name} is not installed"), INSTALL)
}

fn judge(name: &str, found: Option<&CustomResourceDefinition>) -> Finding {
    let Some(definition) = found else { return missing(name) };
    let plural = &definition.spec.names.plural;
    if !definition.spec.versions.iter().any(|version| version.name == "v1" && version.served) {
        return Finding::fail(CHECK, format!("{plural} v1 is not served"), INSTALL);
    }
    let conditions = definition.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let bad = conditions
        .clone()
        .find(|c| ["Established", "NamesAccepted"].contains(&c.type_.as_str()) && c.status != "True");
    if let Some(bad) = bad {
        let why = bad.message.as_deref().unwrap_or_default();
        return Finding::fail(
            CHECK,
            format!("{plural}: {} is {}: {why}", bad.type_, bad.status),
            "wait a moment; if it stays so, another definition takes the same names",
        );
    }
    if !conditions.clone().any(|c| c.type_ == "Established") {
        return Finding::fail(
            CHECK,
            format!("{plural} is not established yet"),
            "wait a moment and check again",
        );
    }
    Finding::ok(CHECK, format!("{plural} v1 is installed and served"))
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
        CustomResourceDefinitionCondition, CustomResourceDefinitionStatus,
    };

    fn installed(established: &str) -> CustomResourceDefinition {
        let mut definition = api::crds::all().remove(0);
        let condition = CustomResourceDefinitionCondition {
            type_: "Established".to_owned(),
            status: established.to_owned(),
            ..Default::default()
        };
        definition.status =
            Some(CustomResourceDefinitionStatus { conditions: Some(vec![condition]), ..Default::default() });
        definition
    }

    #[test]
    fn a_definition_must_be_installed_established_and_served() {
        assert_eq!(judge("x", None).state, State::Fail);
        assert_eq!(judge("x", Some(&installed("True"))).state, State::Ok);
        assert_eq!(judge("x", Some(&installed("False"))).state, State::Fail);
        let mut young = installed("True");
        young.status = None;
        assert_eq!(judge("x", Some(&young)).state, State::Fail);
        let mut unserved = installed("True");
        unserved.spec.versions[0].served = false;
        assert_eq!(judge("x", Some(&unserved)).state, State::Fail);
    }
}
