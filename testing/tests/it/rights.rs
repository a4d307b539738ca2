//! The roles of `config/rbac`, judged by the authoriser of a real API server.

use std::path::Path;
use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use testing::Judge;
use tokio::sync::OnceCell;

use crate::world;

const OPERATOR: &str = "system:serviceaccount:workshop-system:workshop-operator";
const LEARNER: &str = "system:serviceaccount:ws-rights:workspace";

/// How long the authoriser may take to see a new binding.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

static INSTALLED: OnceCell<()> = OnceCell::const_new();

/// A judge, with the roles installed, and people bound to them as `docs/platform/install.md` says.
async fn judge() -> Judge {
    let judge = Judge::new(world::client().await);
    INSTALLED.get_or_init(|| install(judge.clone())).await;
    judge
}

async fn install(judge: Judge) {
    for name in ["workshop-system", "ws-rights", "monday"] {
        judge.accepts(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})).await;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/rbac");
    let mut applied = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        for document in documents.iter().filter(|document| document["kind"].is_string()) {
            judge.accepts(document).await;
            applied += 1;
        }
    }
    assert_eq!(applied, 11, "an account, seven cluster roles, a role and two bindings");
    let of_both_bindings = [("list", "nodes", ""), ("get", "coordination.k8s.io/leases", "workshop-system")];
    all(&judge, OPERATOR, true, &of_both_bindings).await;
    judge.accepts(&binding("admin", "workshop-admin", None)).await;
    judge.accepts(&binding("instructor-reads", "workshop-template-reader", None)).await;
    judge.accepts(&binding("instructor", "workshop-instructor", Some("monday"))).await;
    judge.accepts(&binding("viewer", "workshop-viewer", Some("monday"))).await;
}

/// Binds the user named like the first word of `name`.
fn binding(name: &str, role: &str, namespace: Option<&str>) -> Value {
    let user = name.split('-').next().unwrap();
    let mut object = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" },
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}]
    });
    if let Some(namespace) = namespace {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

/// Whether `user` may do `verb` on `resource` (`group/resource` or `resource`, with `:sub` for a
/// sub-resource) in `namespace`; an empty one means all.
async fn may(judge: &Judge, user: &str, verb: &str, resource: &str, namespace: &str) -> bool {
    let (group, resource) = resource.rsplit_once('/').unwrap_or(("", resource));
    let (resource, sub) = resource.split_once(':').unwrap_or((resource, ""));
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": {
            "verb": verb, "group": group, "resource": resource, "subresource": sub, "namespace": namespace
        }}
    });
    let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let answer = judge.ask(Method::POST, path, "application/json", &review).await;
    answer.at("/status/allowed").as_bool().unwrap()
}

