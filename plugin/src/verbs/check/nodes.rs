//! Nodes: ready, user namespaces (for `runAs: Root`), limit of processes.

use api::v1::{RunAs, WorkspaceTemplate};
use futures::future::join_all;
use k8s_openapi::api::core::v1::Node;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde_json::Value;

use super::catalogue::{NODES_PROCESSES, NODES_READY, NODES_USERS};
use super::finding::Finding;
use crate::context::Context;
use crate::error::Error;

/// Nodes whose kubelet is asked for its configuration; they are usually all alike.
const ASKED: usize = 10;

/// Templates that want user namespaces.
pub fn who_needs_root(templates: &[WorkspaceTemplate]) -> Vec<String> {
    let root = |template: &&WorkspaceTemplate| template.spec.defaults.run_as == Some(RunAs::Root);
    templates.iter().filter(root).map(ResourceExt::name_any).collect()
}

/// `roots`: templates that say `runAs: Root`.
pub async fn check(context: &Context, roots: Vec<String>) -> Vec<Finding> {
    let nodes: Api<Node> = Api::all(context.client.clone());
    let nodes = match context.call("list nodes", nodes.list(&ListParams::default())).await {
        Ok(nodes) => nodes.items,
        Err(error) => return vec![Finding::unseen(NODES_READY, &error)],
    };
    let limits = join_all(
        nodes.iter().filter(|node| is_ready(node)).take(ASKED).map(|node| process_limit(context, node)),
    )
    .await;
    let mut findings = vec![readiness(&nodes)];
    if !nodes.is_empty() {
        findings.push(user_namespaces(&nodes, &roots));
        findings.push(process_limits(limits));
    }
    findings
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.clone().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn readiness(nodes: &[Node]) -> Finding {
    let away: Vec<String> = nodes.iter().filter(|node| !is_ready(node)).map(ResourceExt::name_any).collect();
    match (nodes.len(), away.len()) {
        (0, _) => Finding::fail(NODES_READY, "the cluster has no node", "add a node: workspaces are pods"),
        (all, 0) => Finding::ok(NODES_READY, format!("{all} of {all} nodes ready")),
        (all, n) if n == all => Finding::fail(
            NODES_READY,
            format!("none of {all} nodes ready"),
            "see why: kubectl describe nodes",
        ),
        (all, n) => Finding::warn(
            NODES_READY,
            format!("{} of {all} nodes ready; not: {}", all - n, away.join(", ")),
            "see why: kubectl describe node NAME",
        ),
    }
}

/// Whether the default runtime of the node can give a pod a user namespace (KEP-127).
fn has_user_namespaces(node: &Node) -> bool {
    let handlers = node.status.iter().flat_map(|status| status.runtime_handlers.iter().flatten());
    let mut default = handlers.filter(|handler| handler.name.as_deref().unwrap_or_default().is_empty());
    default.any(|handler| {
        handler.features.as_ref().is_some_and(|features| features.user_namespaces == Some(true))
    })
}

fn user_namespaces(nodes: &[Node], roots: &[String]) -> Finding {
    let without: Vec<String> =
        nodes.iter().filter(|node| !has_user_namespaces(node)).map(ResourceExt::name_any).collect();
    if without.is_empty() {
        return Finding::ok(NODES_USERS, "user namespaces on all nodes: templates may say runAs: Root");
    }
    let todo = "use Linux 6.3 or later with containerd 2.0 and runc 1.2 (or CRI-O), or templates with runAs: NonRoot";
    if without.len() == nodes.len() && !roots.is_empty() {
        let what = format!(
            "no node has user namespaces, and templates with runAs: Root need them: {}",
            roots.join(", ")
        );
        return Finding::fail(NODES_USERS, what, todo);
    }
    let what =
        format!("no user namespaces on {}: templates with runAs: Root cannot run there", without.join(", "));
    Finding::warn(NODES_USERS, what, todo)
}

async fn process_limit(context: &Context, node: &Node) -> Result<i64, Error> {
    let name = node.name_any();
    let request = http::Request::get(format!("/api/v1/nodes/{name}/proxy/configz")).body(Vec::new());
    let doing = format!("read the kubelet's configuration on {name}");
    let request = request.map_err(|source| context.failed(&doing, kube::Error::HttpError(source)))?;
    let answer = context.call(doing, context.client.request::<Value>(request)).await?;
    Ok(answer.pointer("/kubeletconfig/podPidsLimit").and_then(Value::as_i64).unwrap_or(-1))
}

fn process_limits(limits: Vec<Result<i64, Error>>) -> Finding {
    let mut least = i64::MAX;
    let mut unlimited = false;
    for limit in limits {
        match limit {
            Ok(limit) if limit > 0 => least = least.min(limit),
            Ok(_) => unlimited = true,
            Err(error) => {
                let why = error.report().why.join("; ");
                return Finding::warn(
                    NODES_PROCESSES,
                    format!("podPidsLimit unknown: {why}"),
                    "let somebody who may get nodes/proxy run this check, \
                     or look at podPidsLimit in the kubelet's configuration",
                );
            }
        }
    }
    if unlimited {
        Finding::warn(
            NODES_PROCESSES,
            "podPidsLimit is not set: only the agent's own limit stops a fork bomb",
            "set podPidsLimit: 4096 in the kubelet's configuration",
        )
    } else if least == i64::MAX {
        Finding::warn(
            NODES_PROCESSES,
            "podPidsLimit unknown: no node is ready",
            "check again when nodes are ready",
        )
    } else {
        Finding::ok(NODES_PROCESSES, format!("at most {least} processes in a pod (podPidsLimit)"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;
    use serde_json::json;

    fn node(ready: &str, user_namespaces: bool) -> Node {
        serde_json::from_value(json!({
            "metadata": {"name": "n1"},
            "status": {
                "conditions": [{"type": "Ready", "status": ready}],
                "runtimeHandlers": [
                    {"name": "", "features": {"userNamespaces": user_namespaces}},
                    {"name": "kata", "features": {"userNamespaces": true}}]
            }
        }))
        .unwrap()
    }

    #[test]
    fn some_node_must_be_ready() {
        assert_eq!(readiness(&[]).state, State::Fail);
        assert_eq!(readiness(&[node("False", true)]).state, State::Fail);
        assert_eq!(readiness(&[node("False", true), node("True", true)]).state, State::Warn);
        assert_eq!(readiness(&[node("True", true)]).state, State::Ok);
    }

    #[test]
    fn the_default_runtime_decides_about_user_namespaces() {
        let roots = ["lab".to_owned()];
        assert_eq!(user_namespaces(&[node("True", true)], &roots).state, State::Ok);
        assert_eq!(user_namespaces(&[node("True", true), node("True", false)], &roots).state, State::Warn);
        assert_eq!(user_namespaces(&[Node::default()], &[]).state, State::Warn);
        assert_eq!(user_namespaces(&[Node::default()], &roots).state, State::Fail);
    }

    #[test]
    fn the_least_process_limit_is_told() {
        assert_eq!(
            process_limits(vec![Ok(4096), Ok(1024)]).what,
            "at most 1024 processes in a pod (podPidsLimit)"
        );
        assert_eq!(process_limits(vec![Ok(4096), Ok(-1)]).state, State::Warn);
        assert_eq!(process_limits(vec![]).state, State::Warn);
    }
}
