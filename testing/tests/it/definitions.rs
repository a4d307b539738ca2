//! The definitions themselves.

use http::Method;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::json;
use testing::Judge;

use crate::world;

/// The cost of every rule is within the budget, the schema is structural, and nothing in it is unknown to
/// the API server or draws a warning.
#[tokio::test]
async fn definitions_are_taken_without_a_warning() {
    let judge = Judge::new(world::client().await);
    for definition in api::crds::all() {
        let name = definition.metadata.name.clone().unwrap();
        let path = format!(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}?fieldManager=testing&fieldValidation=Strict"
        );
        let body = serde_json::to_value(&definition).unwrap();
        let answer = judge.ask(Method::PATCH, &path, "application/apply-patch+yaml", &body).await;
        assert_eq!((answer.status, answer.message()), (200, ""), "{name}");
        assert_eq!(answer.warnings, Vec::<String>::new(), "{name}");
    }
}

/// A condition of the definition itself says what is not structural, although it is served.
#[tokio::test]
async fn definitions_are_structural_and_applying_again_changes_nothing() {
    let client = world::client().await;
    let judge = Judge::new(client.clone());
    let api: Api<CustomResourceDefinition> = Api::all(client);
    for definition in api::crds::all() {
        let name = definition.metadata.name.clone().unwrap();
        let stored = api.get(&name).await.unwrap();
        let conditions = stored.status.unwrap().conditions.unwrap_or_default();
        let types: Vec<_> = conditions.iter().filter(|it| it.status == "True").map(|it| &it.type_).collect();
        assert_eq!(types, ["NamesAccepted", "Established"], "{name}");

        let path =
            format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}?fieldManager=testing");
        let body = serde_json::to_value(&definition).unwrap();
        let again = judge.ask(Method::PATCH, &path, "application/apply-patch+yaml", &body).await;
        let version = stored.metadata.resource_version.unwrap();
        assert_eq!(again.at("/metadata/resourceVersion"), &json!(version), "{name}");
    }
}
