//! The operator's Deployment: there, ready, of a version that fits, and with a leader.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;

use super::catalogue::{OPERATOR_READY, OPERATOR_VERSION};
use super::finding::{Finding, State};
use super::leader;
use crate::context::Context;
use crate::operator;
use crate::verbs::version::{CLIENT, skew};

pub async fn check(context: &Context) -> Vec<Finding> {
    let found = match operator::deployments(context).await {
        Ok(found) => found,
        Err(error) => return vec![Finding::unseen(OPERATOR_READY, &error)],
    };
    let [deployment] = found.as_slice() else { return vec![not_one(&found)] };
    let ready = ready(deployment);
    let leads = ready.state != State::Fail;
    let mut findings = vec![ready, version(deployment)];
    // Without a replica there is no leader; that is said already.
    if leads {
        findings.push(leader::check(context, &deployment.namespace().unwrap_or_default()).await);
    }
    findings
}

fn not_one(found: &[Deployment]) -> Finding {
    if found.is_empty() {
        let what = "there is no operator (no Deployment with app.kubernetes.io/component=operator)";
        return Finding::fail(OPERATOR_READY, what, "install the chart: helm install workshop ...");
    }
    let places: Vec<String> = found
        .iter()
        .map(|one| format!("{}/{}", one.namespace().unwrap_or_default(), one.name_any()))
        .collect();
    Finding::fail(
        OPERATOR_READY,
        format!("{} operators in one cluster: {}", found.len(), places.join(", ")),
        "keep one and uninstall the others",
    )
}

fn ready(deployment: &Deployment) -> Finding {
    let (name, namespace) = (deployment.name_any(), deployment.namespace().unwrap_or_default());
    let status = deployment.status.clone().unwrap_or_default();
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let ready = status.ready_replicas.unwrap_or_default();
    let what = format!("{namespace}/{name}: {ready} of {wanted} ready");
    if wanted == 0 {
        let todo = format!("switch it on:\nkubectl -n {namespace} scale deployment {name} --replicas=1");
        return Finding::fail(
            OPERATOR_READY,
            format!("{namespace}/{name} is switched off (0 replicas)"),
            todo,
        );
    }
    if ready >= wanted {
        return Finding::ok(OPERATOR_READY, what);
    }
    if ready > 0 {
        return Finding::warn(OPERATOR_READY, what, format!("see why: kubectl -n {namespace} get pods"));
    }
    let conditions = status.conditions.unwrap_or_default();
    let why = conditions.iter().find(|c| c.status == "False").and_then(|c| c.message.clone());
    let todo = format!(
        "see why:\nkubectl -n {namespace} describe deployment {name}\n\
         kubectl -n {namespace} logs deployment/{name}"
    );
    let what = why.map_or_else(|| what.clone(), |why| format!("{what}; {why}"));
    Finding::fail(OPERATOR_READY, what, todo)
}

fn version(deployment: &Deployment) -> Finding {
    let Some(version) = operator::version(deployment) else {
        return Finding::warn(
            OPERATOR_VERSION,
            "the operator does not say which version it is",
            "install it by the chart, which labels it, or give its image a tag",
        );
    };
    match skew(CLIENT, &version) {
        None => Finding::ok(OPERATOR_VERSION, format!("operator {version} fits this program {CLIENT}")),
        Some(_) => Finding::warn(
            OPERATOR_VERSION,
            format!("operator {version} and this program {CLIENT} are more than one minor version apart"),
            "upgrade the older of the two",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(replicas: i32, ready: i32, version: &str) -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "workshop-operator", "namespace": "workshop-system",
                         "labels": {"app.kubernetes.io/version": version}},
            "spec": {"replicas": replicas, "selector": {}, "template": {}}, "status": {"readyReplicas": ready}
        }))
        .unwrap()
    }

    #[test]
    fn one_ready_operator_is_what_is_needed() {
        assert_eq!(not_one(&[]).state, State::Fail);
        let of = |replicas, count| ready(&deployment(replicas, count, CLIENT)).state;
        assert_eq!(of(2, 2), State::Ok);
        assert_eq!(of(2, 1), State::Warn);
        assert_eq!(of(2, 0), State::Fail);
        assert_eq!(of(0, 0), State::Fail);
        let two = not_one(&[deployment(1, 1, CLIENT), deployment(1, 1, CLIENT)]);
        assert!(two.what.starts_with("2 operators"), "{}", two.what);
    }

    #[test]
    fn far_versions_are_told() {
        assert_eq!(version(&deployment(1, 1, CLIENT)).state, State::Ok);
        assert_eq!(version(&deployment(1, 1, "7.0.0")).state, State::Warn);
        assert_eq!(version(&Deployment::default()).state, State::Warn);
    }
}
