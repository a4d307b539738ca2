//! Every object of a workspace, whole: a change of any is a change of this picture.

use api::v1::RunAs;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::json;

use super::pod::{Asked, PodWish, workspace_pod};
use super::pull_pod::pull_pod;
use super::{Children, namespace};
use crate::instance::tests::fixture::{Fixture, digest, image};

/// A template that uses everything.
fn full() -> Fixture {
    Fixture::new()
        .template("defaults", json!({"resources": {"cpu": "2", "memory": "2Gi"}}))
        .template("imagePullSecrets", json!([{"name": "team"}]))
        .template("extraQuota", json!({"pods": "4", "limits.cpu": "500m", "services": "2"}))
        .template(
            "network",
            json!({"egress": [{"cidr": "203.0.113.0/24", "ports": [443]}, {"cidr": "198.51.100.7/32"}]}),
        )
}

fn pod(fixture: &Fixture) -> k8s_openapi::api::core::v1::Pod {
    workspace_pod(&PodWish {
        owner: &fixture.owner(),
        effective: &fixture.check().unwrap().effective,
        asked: &Asked { step: "one".to_owned(), reset: 0 },
        image: &image("g1", 1),
        agent_image: &fixture.config.agent_image,
    })
}

#[test]
fn the_objects_of_a_workspace() {
    let fixture = full();
    let Children {
        resource_quota,
        limit_range,
        network_policy,
        service_account,
        role_binding,
        operator_binding,
    } = fixture.children().unwrap();
    insta::assert_yaml_snapshot!("namespace", namespace(&fixture.owner(), RunAs::NonRoot));
    insta::assert_yaml_snapshot!("resource_quota", resource_quota);
    insta::assert_yaml_snapshot!("limit_range", limit_range);
    insta::assert_yaml_snapshot!("network_policy", network_policy);
    insta::assert_yaml_snapshot!("service_account", service_account);
    insta::assert_yaml_snapshot!("role_binding", role_binding);
    insta::assert_yaml_snapshot!("operator_binding", operator_binding);
    insta::assert_yaml_snapshot!("pod", pod(&fixture));
}

#[test]
fn a_pod_of_root_in_a_user_namespace() {
    insta::assert_yaml_snapshot!(
        "pod_of_root",
        pod(&Fixture::new().template("defaults", json!({"runAs": "Root"})))
    );
}

#[test]
fn a_pull_pod() {
    let name = format!("localhost:5000/w@{}", digest(1));
    let agent = "localhost:5000/agent@sha256:0";
    let pod = pull_pod("workshop-system", "node-1", &name, &digest(1), agent, &["team".to_owned()]);
    insta::assert_yaml_snapshot!("pull_pod", pod);
}

#[test]
fn a_workspace_smaller_than_the_agents_installer_still_has_room_for_it() {
    let small = Fixture::new().template("defaults", json!({"resources": {"cpu": "50m", "memory": "16Mi"}}));
    let quota = small.children().unwrap().resource_quota.spec.unwrap().hard.unwrap();
    let installer =
        pod(&small).spec.unwrap().init_containers.unwrap().remove(0).resources.unwrap().limits.unwrap();
    let value = |quantity: &Quantity| api::quantity::parse(&quantity.0).unwrap();
    assert!(value(&quota["limits.cpu"]) >= value(&installer["cpu"]));
    assert!(value(&quota["limits.memory"]) >= value(&installer["memory"]));
}

#[test]
fn a_seal_follows_the_content() {
    let seal = |fixture: &Fixture| {
        super::seal(&fixture.children().unwrap().resource_quota.metadata).unwrap().to_owned()
    };
    assert_eq!(seal(&Fixture::new()), seal(&Fixture::new()));
    assert_ne!(seal(&Fixture::new()), seal(&full()));
}
