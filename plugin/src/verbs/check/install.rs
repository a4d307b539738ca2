//! `--pre`: whether anything of a former installation is in the way.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, ResourceExt};

use super::catalogue::DEFINITIONS_LEFT;
use super::finding::Finding;
use crate::context::Context;

pub async fn check(context: &Context) -> Vec<Finding> {
    let definitions: Api<CustomResourceDefinition> = Api::all(context.client.clone());
    let mut left = Vec::new();
    for wanted in api::crds::all() {
        let name = wanted.name_any();
        match context.call(format!("read definition {name}"), definitions.get_opt(&name)).await {
            Ok(found) => left.extend(found),
            Err(error) => return vec![Finding::unseen(DEFINITIONS_LEFT, &error)],
        }
    }
    vec![judge(&left)]
}

fn judge(left: &[CustomResourceDefinition]) -> Finding {
    let Some(first) = left.first() else {
        return Finding::ok(DEFINITIONS_LEFT, "nothing of a former installation is in the way");
    };
    if let Some(going) = left.iter().find(|definition| definition.metadata.deletion_timestamp.is_some()) {
        let name = going.name_any();
        return Finding::fail(
            DEFINITIONS_LEFT,
            format!("{name} is being deleted, and objects hold it back"),
            format!(
                "see which: kubectl get {} -A; their workspaces have to go first",
                going.spec.names.plural
            ),
        );
    }
    let release = first.annotations().get("meta.helm.sh/release-name");
    match release {
        Some(release) => Finding::warn(
            DEFINITIONS_LEFT,
            format!("the kinds are installed already, by the Helm release \"{release}\""),
            "upgrade that release, or install under the same name",
        ),
        None => Finding::warn(
            DEFINITIONS_LEFT,
            "the kinds are installed already, and not by Helm",
            "helm install --take-ownership takes them over; kubectl apply -k writes over them",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn kinds_that_are_there_are_told() {
        assert_eq!(judge(&[]).state, State::Ok);
        let mut all = api::crds::all();
        assert!(judge(&all).what.contains("not by Helm"));
        all[0].annotations_mut().insert("meta.helm.sh/release-name".to_owned(), "w".to_owned());
        assert!(judge(&all).what.contains("\"w\""));
        all[1].metadata.deletion_timestamp = serde_json::from_value("2026-01-05T09:00:00Z".into()).unwrap();
        assert_eq!(judge(&all).state, State::Fail);
    }
}
