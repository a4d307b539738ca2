//! The life of a workspace, verb by verb, on a real API server.

use api::names::field_manager::{RESET, STEP};
use api::v1::WorkspaceInstance;
use serde_json::Value;

use super::cluster::{SERVED, SILENT, cluster};

fn read(name: &str) -> WorkspaceInstance {
    cluster().block_on(cluster().instances(SERVED).get(name)).unwrap()
}

/// Whether this field manager, and no other, applied this field of the spec.
fn applied_by(instance: &WorkspaceInstance, manager: &str, field: &str) -> bool {
    let path = format!("/f:spec/f:{field}");
    let owns = |entry: &&k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry| {
        entry.fields_v1.as_ref().is_some_and(|fields| fields.0.pointer(&path).is_some())
    };
    let owners: Vec<_> = instance.metadata.managed_fields.iter().flatten().filter(owns).collect();
    owners.len() == 1
        && owners[0].manager.as_deref() == Some(manager)
        && owners[0].operation.as_deref() == Some("Apply")
}

#[test]
fn a_workspace_is_made_moved_reset_and_deleted() {
    let cluster = cluster();
    let made = cluster.expect(0, "create ana --template shell -n monday --wait");
    assert!(made.out.contains("workspaceinstance.workshop.platform/ana created"), "{}", made.out);
    assert!(made.out.contains("ana is ready on finding after"), "{}", made.out);

    let moved = cluster.expect(0, "step ana --next -n monday");
    assert!(moved.out.starts_with("moved ana to pipes in "), "{}", moved.out);
    assert!(applied_by(&read("ana"), STEP, "currentStep"), "{:?}", read("ana").metadata.managed_fields);
    let generation = read("ana").metadata.generation;
    let again = cluster.expect(0, "step ana pipes -n monday");
    assert!(again.out.contains("ana is on pipes already"), "{}", again.out);
    assert_eq!(read("ana").metadata.generation, generation, "a move to the same step wrote");

    let reset = cluster.expect(0, "reset ana -n monday");
    assert!(reset.out.starts_with("reset ana to a fresh pipes in "), "{}", reset.out);
    assert!(applied_by(&read("ana"), RESET, "resetCount"));
    // The apply of one field gave up no other.
    assert_eq!(read("ana").spec.current_step.as_deref(), Some("pipes"));
    assert_eq!(read("ana").spec.reset_count, Some(1));

    cluster.expect(0, "step ana --first -n monday");
    let before_first = cluster.expect(6, "step ana --prev -n monday");
    assert!(before_first.err.contains("there is no step before finding"), "{}", before_first.err);

    let deleted = cluster.expect(0, "delete ana --yes -n monday");
    assert_eq!(deleted.out, "workspaceinstance.workshop.platform/ana deleted\n");
    cluster.expect(6, "status ana -n monday");
}

#[test]
fn status_speaks_to_people_and_to_programs() {
    let cluster = cluster();
    cluster
        .expect(0, "create status-1 --template shell --owner bo@example.org --step pipes -n monday --wait");
    let table = cluster.expect(0, "status -n monday");
    assert!(table.out.starts_with("NAME"), "{}", table.out);
    assert!(table.out.lines().all(|line| line.chars().count() <= 80), "{}", table.out);
    let row = table.out.lines().find(|line| line.starts_with("status-1")).unwrap();
    assert!(row.contains("bo@example.org") && row.contains("pipes") && row.contains("AsWanted"), "{row}");

    let all = cluster.expect(0, "status -A");
    assert!(all.out.starts_with("CLASS"), "{}", all.out);
    let names = cluster.expect(0, "status -n monday -o name");
    assert!(names.out.contains("workspaceinstance.workshop.platform/status-1\n"), "{}", names.out);

    let one: Value =
        serde_json::from_str(&cluster.expect(0, "status status-1 -n monday -o json").out).unwrap();
    assert_eq!(one["kind"], "WorkspaceInstance");
    assert_eq!(one["spec"]["currentStep"], "pipes");
    let list: Value = serde_json::from_str(&cluster.expect(0, "status -n monday -o json").out).unwrap();
    assert_eq!(list["kind"], "List");
    assert_eq!(list["items"][0]["apiVersion"], "workshop.platform/v1");

    let details = cluster.expect(0, "status status-1 -n monday");
    assert!(details.out.contains("User:          bo@example.org"), "{}", details.out);
    cluster.expect(0, "delete status-1 --yes -n monday");
    let nothing = cluster.expect(0, "status -n kube-system");
    assert_eq!(nothing.out, "");
    assert!(nothing.err.contains("no workspaces in class kube-system"), "{}", nothing.err);
}

#[test]
fn a_dry_run_changes_nothing() {
    let cluster = cluster();
    let dry = cluster.expect(0, "create dry --template shell -n monday --dry-run=server");
    assert_eq!(dry.out, "workspaceinstance.workshop.platform/dry created (server dry run)\n");
    cluster.expect(6, "status dry -n monday");
    cluster.expect(0, "create dry --template shell -n silent");
    cluster.expect(0, "step dry pipes -n silent --dry-run=server");
    cluster.expect(0, "reset dry -n silent --dry-run=server");
    cluster.expect(0, "delete dry -n silent --dry-run=server");
    let dry = cluster.block_on(cluster.instances(SILENT).get("dry")).unwrap();
    assert_eq!((dry.spec.current_step, dry.spec.reset_count), (None, None));
    assert_eq!(dry.metadata.deletion_timestamp, None);
}

#[test]
fn a_class_is_made_on_request() {
    let cluster = cluster();
    let missing = cluster.expect(6, "create cem --template shell -n tuesday");
    assert!(missing.err.contains("--create-namespace"), "{}", missing.err);
    cluster.expect(0, "create cem --template shell -n tuesday --create-namespace");
    cluster.expect(0, "create dee --template shell -n tuesday --create-namespace");
    let class: kube::Api<k8s_openapi::api::core::v1::Namespace> = kube::Api::all(cluster.client.clone());
    let class = cluster.block_on(class.get("tuesday")).unwrap();
    assert_eq!(class.metadata.labels.unwrap()["workshop.platform/role"], "class");
}

#[test]
fn some_of_several_may_fail() {
    let cluster = cluster();
    cluster.expect(0, "create part-1 --template shell -n silent");
    cluster.expect(0, "create part-2 --template shell -n silent");
    let part = cluster.expect(4, "delete part-1 part-0 part-2 --yes -n silent");
    assert_eq!(part.out.lines().count(), 2, "{}", part.out);
    assert!(part.err.contains("there is no instance \"part-0\""), "{}", part.err);
    assert!(part.err.contains("1 of 3 failed"), "{}", part.err);
}
