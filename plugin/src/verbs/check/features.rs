//! What the API server can do, asked by dry runs: versions alone decide nothing.

use api::names;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::catalogue::{IMAGE_CHANGE, POD_USERS};
use super::finding::Finding;
use crate::context::Context;
use crate::exit::Exit;

/// Every cluster has it, with a ServiceAccount.
const NAMESPACE: &str = "default";

pub async fn check(context: &Context) -> Vec<Finding> {
    let (users, change) = tokio::join!(user_namespaces(context), image_change(context));
    [users].into_iter().chain(change).collect()
}

/// Whether the API server keeps `hostUsers: false`: where the feature is off, it drops the field.
pub async fn user_namespaces(context: &Context) -> Finding {
    let pods: Api<Pod> = Api::namespaced(context.client.clone(), NAMESPACE);
    let params = PostParams { dry_run: true, ..PostParams::default() };
    match context.call("try a pod with a user namespace (dry run)", pods.create(&params, &probe())).await {
        Ok(pod) => judge_users(pod.spec.and_then(|spec| spec.host_users)),
        // A refusal says nothing about the feature: an admission policy, or a missing right.
        Err(error) if error.report().exit == Exit::NotAllowed => Finding::unseen(POD_USERS, &error),
        Err(error) => {
            let why = error.report().why.join("; ");
            Finding::warn(
                POD_USERS,
                format!("user namespaces unknown: {why}"),
                "see why this cluster refuses pods",
            )
        }
    }
}

fn judge_users(kept: Option<bool>) -> Finding {
    if kept == Some(false) {
        return Finding::ok(POD_USERS, "pods may have a user namespace (hostUsers: false)");
    }
    Finding::warn(
        POD_USERS,
        "the API server drops hostUsers: false, so templates with runAs: Root cannot run",
        "switch the feature gate UserNamespacesSupport on, or use templates with runAs: NonRoot",
    )
}

/// A pod that the level restricted admits.
fn probe() -> Pod {
    let pod = json!({
        "metadata": {"generateName": "workshop-check-"},
        "spec": {
            "hostUsers": false, "automountServiceAccountToken": false, "enableServiceLinks": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "probe", "image": "workshop.invalid/probe",
                "resources": {"limits": {"cpu": "10m", "memory": "16Mi"}},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}
            }]
        }
    });
    serde_json::from_value(pod).unwrap_or_default()
}

/// Whether the image of a workspace may change in place, tried on one that there is; without one
/// there is nothing to try.
async fn image_change(context: &Context) -> Option<Finding> {
    let all: Api<Pod> = Api::all(context.client.clone());
    let ours =
        ListParams::default().labels(&format!("{}={}", names::ROLE_LABEL, names::role::WORKSPACE)).limit(1);
    // Who may not see workspaces' pods cannot try it, and need not: only the operator moves them.
    let found = context.call("look for a workspace", all.list(&ours)).await.ok()?;
    let pod = found.items.into_iter().find(|pod| pod.metadata.deletion_timestamp.is_none())?;
    let (name, namespace) = (pod.name_any(), pod.namespace()?);
    let image = json!({"spec": {"containers": [{"name": names::WORKSPACE_CONTAINER, "image": "workshop.invalid/probe"}]}});
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    let pods: Api<Pod> = Api::namespaced(context.client.clone(), &namespace);
    let doing = format!("change the image of pod {namespace}/{name} (dry run)");
    Some(match context.call(doing, pods.patch(&name, &params, &Patch::Strategic(image))).await {
        Ok(_) => Finding::ok(IMAGE_CHANGE, "the image of a workspace may change in place"),
        Err(error) if error.report().exit == Exit::NotFound => return None,
        Err(error) if error.report().why.iter().any(|why| why.contains("cannot patch resource")) => {
            Finding::unseen(IMAGE_CHANGE, &error)
        }
        Err(error) => Finding::fail(
            IMAGE_CHANGE,
            format!("the image of a workspace may not change in place: {}", error.report().why.join("; ")),
            "leave namespaces with the label workshop.platform/role=workspace out of that policy",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_dropped_field_means_that_the_feature_is_off() {
        assert_eq!(judge_users(Some(false)).state, State::Ok);
        assert_eq!(judge_users(None).state, State::Warn);
        assert_eq!(judge_users(Some(true)).state, State::Warn);
    }

    #[test]
    fn the_probe_asks_for_a_user_namespace() {
        assert_eq!(probe().spec.unwrap().host_users, Some(false));
    }
}
