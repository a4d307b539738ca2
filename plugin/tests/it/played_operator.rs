//! Plays the operator: writes the status that a working one would.

use std::pin::pin;

use api::conditions::{condition, condition_type, reason, set_condition};
use api::v1::{CurrentStep, WorkspaceInstance, WorkspaceInstanceStatus};
use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, ResourceExt};
use serde_json::json;

use super::cluster::STEPS;

/// Makes every instance of the class ready on the step that its spec asks for, for ever.
pub async fn play(client: Client, class: &str) {
    let instances: Api<WorkspaceInstance> = Api::namespaced(client, class);
    let events = watcher(instances.clone(), watcher::Config::default()).default_backoff().applied_objects();
    let mut events = pin!(events);
    while let Some(event) = events.next().await {
        let Ok(instance) = event else { continue };
        let status = status(&instance);
        if instance.status.as_ref() != Some(&status) {
            let patch = Patch::Merge(json!({"status": status}));
            // Deleted meanwhile: nothing to report about.
            let _ = instances.patch_status(&instance.name_any(), &PatchParams::default(), &patch).await;
        }
    }
}

fn status(instance: &WorkspaceInstance) -> WorkspaceInstanceStatus {
    let mut status = instance.status.clone().unwrap_or_default();
    if instance.spec.owner == "stuck" {
        return failed(status, instance.metadata.generation);
    }
    let now = jiff::Timestamp::UNIX_EPOCH;
    let id = instance.spec.current_step.clone().unwrap_or_else(|| STEPS[0].to_owned());
    status.current_step =
        Some(CurrentStep { id, digest: format!("sha256:{}", "0".repeat(64)), since: Time(now) });
    status.reset_count = Some(instance.spec.reset_count.unwrap_or_default());
    status.observed_generation = instance.metadata.generation;
    let ready =
        condition(condition_type::READY, true, reason::AS_WANTED, "", instance.metadata.generation, now);
    set_condition(&mut status.conditions, ready);
    status
}

fn failed(mut status: WorkspaceInstanceStatus, generation: Option<i64>) -> WorkspaceInstanceStatus {
    let now = jiff::Timestamp::UNIX_EPOCH;
    status.observed_generation = generation;
    for (type_, state) in [(condition_type::READY, false), (condition_type::STALLED, true)] {
        let condition = condition(type_, state, reason::IMAGE_PULL_FAILED, "no such image", generation, now);
        set_condition(&mut status.conditions, condition);
    }
    status
}
