//! Random moves and resets of one workspace: the pod stays, its address stays, nothing backs off.

use api::v1::WorkspaceInstance;
use k8s_openapi::api::core::v1::Event;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use serde::Serialize;
use serde_json::json;

use crate::arm::{Arm, Subject};
use crate::error::BenchError;
use crate::images::StepImage;
use crate::sight::Sight;

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Flips {
    /// Moves and resets.
    pub count: usize,
    /// Events of kubelet that a container waits before it may start.
    pub back_offs: usize,
    /// Pods that were made anew.
    pub pods_made: usize,
    /// Changes of the pod's address.
    pub addresses_changed: usize,
}

/// Does `count` of them, one in three a reset, each as soon as status has proven the one before.
///
/// # Errors
/// When one does not come to its end.
pub async fn flip(
    client: &Client,
    sight: &Sight,
    steps: &[StepImage],
    subject: &Subject,
    count: usize,
) -> Result<Flips, BenchError> {
    let instances: Api<WorkspaceInstance> = Api::namespaced(client.clone(), Arm::Ours.home());
    let mut flips = Flips { count, back_offs: 0, pods_made: 0, addresses_changed: 0 };
    let mut seen = identity(subject, sight);
    let mut random = Random(0x5eed);
    let mut resets = 0;
    for index in 0..count {
        if index % 50 == 0 {
            eprintln!("move or reset {index} of {count}");
        }
        let spec = if random.below(3) == 0 {
            resets += 1;
            json!({"resetCount": resets})
        } else {
            json!({"currentStep": steps.get(random.below(steps.len())).map(|step| step.id.clone())})
        };
        let patch = Patch::Merge(json!({"spec": spec}));
        let generation =
            instances.patch(&subject.name, &PatchParams::default(), &patch).await?.metadata.generation;
        sight.until("the proof of a move", || proven(sight, subject, generation)).await?;
        let now = identity(subject, sight);
        flips.pods_made += usize::from(now.0 != seen.0);
        flips.addresses_changed += usize::from(now.1 != seen.1);
        seen = now;
    }
    let events: Api<Event> = Api::namespaced(client.clone(), &subject.namespace);
    flips.back_offs = events
        .list(&ListParams::default())
        .await?
        .items
        .iter()
        .filter(|e| e.reason.as_deref() == Some("BackOff"))
        .count();
    Ok(flips)
}

/// A move to the step that runs already changes nothing, so the generation may stay unobserved.
fn proven(sight: &Sight, subject: &Subject, generation: Option<i64>) -> Result<(), String> {
    let instance = sight.instances.find(|i| i.name_any() == subject.name).ok_or("no instance")?;
    let status = instance.status.clone().unwrap_or_default();
    let ready = api::conditions::is_true(&status.conditions, api::conditions::condition_type::READY);
    let wanted = instance.spec.current_step.clone();
    let there = status.current_step.as_ref().map(|step| step.id.clone()) == wanted
        && status.reset_count.unwrap_or_default() == instance.spec.reset_count.unwrap_or_default();
    let known = instance.metadata.generation >= generation;
    if ready && there && known { Ok(()) } else { Err(format!("{:?}", status.current_step)) }
}

fn identity(subject: &Subject, sight: &Sight) -> (Option<String>, Option<String>) {
    let pod = subject.pod(sight);
    let address = pod.as_ref().and_then(|pod| pod.status.as_ref()?.pod_ip.clone());
    (pod.and_then(|pod| pod.uid()), address)
}

/// The same sequence in every run (a linear congruential generator; constants of Knuth's MMIX).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit.max(1)
    }
}
