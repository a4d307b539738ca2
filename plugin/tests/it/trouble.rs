//! What goes wrong on a real API server, in plain words and with the right exit code.

use k8s_openapi::api::rbac::v1::{ClusterRole, RoleBinding};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use super::cluster::{SERVED, SILENT, cluster};

#[test]
fn names_that_do_not_exist_are_answered_with_those_that_do() {
    let cluster = cluster();
    let template = cluster.expect(6, "create ana --template shel -n silent");
    assert!(template.err.contains("there is no template \"shel\""), "{}", template.err);
    assert!(template.err.contains("shell"), "{}", template.err);
    let step = cluster.expect(6, "create ana --template shell --step pipe -n silent");
    assert!(step.err.contains("its steps are finding, pipes, scripting"), "{}", step.err);
    cluster.expect(0, "create known --template shell -n silent");
    let instance = cluster.expect(6, "step knwon --next -n silent");
    assert!(instance.err.contains("known"), "{}", instance.err);
    let step = cluster.expect(6, "step known pipe -n silent");
    assert!(step.err.contains("template shell has no step \"pipe\""), "{}", step.err);
}

#[test]
fn rules_of_the_definition_are_told_as_they_are_written() {
    let refused = cluster().expect(1, "create sys --template shell --owner system:admin -n silent");
    assert!(refused.err.contains("owner: names of the system: group are not people"), "{}", refused.err);
    cluster().expect(0, "create twice --template shell -n silent");
    let twice = cluster().expect(1, "create twice --template shell -n silent");
    assert!(twice.err.contains("already exists"), "{}", twice.err);
}

#[test]
fn who_may_not_is_told_so() {
    for line in ["status", "create ana --template shell", "step ana pipes", "delete ana --yes"] {
        let ended = cluster().expect(7, &format!("{line} -n silent --as nobody"));
        assert!(ended.err.contains("nobody") && ended.err.contains("workshop-instructor"), "{}", ended.err);
    }
}

#[test]
fn waiting_ends_with_the_last_reason() {
    let cluster = cluster();
    let late = cluster.expect(5, "create late --template shell -n silent --wait=1s");
    assert!(late.out.contains("late created"), "{}", late.out);
    assert!(late.err.contains("late is not ready within 1s"), "{}", late.err);
    assert!(late.err.contains("the operator has not seen it yet"), "{}", late.err);
    let step = cluster.expect(5, "step late pipes -n silent --wait=1s");
    assert!(step.err.contains("late is not on pipes within 1s"), "{}", step.err);
}

#[test]
fn what_needs_a_person_ends_the_waiting_early() {
    let stuck = cluster().expect(1, "create stuck --template shell --owner stuck -n monday --wait=2m");
    assert!(stuck.err.contains("ImagePullFailed: no such image"), "{}", stuck.err);
    cluster().expect(0, "delete stuck --yes -n monday");
}

#[test]
fn a_step_that_git_declares_is_left_alone() {
    let cluster = cluster();
    let declared = |name: &str, step: Option<&str>| {
        let mut object = json!({
            "apiVersion": "workshop.platform/v1", "kind": "WorkspaceInstance",
            "metadata": {"name": name, "annotations": {"argocd.argoproj.io/tracking-id": "a:b/c:monday/ana"}},
            "spec": {"templateRef": {"name": "shell"}, "owner": "ana"}
        });
        if let Some(step) = step {
            object["spec"]["currentStep"] = json!(step);
        }
        let params = PatchParams::apply("argocd-controller");
        cluster.block_on(cluster.instances(SERVED).patch(name, &params, &Patch::Apply(&object))).unwrap();
    };
    declared("git-fixed", Some("finding"));
    let refused = cluster.expect(7, "step git-fixed pipes -n monday");
    assert!(refused.err.contains("fixed by your platform team"), "{}", refused.err);
    assert!(refused.err.contains("argocd-controller"), "{}", refused.err);

    declared("git-free", None);
    cluster.expect(0, "step git-free pipes -n monday");
    cluster.expect(0, "reset git-free -n monday");
    // The next sync of Git leaves both fields where they are.
    declared("git-free", None);
    let synced = cluster.block_on(cluster.instances(SERVED).get("git-free")).unwrap();
    assert_eq!((synced.spec.current_step.as_deref(), synced.spec.reset_count), (Some("pipes"), Some(1)));
    cluster.expect(0, "delete git-fixed git-free --yes -n monday");
}

#[test]
fn check_says_what_is_missing_and_what_to_do() {
    let checked = cluster().expect(3, "check -n monday");
    for told in [
        "definitions  √ templates and instances are served as v1",
        "             √ everything is stored as v1",
        "             √ their schemas are those of this program",
        "operator     × there is no operator",
        "    install the chart",
        "nodes        × the cluster has no node",
        "             √ you may load workshops",
    ] {
        assert!(checked.out.contains(told), "{told} is not in\n{}", checked.out);
    }
    let report: Value = serde_json::from_str(&cluster().expect(3, "check -o json").out).unwrap();
    assert_eq!(report["kind"], "CheckReport");
    let findings = report["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|one| one["check"] == "operator-ready" && one["state"] == "fail"),
        "{report}"
    );
    let names = cluster().expect(3, "check -o name").out;
    assert!(names.lines().any(|line| line == "operator-ready"), "{names}");
    // The rights of an installation are known to a real authoriser.
    let before = cluster().expect(3, "check --pre");
    assert!(before.out.contains("√ you may install the roles"), "{}", before.out);
}

#[test]
fn versions_of_both_sides_are_shown() {
    let versions = cluster().expect(0, "version");
    assert!(versions.out.contains("Kubernetes: 1."), "{}", versions.out);
    assert!(versions.out.contains("Operator:   unknown"), "{}", versions.out);
}

/// The role of the chart, bound in the class alone, gives no right to read templates.
#[test]
fn an_instructor_of_one_class_can_work_without_reading_templates() {
    let cluster = cluster();
    let role = include_str!("../../../config/rbac/workshop_instructor.yaml");
    let role: ClusterRole = serde_saphyr::from_str(role).unwrap();
    let roles: Api<ClusterRole> = Api::all(cluster.client.clone());
    cluster.block_on(roles.create(&PostParams::default(), &role)).unwrap();
    let binding: RoleBinding = serde_json::from_value(json!({
        "metadata": {"name": "ina"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "workshop-instructor"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ina"}]
    }))
    .unwrap();
    let bindings: Api<RoleBinding> = Api::namespaced(cluster.client.clone(), SILENT);
    cluster.block_on(bindings.create(&PostParams::default(), &binding)).unwrap();

    cluster.expect(0, "create of-ina --template shell -n silent --as ina");
    cluster.expect(0, "step of-ina pipes --no-wait -n silent --as ina");
    cluster.expect(0, "reset of-ina --no-wait -n silent --as ina");
    cluster.expect(0, "status of-ina -n silent --as ina");
    let next = cluster.expect(7, "step of-ina --next -n silent --as ina");
    assert!(next.err.contains("cannot read template shell"), "{}", next.err);
    cluster.expect(7, "create of-ina --template shell -n monday --as ina");
    let rights = cluster.expect(0, "check -n silent --as ina");
    assert!(
        rights.out.contains("√ you may create, move, reset and delete workspaces in class silent"),
        "{}",
        rights.out
    );
    cluster.expect(0, "delete of-ina --yes -n silent --as ina");
}
