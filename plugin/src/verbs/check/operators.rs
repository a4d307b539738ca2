//! The operator's Deployment.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;

use super::Finding;
use crate::context::Context;
use crate::operator;

const CHECK: &str = "operator";

pub async fn check(context: &Context) -> Vec<Finding> {
    match operator::deployments(context).await {
        Ok(found) => judge(&found),
        Err(error) => vec![Finding::unseen(CHECK, &error)],
    }
}

fn judge(found: &[Deployment]) -> Vec<Finding> {
    if found.is_empty() {
        let what = format!("no Deployment with {}", operator::SELECTOR);
        return vec![Finding::fail(CHECK, what, "install the chart: helm install workshop ...")];
    }
    let mut findings: Vec<Finding> = found.iter().map(one).collect();
    if found.len() > 1 {
        findings.push(Finding::fail(
            CHECK,
            format!("{} operators in one cluster", found.len()),
            "keep one and uninstall the others",
        ));
    }
    findings
}

fn one(deployment: &Deployment) -> Finding {
    let (name, namespace) = (deployment.name_any(), deployment.namespace().unwrap_or_default());
    let status = deployment.status.clone().unwrap_or_default();
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let ready = status.ready_replicas.unwrap_or_default();
    let version = operator::version(deployment).unwrap_or_else(|| "unknown version".to_owned());
    let what = format!("{namespace}/{name} {version}, {ready} of {wanted} ready");
    if ready >= wanted && wanted > 0 {
        return Finding::ok(CHECK, what);
    }
    if ready > 0 {
        return Finding::warn(CHECK, what, format!("see why: kubectl -n {namespace} get pods"));
    }
    let conditions = status.conditions.unwrap_or_default();
    let why =
        conditions.iter().find(|c| c.status == "False").and_then(|c| c.message.clone()).unwrap_or_default();
    let todo = format!(
        "see why: kubectl -n {namespace} describe deployment {name}, \
         kubectl -n {namespace} logs deployment/{name}"
    );
    Finding::fail(CHECK, format!("{what} {why}").trim_end(), todo)
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use serde_json::json;

    fn deployment(ready: i32) -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "workshop-operator", "namespace": "workshop-system"},
            "spec": {"replicas": 2, "selector": {}, "template": {}}, "status": {"readyReplicas": ready}
        }))
        .unwrap()
    }

    #[test]
    fn one_ready_operator_is_what_is_needed() {
        let states =
            |found: &[Deployment]| judge(found).iter().map(|finding| finding.state).collect::<Vec<_>>();
        assert_eq!(states(&[]), [State::Fail]);
        assert_eq!(states(&[deployment(2)]), [State::Ok]);
        assert_eq!(states(&[deployment(1)]), [State::Warn]);
        assert_eq!(states(&[deployment(0)]), [State::Fail]);
        assert_eq!(states(&[deployment(2), deployment(2)]), [State::Ok, State::Ok, State::Fail]);
    }
}
