//! `check` in good and bad states of a cluster, as golden files.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use super::canned::Canned;
use super::golden::{compare, folder};
use super::program::{run, workshop};
use super::well::{DEPLOYMENTS, LEASE, NODES, definition, micro, well};

fn golden(name: &str, line: &str, change: impl FnOnce(&mut Canned)) {
    let mut cluster = well();
    change(&mut cluster);
    compare(&format!("check/{name}"), &cluster.start(), line);
}

#[test]
fn all_is_well_on_one_screen() {
    golden("well", "check", |_| ());
    let text = std::fs::read_to_string(folder().join("check/well.txt")).unwrap();
    assert!(text.lines().count() <= 26, "with the line above and below more than a screen:\n{text}");
    golden("well-wide", "check -o wide", |_| ());
    golden("well-json", "check -o json", |_| ());
}

#[test]
fn before_the_installation() {
    golden("pre-well", "check --pre", |cluster| {
        cluster.refuse(&definition("workspacetemplates"), 404, "NotFound", "not found");
        cluster.refuse(&definition("workspaceinstances"), 404, "NotFound", "not found");
    });
    golden("pre-bad", "check --pre", |cluster| {
        cluster.denied = vec!["create customresourcedefinitions", "escalate clusterroles"];
        let going = cluster.at(&definition("workspaceinstances"));
        going["metadata"]["deletionTimestamp"] = json!("2026-01-05T09:00:00Z");
    });
}

#[test]
fn the_product_is_not_there() {
    golden("not-installed", "check", |cluster| {
        cluster.refuse(&definition("workspacetemplates"), 404, "NotFound", "not found");
        cluster.list("/apis/apps/v1/deployments", vec![]);
        cluster.list("/api/v1/pods", vec![]);
        cluster.list("/apis/workshop.platform/v1/workspacetemplates", vec![]);
    });
}

#[test]
fn the_operator_does_not_run() {
    golden("operator-down", "check", |cluster| {
        let status = &mut cluster.at(DEPLOYMENTS)["items"][0]["status"];
        *status = json!({"readyReplicas": 0, "conditions": [{"type": "Available", "status": "False",
            "message": "Deployment does not have minimum availability."}]});
    });
    golden("operator-off", "check", |cluster| {
        cluster.at(DEPLOYMENTS)["items"][0]["spec"]["replicas"] = json!(0)
    });
}

#[test]
fn the_leader_is_silent() {
    golden("leader-silent", "check", |cluster| {
        let spec = &mut cluster.at(LEASE)["spec"];
        spec["renewTime"] = json!(micro(25 * 60 + 30));
        spec["leaseDurationSeconds"] = json!(1);
    });
    golden("leader-none", "check", |cluster| cluster.at(LEASE)["spec"]["holderIdentity"] = json!(""));
}

