//! The conditions that kubelet sets on a pod, as its `status/generate.go` does. Pure.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::run::{Run, init_of};
use super::status::second;

/// Since when each condition has which status.
#[derive(Debug, Default)]
pub struct Since(HashMap<&'static str, (&'static str, Timestamp)>);

/// A condition of kubelet's.
pub struct Condition {
    type_: &'static str,
    is_true: bool,
    reason: &'static str,
    message: String,
}

/// Kubelet's own conditions.
pub fn conditions(run: &Run, phase: &str, spec: &PodSpec) -> [Condition; 5] {
    let is = |type_, is_true, reason, message| Condition { type_, is_true, reason, message };
    let yes = |type_| is(type_, true, "", String::new());
    let unready: Vec<_> =
        run.main.iter().filter(|cell| !cell.runs()).map(|cell| cell.name.as_str()).collect();
    let ready = |type_| match phase {
        "Succeeded" => is(type_, false, "PodCompleted", String::new()),
        "Failed" => is(type_, false, "PodFailed", String::new()),
        _ if unready.is_empty() => yes(type_),
        _ => {
            let message = format!("containers with unready status: [{}]", unready.join(" "));
            is(type_, false, "ContainersNotReady", message)
        }
    };
    let incomplete: Vec<_> =
        run.init.iter().filter(|cell| !cell.completed()).map(|cell| cell.name.as_str()).collect();
    let initialized = match phase {
        "Succeeded" => is("Initialized", true, "PodCompleted", String::new()),
        _ if incomplete.is_empty() || init_of(spec).is_empty() => yes("Initialized"),
        _ => {
            let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
            is("Initialized", false, "ContainersNotInitialized", message)
        }
    };
    // Over for good, a pod has no sandbox any more.
    let over = matches!(phase, "Succeeded" | "Failed") || run.address.is_none();
    let sandbox = is("PodReadyToStartContainers", !over, "", String::new());
    [sandbox, initialized, ready("Ready"), ready("ContainersReady"), yes("PodScheduled")]
}

impl Since {
    /// As the API has it, with the time of its last turn.
    pub fn stamp(&mut self, condition: &Condition, observed: Option<i64>, now: Timestamp) -> Value {
        let status = if condition.is_true { "True" } else { "False" };
        let known = self.0.entry(condition.type_).or_insert((status, now));
        if known.0 != status {
            *known = (status, now);
        }
        let word = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        json!({
            "type": condition.type_,
            "status": status,
            "observedGeneration": observed,
            "lastProbeTime": null,
            "lastTransitionTime": second(known.1),
            // Null takes away what the merge would keep.
            "reason": word(condition.reason),
            "message": word(&condition.message),
        })
    }
}