/// Lines of `verbs resource namespace`, all of which have the same answer. Ask first for what `user` may
/// do: it shows that the user's bindings are known, without which a refusal means nothing.
async fn all(judge: &Judge, user: &str, expected: bool, lines: &[(&str, &str, &str)]) {
    for (verbs, resource, namespace) in lines {
        for verb in verbs.split(' ') {
            // The authoriser reads roles by a watch, so what was granted a moment ago may not be known yet.
            let limit = Instant::now() + if expected { SEEN_WITHIN } else { Duration::ZERO };
            while may(judge, user, verb, resource, namespace).await != expected {
                assert!(
                    Instant::now() < limit,
                    "{user}: {verb} {resource} in \"{namespace}\" is {}",
                    !expected
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

#[tokio::test]
async fn the_operator_has_what_it_needs_and_no_more() {
    let judge = judge().await;
    // As the operator does in every workspace namespace.
    judge
        .as_user(OPERATOR)
        .accepts(&workspace_binding("workshop-operator", api::names::WORKSPACE_ROLE, OPERATOR))
        .await;
    let needed = [
        ("list watch", "workshop.platform/workspacetemplates", ""),
        ("get list watch patch", "workshop.platform/workspaceinstances", ""),
        ("patch", "workshop.platform/workspaceinstances:status", "monday"),
        ("patch", "workshop.platform/workspacetemplates:status", ""),
        ("get list watch create patch delete", "namespaces", ""),
        ("list watch", "pods", ""),
        ("create patch delete", "pods", "ws-rights"),
        ("create patch delete", "pods", "workshop-system"),
        ("create patch", "serviceaccounts", "ws-rights"),
        ("create patch", "resourcequotas", "ws-rights"),
        ("create patch", "limitranges", "ws-rights"),
        ("create patch", "networking.k8s.io/networkpolicies", "ws-rights"),
        ("list watch create patch", "rbac.authorization.k8s.io/rolebindings", "ws-rights"),
        ("create patch", "secrets", "ws-rights"),
        ("get list watch", "secrets", "workshop-system"),
        ("create patch", "events.k8s.io/events", "monday"),
        ("list watch", "nodes", ""),
        ("get create update patch", "coordination.k8s.io/leases", "workshop-system"),
    ];
    all(&judge, OPERATOR, true, &needed).await;
    let forbidden = [
        ("create update delete", "workshop.platform/workspaceinstances", "monday"),
        ("create update patch delete", "workshop.platform/workspacetemplates", ""),
        ("create patch delete", "pods", "monday"),
        ("create patch delete", "pods", "kube-system"),
        ("get list watch create patch delete", "secrets", "monday"),
        ("get list watch", "secrets", ""),
        ("get list watch delete", "secrets", "ws-rights"),
        ("create patch delete", "secrets", "workshop-system"),
        ("create patch", "serviceaccounts", "monday"),
        ("create patch", "networking.k8s.io/networkpolicies", "monday"),
        ("create", "pods:exec", "ws-rights"),
        ("bind escalate create", "rbac.authorization.k8s.io/clusterroles", ""),
        ("create", "rbac.authorization.k8s.io/clusterrolebindings", ""),
        ("create", "rbac.authorization.k8s.io/roles", "ws-rights"),
        ("impersonate", "users", ""),
        ("create", "serviceaccounts:token", "ws-rights"),
        ("get create", "coordination.k8s.io/leases", "kube-system"),
        ("patch delete", "nodes", ""),
        ("get", "configmaps", "monday"),
    ];
    all(&judge, OPERATOR, false, &forbidden).await;
}

/// A RoleBinding in `ws-rights`, as the operator makes it.
fn workspace_binding(name: &str, role: &str, account: &str) -> Value {
    let (namespace, account) = account.trim_start_matches("system:serviceaccount:").split_once(':').unwrap();
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": "ws-rights"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}]
    })
}

/// What a review cannot show: the API server's own check against granting rights that one does not hold.
#[tokio::test]
async fn the_operator_can_bind_one_role_only() {
    let judge = judge().await;
    let operator = judge.as_user(OPERATOR);
    let mut binding = workspace_binding("workspace", api::names::LEARNER_ROLE, LEARNER);
    operator.accepts(&binding).await;
    all(&judge, LEARNER, true, &[("get list watch", "pods", "ws-rights")]).await;
    let forbidden = [
        ("create delete", "pods", "ws-rights"),
        ("get", "secrets", "ws-rights"),
        ("get", "pods", "monday"),
        ("get", "workshop.platform/workspaceinstances", "monday"),
    ];
    all(&judge, LEARNER, false, &forbidden).await;

    binding["metadata"]["name"] = json!("more");
    for role in ["cluster-admin", "workshop-admin"] {
        binding["roleRef"]["name"] = json!(role);
        operator.rejects(&binding, "is attempting to grant RBAC permissions not currently held").await;
    }
}

#[tokio::test]
async fn people_may_do_what_their_roles_say() {
    let judge = judge().await;
    let (templates, instances) =
        ("workshop.platform/workspacetemplates", "workshop.platform/workspaceinstances");
    let everything = "get list watch create update patch delete";
    all(&judge, "admin", true, &[(everything, templates, ""), (everything, instances, "tuesday")]).await;
    all(&judge, "instructor", true, &[(everything, instances, "monday"), ("get list watch", templates, "")])
        .await;
    all(&judge, "viewer", true, &[("get list watch", instances, "monday")]).await;

    let status = "workshop.platform/workspaceinstances:status";
    all(&judge, "admin", false, &[("patch", status, "monday"), ("get", "secrets", "workshop-system")]).await;
    let not_the_instructors =
        [("get", instances, "tuesday"), ("create patch delete", templates, ""), ("patch", status, "monday")];
    all(&judge, "instructor", false, &not_the_instructors).await;
    all(
        &judge,
        "viewer",
        false,
        &[("create patch delete", instances, "monday"), ("get", instances, "tuesday")],
    )
    .await;
}