#[test]
fn versions_are_apart() {
    golden("versions-apart", "check", |cluster| {
        cluster.at(DEPLOYMENTS)["items"][0]["metadata"]["labels"]["app.kubernetes.io/version"] =
            json!("7.0.0");
        let instances = cluster.at(&definition("workspaceinstances"));
        instances["status"]["storedVersions"] = json!(["v1beta1", "v1"]);
        instances["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = json!("another");
    });
}

#[test]
fn the_cluster_is_too_old() {
    golden("old-cluster", "check", |cluster| {
        let version = cluster.at("GET /version");
        (version["minor"], version["gitVersion"]) = (json!("31"), json!("v1.31.4"));
        // An API server that does not know the field drops it.
        cluster.put(
            "POST /api/v1/namespaces/default/pods",
            json!({"metadata": {"name": "x"}, "spec": {"containers": []}}),
        );
        let nodes = cluster.at(NODES);
        nodes["items"][0]["status"]["conditions"][0]["status"] = json!("Unknown");
        for node in nodes["items"].as_array_mut().unwrap() {
            node["status"]["runtimeHandlers"] = Value::Null;
        }
        cluster.put("GET /api/v1/nodes/node-2/proxy/configz", json!({"kubeletconfig": {"podPidsLimit": -1}}));
        cluster.list("/apis/storage.k8s.io/v1/storageclasses", vec![]);
        cluster.at("GET /apis/workshop.platform/v1/workspacetemplates")["items"][0]["spec"]["defaults"]["runAs"] =
            json!("Root");
    });
}

#[test]
fn who_may_little_is_told_what_was_not_seen() {
    golden("few-rights", "check -n monday", |cluster| {
        cluster.denied =
            vec!["list workspacetemplates", "create workspacetemplates", "delete workspaceinstances"];
        for (path, resource) in [
            ("apps/v1/deployments", "deployments"),
            ("storage.k8s.io/v1/storageclasses", "storageclasses"),
            (
                "admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
                "validatingwebhookconfigurations",
            ),
            ("workshop.platform/v1/workspacetemplates", "workspacetemplates"),
        ] {
            refuse_list(cluster, &format!("/apis/{path}"), resource);
        }
        refuse_list(cluster, "/api/v1/nodes", "nodes");
        refuse_list(cluster, "/api/v1/pods", "pods");
        let forbidden =
            "pods is forbidden: User \"ina\" cannot create resource \"pods\" in the namespace \"default\"";
        cluster.refuse("POST /api/v1/namespaces/default/pods", 403, "Forbidden", forbidden);
        for plural in ["workspacetemplates", "workspaceinstances"] {
            let message = format!("x is forbidden: User \"ina\" cannot get resource \"{plural}\"");
            cluster.refuse(&definition(plural), 403, "Forbidden", &message);
        }
        let kinds = ["workspacetemplates", "workspaceinstances"].map(
            |name| json!({"name": name, "singularName": "", "namespaced": true, "kind": "x", "verbs": []}),
        );
        let group =
            json!({"kind": "APIResourceList", "groupVersion": "workshop.platform/v1", "resources": kinds});
        cluster.put("GET /apis/workshop.platform/v1", group);
    });
}

fn refuse_list(cluster: &mut Canned, path: &str, resource: &str) {
    let message = format!(
        "{resource} is forbidden: User \"ina\" cannot list resource \"{resource}\" at the cluster scope"
    );
    cluster.refuse(&format!("GET {path}"), 403, "Forbidden", &message);
}

#[test]
fn the_webhook_is_broken() {
    golden("webhook-broken", "check -n monday", |cluster| {
        cluster.list("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", vec![json!({
            "metadata": {"name": "workshop"},
            "webhooks": [{"name": "instances.workshop.platform", "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "clientConfig": {"service": {"namespace": "workshop-system", "name": "workshop-webhooks"}}}]
        })]);
        cluster.list(
            "/apis/discovery.k8s.io/v1/namespaces/workshop-system/endpointslices",
            vec![json!({
                "metadata": {"name": "a"}, "addressType": "IPv4",
                "endpoints": [{"addresses": ["10.1.1.1"], "conditions": {"ready": false}}]
            })],
        );
        let call = "POST /apis/workshop.platform/v1/namespaces/monday/workspaceinstances";
        let message = "Internal error occurred: failed calling webhook \"instances.workshop.platform\": \
                       tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
        cluster.refuse(call, 500, "InternalError", message);
        let policy = "admission webhook \"images.example\" denied the request: only images of r.example";
        cluster.refuse(
            "PATCH /api/v1/namespaces/ws-monday-ana-0a1b2c/pods/workspace",
            403,
            "Forbidden",
            policy,
        );
    });
}

#[test]
fn a_planned_class_needs_room() {
    golden("room", "check --class monday --learners 28", |_| ());
    golden("no-room", "check --class monday --learners 60 --template shell-basics", |cluster| {
        cluster.list("/api/v1/namespaces/monday/resourcequotas", vec![json!({
            "metadata": {"name": "class"}, "spec": {"hard": {"count/workspaceinstances.workshop.platform": "30"}},
            "status": {"used": {"count/workspaceinstances.workshop.platform": "4"}}
        })]);
    });
}

#[test]
fn a_step_is_pulled_as_the_operator_would() {
    let pull = |status: Value| {
        move |cluster: &mut Canned| {
            cluster.put("POST /api/v1/namespaces/workshop-system/pods", Value::Null);
            let pod = json!({"metadata": {"name": "made"}, "spec": {"nodeName": "node-2", "containers": []}, "status": status});
            cluster.put("GET /api/v1/namespaces/workshop-system/pods/made", pod.clone());
            cluster.put("DELETE /api/v1/namespaces/workshop-system/pods/made", pod);
        }
    };
    let failed = json!({"phase": "Pending", "containerStatuses": [{"name": "image", "image": "", "imageID": "",
        "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull",
            "message": "failed to authorize: 401 Unauthorized"}}}]});
    golden("pull-failed", "check --pull shell-basics/pipes", pull(failed));
    let mut cluster = well();
    pull(json!({"phase": "Succeeded"}))(&mut cluster);
    let cluster = cluster.start();
    let pulled = cluster.run("check --pull shell-basics/pipes");
    assert_eq!(pulled.code, Some(0), "{}", pulled.out);
    assert!(pulled.out.contains("pull         √ node node-2 has shell-basics/pipes"), "{}", pulled.out);
    let of = |method: &str| {
        cluster
            .requests()
            .iter()
            .filter(|one| one.starts_with(method) && one.contains("workshop-system/pods"))
            .count()
    };
    assert_eq!((of("POST"), of("DELETE")), (1, 1), "{:#?}", cluster.requests());
}

#[test]
fn nothing_answers() {
    let mut cluster = well().start();
    cluster.stop();
    compare("check/unreachable", &cluster, "check");
    let mut cluster = well();
    cluster.put(
        "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
        json!({"metadata": {}, "status": {"userInfo": {"username": "system:anonymous"}}}),
    );
    compare("check/anonymous", &cluster.start(), "check --pre");
}

/// A check that nothing can make fail says nothing.
#[test]
fn every_check_is_seen_to_find_something() {
    let document = include_str!("../../../docs/platform/check.md");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder().join("check")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        found.extend(text.lines().filter_map(|line| {
            let id = line.trim().strip_prefix("(docs/platform/check.md#")?.strip_suffix(')')?;
            Some(id.to_owned())
        }));
    }
    let ids: BTreeSet<String> =
        document.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    assert_eq!(found, ids, "golden files that show each check of the document not fine");
}

