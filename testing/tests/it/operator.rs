//! The operator's Deployment of `config/operator`.

use std::path::Path;

use serde_json::{Value, json};
use testing::Judge;

use crate::objects::with;
use crate::world;

/// The level `restricted` finds nothing in it, and the same pod with more rights would be found.
#[tokio::test]
async fn the_operator_fits_the_restricted_level() {
    let judge = Judge::new(world::client().await);
    let level = "pod-security.kubernetes.io/warn";
    let namespace = json!({"name": "restricted", "labels": {level: "restricted"}});
    judge.accepts(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": namespace})).await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/operator/deployment.yaml");
    let deployment: Value = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let deployment = with(deployment, "/metadata/namespace", json!("restricted"));
    assert_eq!(judge.accepts(&deployment).await.warnings, Vec::<String>::new());

    let escalates = "/spec/template/spec/containers/0/securityContext/allowPrivilegeEscalation";
    let warnings = judge.accepts(&with(deployment, escalates, json!(true))).await.warnings;
    assert!(warnings.iter().any(|warning| warning.contains("PodSecurity")), "{warnings:?}");
}
