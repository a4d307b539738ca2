//! Room for a planned class: what nodes and quota have left, against what its workspaces request.

use std::collections::BTreeMap;

use api::quantity;
use api::v1::WorkspaceTemplate;
use k8s_openapi::api::core::v1::{Node, Pod, ResourceQuota};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use serde::de::DeserializeOwned;

use super::catalogue::{ROOM_NODES, ROOM_QUOTA};
use super::finding::Finding;
use crate::context::Context;
use crate::error::Error;
use crate::operator;
use demand::Demand;

mod demand;
mod free;

/// Resource name under which a quota counts instances.
const COUNTED: &str = "count/workspaceinstances.workshop.platform";
/// Largest part of a list in one answer.
const PAGE: u32 = 500;

pub async fn check(
    context: &Context,
    templates: Vec<WorkspaceTemplate>,
    learners: u32,
    template: Option<&str>,
) -> Vec<Finding> {
    let defaults = operator::deployments(context).await.unwrap_or_default();
    let Some(demand) = demand::of(&templates, template, &demand::defaults(&defaults)) else {
        let what = match template {
            Some(name) => format!("there is no template \"{name}\""),
            None => "there is no template, so nobody knows what a workspace requests".to_owned(),
        };
        return vec![Finding::fail(
            ROOM_NODES,
            what,
            "load the workshop first: kubectl workshop load ARTIFACT",
        )];
    };
    let (nodes, quota) = tokio::join!(nodes(context, &demand, learners), quota(context, learners));
    [nodes].into_iter().chain(quota).collect()
}

async fn nodes(context: &Context, demand: &Demand, learners: u32) -> Finding {
    let all: Api<Node> = Api::all(context.client.clone());
    let pods: Api<Pod> = Api::all(context.client.clone());
    let (nodes, pods) = tokio::join!(list(context, "list nodes", &all), list(context, "list pods", &pods));
    match (nodes, pods) {
        (Ok(nodes), Ok(pods)) => judge(demand, learners, free::fitting(&nodes, &pods, demand)),
        (Err(error), _) | (_, Err(error)) => Finding::unseen(ROOM_NODES, &error),
    }
}

fn judge(demand: &Demand, learners: u32, fitting: u64) -> Finding {
    let what = format!(
        "room for {fitting} more workspaces of {} ({} CPU, {} requested each)",
        demand.template, demand.cpu, demand.memory
    );
    if fitting >= u64::from(learners) {
        return Finding::ok(ROOM_NODES, what);
    }
    Finding::fail(
        ROOM_NODES,
        format!("{what}; {learners} are planned"),
        "add nodes, delete workspaces that are done, or lower resources in the template",
    )
}

/// Nothing where no quota counts instances.
async fn quota(context: &Context, learners: u32) -> Option<Finding> {
    let quotas: Api<ResourceQuota> = context.in_class();
    match list(context, "list quotas of the class", &quotas).await {
        Ok(quotas) => judge_quota(&quotas, &context.class, learners),
        Err(error) => Some(Finding::unseen(ROOM_QUOTA, &error)),
    }
}

fn judge_quota(quotas: &[ResourceQuota], class: &str, learners: u32) -> Option<Finding> {
    let number = |map: Option<&BTreeMap<String, Quantity>>| quantity::parse(&map?.get(COUNTED)?.0).ok();
    let left = |quota: &ResourceQuota| {
        let hard = number(quota.spec.as_ref()?.hard.as_ref())?;
        let used = number(quota.status.as_ref().and_then(|status| status.used.as_ref())).unwrap_or(0);
        Some(((hard - used).max(0) / 1000, quota.name_any()))
    };
    let (left, name) = quotas.iter().filter_map(left).min()?;
    let what = format!("quota {name} of class {class} leaves {left} workspaces");
    if left >= i128::from(learners) {
        return Some(Finding::ok(ROOM_QUOTA, what));
    }
    let todo = format!("raise {COUNTED} of ResourceQuota {name} in namespace {class}");
    Some(Finding::fail(ROOM_QUOTA, format!("{what}; {learners} are planned"), todo))
}

async fn list<K>(context: &Context, doing: &str, api: &Api<K>) -> Result<Vec<K>, Error>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut params = ListParams::default().limit(PAGE);
    let mut found = Vec::new();
    loop {
        let page = context.call(doing, api.list(&params)).await?;
        found.extend(page.items);
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_smallest_quota_decides() {
        let quota = |name: &str, hard: &str, used: &str| -> ResourceQuota {
            serde_json::from_value(json!({
                "metadata": {"name": name}, "spec": {"hard": {COUNTED: hard}}, "status": {"used": {COUNTED: used}}
            }))
            .unwrap()
        };
        let quotas = [quota("a", "40", "5"), quota("b", "30", "4"), ResourceQuota::default()];
        assert_eq!(judge_quota(&quotas, "monday", 26).unwrap().state, State::Ok);
        assert_eq!(judge_quota(&quotas, "monday", 27).unwrap().state, State::Fail);
        assert_eq!(judge_quota(&quotas[2..], "monday", 27), None);
    }

    #[test]
    fn as_many_as_planned_have_to_fit() {
        let demand = Demand { template: "t".into(), cpu: "200m".into(), memory: "1Gi".into() };
        assert_eq!(judge(&demand, 30, 30).state, State::Ok);
        assert_eq!(judge(&demand, 30, 29).state, State::Fail);
    }
}
