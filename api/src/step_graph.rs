//! Order of the steps, and what unlocks them.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use wire::ImageReference;

use crate::v1::{Step, WorkspaceTemplateSpec};

/// What is wrong with the steps of a template.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StepFault {
    /// Nothing to start with.
    #[error("steps: at least one step is required")]
    Empty,
    /// `unlock.after` names a step that is not there.
    #[error("steps[{index}].unlock.after: \"{after}\" is no step of this template")]
    UnknownAfter {
        /// Position of the step, from 0.
        index: usize,
        /// Name that was given.
        after: String,
    },
    /// Steps that wait for each other can never be entered.
    #[error("steps[{index}].unlock.after: \"{id}\" waits for itself")]
    Cycle {
        /// Position of the step, from 0.
        index: usize,
        /// The step.
        id: String,
    },
    /// A reference that cannot be pulled from.
    #[error("steps[{index}].image.reference: {reason}")]
    Reference {
        /// Position of the step, from 0.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// The step with this id.
#[must_use]
pub fn find<'a>(steps: &'a [Step], id: &str) -> Option<&'a Step> {
    steps.iter().find(|step| step.id == id)
}

/// The step after this one in the order of the workshop.
#[must_use]
pub fn next<'a>(steps: &'a [Step], id: &str) -> Option<&'a Step> {
    let at = steps.iter().position(|step| step.id == id)?;
    steps.get(at + 1)
}

/// The step before this one in the order of the workshop.
#[must_use]
pub fn previous<'a>(steps: &'a [Step], id: &str) -> Option<&'a Step> {
    let at = steps.iter().position(|step| step.id == id)?;
    steps.get(at.checked_sub(1)?)
}

/// The ids in order, for messages.
#[must_use]
pub fn ids(steps: &[Step]) -> String {
    steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Everything that is wrong with the steps, in their order.
#[must_use]
pub fn faults(spec: &WorkspaceTemplateSpec) -> Vec<StepFault> {
    let after: BTreeMap<&str, Vec<&str>> = spec
        .steps
        .iter()
        .map(|step| {
            let after = step.unlock.iter().flat_map(|unlock| &unlock.after).map(String::as_str);
            (step.id.as_str(), after.collect())
        })
        .collect();
    let mut faults = Vec::new();
    if spec.steps.is_empty() {
        faults.push(StepFault::Empty);
    }
    for (index, step) in spec.steps.iter().enumerate() {
        if let Err(error) = step.image.reference.parse::<ImageReference>() {
            faults.push(StepFault::Reference { index, reason: error.to_string() });
        }
        for unknown in after.get(step.id.as_str()).into_iter().flatten() {
            if !after.contains_key(unknown) {
                faults.push(StepFault::UnknownAfter { index, after: (*unknown).to_owned() });
            }
        }
        if waits_for_itself(&step.id, &after) {
            faults.push(StepFault::Cycle { index, id: step.id.clone() });
        }
    }
    faults
}

fn waits_for_itself(id: &str, after: &BTreeMap<&str, Vec<&str>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = after.get(id).cloned().unwrap_or_default();
    while let Some(one) = open.pop() {
        if one == id {
            return true;
        }
        if seen.insert(one) {
            open.extend(after.get(one).into_iter().flatten());
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(steps: &[(&str, &[&str])]) -> WorkspaceTemplateSpec {
        let digest = format!("sha256:{}", "0".repeat(64));
        let steps: Vec<_> = steps
            .iter()
            .map(|(id, after)| {
                serde_json::json!({
                    "id": id, "title": id, "unlock": {"after": after},
                    "image": {"reference": format!("localhost/w:{id}"), "digest": digest}
                })
            })
            .collect();
        serde_json::from_value(serde_json::json!({"steps": steps})).unwrap()
    }

    fn messages(spec: &WorkspaceTemplateSpec) -> Vec<String> {
        faults(spec).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_chain_is_fine_and_has_neighbours() {
        let spec = template(&[("a", &[]), ("b", &["a"]), ("c", &["a", "b"])]);
        assert!(messages(&spec).is_empty());
        assert_eq!(next(&spec.steps, "a").unwrap().id, "b");
        assert_eq!(previous(&spec.steps, "c").unwrap().id, "b");
        assert!(next(&spec.steps, "c").is_none() && previous(&spec.steps, "a").is_none());
        assert_eq!(ids(&spec.steps), "a, b, c");
    }

    #[test]
    fn unknown_steps_and_circles_are_named() {
        let spec = template(&[("a", &["x"]), ("b", &["c"]), ("c", &["b"])]);
        assert_eq!(
            messages(&spec),
            [
                "steps[0].unlock.after: \"x\" is no step of this template",
                "steps[1].unlock.after: \"b\" waits for itself",
                "steps[2].unlock.after: \"c\" waits for itself",
            ]
        );
    }

    #[test]
    fn a_reference_without_a_registry_is_named() {
        let mut spec = template(&[("a", &[])]);
        spec.steps[0].image.reference = "app:1".to_owned();
        assert!(messages(&spec)[0].starts_with("steps[0].image.reference: \"app:1\": name the registry"));
    }
}
