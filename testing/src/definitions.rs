//! Installing both kinds.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams};
use kube::runtime::{conditions, wait};
use kube::{Api, Client};

use super::TestingError;

const ESTABLISHED_WITHIN: Duration = Duration::from_secs(30);

/// Applies the definitions of both kinds and waits until they are served.
///
/// # Errors
/// When the API server refuses one (its rules cost too much, its schema is not structural), or does not
/// serve it in time.
pub async fn install_definitions(client: &Client) -> Result<(), TestingError> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in api::crds::all() {
        let name = definition.metadata.name.clone().unwrap_or_default();
        api.patch(&name, &PatchParams::apply("testing"), &Patch::Apply(&definition))
            .await
            .map_err(TestingError::api(format!("definition {name}")))?;
        let served = wait::await_condition(api.clone(), &name, conditions::is_crd_established());
        match tokio::time::timeout(ESTABLISHED_WITHIN, served).await {
            Ok(Ok(_)) => {}
            _ => return Err(TestingError::NotEstablished(name, ESTABLISHED_WITHIN.as_secs())),
        }
    }
    Ok(())
}
