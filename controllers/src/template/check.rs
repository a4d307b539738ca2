//! Whether a template makes sense, as conditions.

use api::conditions::{condition, condition_type, reason, set_condition};
use api::step_graph;
use api::v1::WorkspaceTemplate;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// `Valid` and `Ready`, with every fault of the steps in the message.
#[must_use]
pub fn conditions(template: &WorkspaceTemplate, now: jiff::Timestamp) -> Vec<Condition> {
    let faults: Vec<_> = step_graph::faults(&template.spec).iter().map(ToString::to_string).collect();
    let (valid, reason) =
        if faults.is_empty() { (true, reason::AS_WANTED) } else { (false, reason::TEMPLATE_INVALID) };
    let mut conditions = template.status.as_ref().map(|status| status.conditions.clone()).unwrap_or_default();
    for type_ in [condition_type::READY, condition_type::VALID] {
        let generation = template.metadata.generation;
        set_condition(&mut conditions, condition(type_, valid, reason, faults.join("; "), generation, now));
    }
    conditions
}