#[test]
fn waiting_ends_when_all_is_well_or_the_time_is_over() {
    let well = well().start();
    let ended = well.run("check --wait=30s");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{}", ended.out);
    let mut cluster = super::well::well();
    cluster.at(DEPLOYMENTS)["items"][0]["spec"]["replicas"] = json!(0);
    let late = cluster.start().run("check --wait=1s");
    assert_eq!(late.code, Some(5), "{}{}", late.out, late.err);
    assert!(late.out.contains("is switched off"), "{}", late.out);
    assert!(late.err.contains("the cluster is not well within 1s"), "{}", late.err);
    assert!(late.err.contains("to be repaired: operator-ready"), "{}", late.err);
}

#[test]
fn colours_follow_flag_and_environment() {
    let cluster = well().start();
    let coloured = |change: &dyn Fn(&mut Command)| {
        let mut command = cluster.command("check");
        change(&mut command);
        run(command).out.contains('\u{1b}')
    };
    assert!(!coloured(&|_| ()));
    assert!(coloured(&|command| {
        command.args(["--color", "always"]);
    }));
    assert!(coloured(&|command| {
        command.env("CLICOLOR_FORCE", "1");
    }));
    assert!(!coloured(&|command| {
        command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    }));
    assert_eq!(run(workshop(&["check", "--color", "blue"])).code, Some(2));
}
