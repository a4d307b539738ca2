//! Webhooks of ours, where there are any: the Service behind them has endpoints, and they answer.

use std::collections::BTreeSet;

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::json;

use super::catalogue::{WEBHOOK_ANSWER, WEBHOOK_SERVICE};
use super::finding::Finding;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;

/// Label that chart and Kustomize files put on everything of the product.
const OURS: &str = "app.kubernetes.io/name=workshop";

pub async fn check(context: &Context) -> Vec<Finding> {
    let configs = match configurations(context).await {
        Ok(configs) => configs,
        Err(error) => return vec![Finding::unseen(WEBHOOK_SERVICE, &error)],
    };
    let services: BTreeSet<(String, String)> = configs
        .iter()
        .filter_map(|config| config.service.as_ref())
        .map(|service| (service.namespace.clone(), service.name.clone()))
        .collect();
    let mut findings = Vec::new();
    for (namespace, name) in services {
        findings.push(match endpoints(context, &namespace, &name).await {
            Ok(ready) => judge(&namespace, &name, ready),
            Err(error) => Finding::unseen(WEBHOOK_SERVICE, &error),
        });
    }
    if !configs.is_empty() {
        findings.push(answer(context).await);
    }
    findings
}

async fn configurations(context: &Context) -> Result<Vec<WebhookClientConfig>, Error> {
    let ours = ListParams::default().labels(OURS);
    let validating: Api<ValidatingWebhookConfiguration> = Api::all(context.client.clone());
    let mutating: Api<MutatingWebhookConfiguration> = Api::all(context.client.clone());
    let validating = context.call("list validating webhooks", validating.list(&ours)).await?.items;
    let mutating = context.call("list mutating webhooks", mutating.list(&ours)).await?.items;
    let first = validating
        .into_iter()
        .flat_map(|one| one.webhooks.unwrap_or_default())
        .map(|hook| hook.client_config);
    let second =
        mutating.into_iter().flat_map(|one| one.webhooks.unwrap_or_default()).map(|hook| hook.client_config);
    Ok(first.chain(second).collect())
}

async fn endpoints(context: &Context, namespace: &str, service: &str) -> Result<usize, Error> {
    let slices: Api<EndpointSlice> = Api::namespaced(context.client.clone(), namespace);
    let of = ListParams::default().labels(&format!("kubernetes.io/service-name={service}"));
    let slices = context.call(format!("list endpoints of {namespace}/{service}"), slices.list(&of)).await?;
    let all = slices.items.iter().flat_map(|slice| slice.endpoints.iter().flatten());
    // Absent means unknown, and unknown counts as ready (EndpointConditions).
    Ok(all
        .filter(|one| one.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false))
        .count())
}

fn judge(namespace: &str, service: &str, ready: usize) -> Finding {
    if ready > 0 {
        return Finding::ok(WEBHOOK_SERVICE, format!("{namespace}/{service}: {ready} ready"));
    }
    Finding::fail(
        WEBHOOK_SERVICE,
        format!(
            "no pod is ready behind the webhook service {namespace}/{service}: new instances and moves are refused"
        ),
        format!("see why: kubectl -n {namespace} get pods"),
    )
}

/// The only proof of a certificate is the API server's own call: a dry run goes through the webhook.
async fn answer(context: &Context) -> Finding {
    let instances: Api<WorkspaceInstance> = context.in_class();
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let doing = "send an instance through the webhook (dry run)";
    let probe = match probe(context).await {
        Ok(probe) => probe,
        Err(error) => return Finding::unseen(WEBHOOK_ANSWER, &error),
    };
    match context.call(doing, instances.create(&params, &probe)).await {
        Ok(_) => answers(),
        Err(error) => {
            let why = error.report().why.join("; ");
            let certificate = why.contains("x509") || why.contains("certificate");
            match (why.contains("webhook"), error.report().exit) {
                (true, _) if certificate => Finding::fail(
                    WEBHOOK_ANSWER,
                    format!("the API server does not accept the webhook's certificate: {why}"),
                    "see the log of the webhooks for the last rotation, and caBundle of the webhook configuration",
                ),
                (true, Exit::Failed) if why.contains("failed calling") || why.contains("does not answer") => {
                    Finding::fail(
                        WEBHOOK_ANSWER,
                        why,
                        "see why: the Service behind it, and a network policy in between",
                    )
                }
                // It was asked and said no: that is an answer.
                (true, _) => answers(),
                _ => Finding::unseen(WEBHOOK_ANSWER, &error),
            }
        }
    }
}

fn answers() -> Finding {
    Finding::ok(WEBHOOK_ANSWER, "the webhook answers, with a certificate that the API server accepts")
}

/// An instance of a template that there is, so that no other rule stands before the webhook.
async fn probe(context: &Context) -> Result<WorkspaceInstance, Error> {
    let templates: Api<WorkspaceTemplate> = Api::all(context.client.clone());
    let first = context.call("list templates", templates.list(&ListParams::default().limit(1))).await?;
    let template = first.items.into_iter().next().and_then(|one| one.metadata.name);
    let probe = json!({
        "metadata": {"name": "workshop-check"},
        "spec": {"owner": "workshop-check", "templateRef": {"name": template.unwrap_or_else(|| "none".to_owned())}}
    });
    serde_json::from_value(probe).map_err(|fault| Error::Print(Box::new(fault)))
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn somebody_has_to_be_behind_a_webhook() {
        assert_eq!(judge("a", "b", 0).state, State::Fail);
        assert_eq!(judge("a", "b", 2).state, State::Ok);
    }
}
