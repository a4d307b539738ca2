//! Condition types and reasons of both kinds, once. The same words label metrics and events.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// Condition types.
pub mod condition_type {
    /// The wanted step runs and was proven to (kstatus).
    pub const READY: &str = "Ready";
    /// The controller is working towards the spec (kstatus).
    pub const RECONCILING: &str = "Reconciling";
    /// A bound was passed, or a human has to act (kstatus).
    pub const STALLED: &str = "Stalled";
    /// The template exists and can be used from this class.
    pub const TEMPLATE_RESOLVED: &str = "TemplateResolved";
    /// `spec.overrides` fit the template's policy.
    pub const OVERRIDES_ACCEPTED: &str = "OverridesAccepted";
    /// The workspace namespace stands with its protections.
    pub const NAMESPACE_READY: &str = "NamespaceReady";
    /// The image of the wanted step is on the node.
    pub const IMAGES_AVAILABLE: &str = "ImagesAvailable";
    /// The container of the wanted step runs.
    pub const STEP_READY: &str = "StepReady";
    /// The pod was taken away on request or after idling.
    pub const SUSPENDED: &str = "Suspended";
    /// Something keeps the workspace namespace from going.
    pub const DELETION_BLOCKED: &str = "DeletionBlocked";
    /// A template's steps and policy make sense (template only).
    pub const VALID: &str = "Valid";
}

/// Reasons. Each is one CamelCase word that a person can look up in `docs/platform/crds.md`.
pub mod reason {
    /// All is as the spec wants it.
    pub const AS_WANTED: &str = "AsWanted";
    /// Work goes on; nothing to do for a person.
    pub const PROGRESSING: &str = "Progressing";
    /// The template does not exist.
    pub const TEMPLATE_NOT_FOUND: &str = "TemplateNotFound";
    /// The template's `allowedClasses` leave this namespace out.
    pub const CLASS_NOT_ALLOWED: &str = "ClassNotAllowed";
    /// `spec.currentStep` names no step of the template.
    pub const STEP_NOT_FOUND: &str = "StepNotFound";
    /// The template contradicts itself.
    pub const TEMPLATE_INVALID: &str = "TemplateInvalid";
    /// An override is not allowed by the template's policy.
    pub const OVERRIDE_NOT_ALLOWED: &str = "OverrideNotAllowed";
    /// Members were given where the workspace is individual.
    pub const MEMBERS_NOT_ALLOWED: &str = "MembersNotAllowed";
    /// The template asks for what this operator cannot run.
    pub const NOT_SUPPORTED: &str = "NotSupported";
    /// The name of the workspace namespace belongs to somebody else.
    pub const NAMESPACE_TAKEN: &str = "NamespaceTaken";
    /// The workspace namespace is still being deleted.
    pub const NAMESPACE_TERMINATING: &str = "NamespaceTerminating";
    /// The step's image is being pulled; the old step stays usable.
    pub const PULLING: &str = "Pulling";
    /// The step's image cannot be pulled; the old step stays usable.
    pub const IMAGE_PULL_FAILED: &str = "ImagePullFailed";
    /// The image was asked for and the new container is not proven yet.
    pub const SWAPPING: &str = "Swapping";
    /// The pod is not on a node yet.
    pub const SCHEDULING: &str = "Scheduling";
    /// The container of the step does not stay up.
    pub const START_FAILED: &str = "StartFailed";
    /// The API server refuses a write of the operator for good: quota, policy or rights.
    pub const WRITE_REFUSED: &str = "WriteRefused";
    /// The pod ended (evicted, finished, node gone) and is made again.
    pub const POD_LOST: &str = "PodLost";
    /// Nothing came of it within the bound of D28.
    pub const DEADLINE_EXCEEDED: &str = "DeadlineExceeded";
    /// `spec.operatingMode` is `Suspended`.
    pub const SUSPENDED: &str = "Suspended";
    /// The time to live is over.
    pub const EXPIRED: &str = "Expired";
    /// The instance is being deleted.
    pub const TERMINATING: &str = "Terminating";

    /// Every reason there is: the label values of metrics come from here.
    pub const ALL: [&str; 22] = [
        AS_WANTED,
        PROGRESSING,
        TEMPLATE_NOT_FOUND,
        CLASS_NOT_ALLOWED,
        STEP_NOT_FOUND,
        TEMPLATE_INVALID,
        OVERRIDE_NOT_ALLOWED,
        MEMBERS_NOT_ALLOWED,
        NOT_SUPPORTED,
        NAMESPACE_TAKEN,
        NAMESPACE_TERMINATING,
        PULLING,
        IMAGE_PULL_FAILED,
        SWAPPING,
        SCHEDULING,
        START_FAILED,
        WRITE_REFUSED,
        POD_LOST,
        DEADLINE_EXCEEDED,
        SUSPENDED,
        EXPIRED,
        TERMINATING,
    ];
}

/// Puts `wanted` among `conditions`. `lastTransitionTime` moves only when the status flips
/// (Kubernetes API conventions, "Typical status properties").
pub fn set_condition(conditions: &mut Vec<Condition>, mut wanted: Condition) {
    match conditions.iter_mut().find(|c| c.type_ == wanted.type_) {
        Some(old) => {
            if old.status == wanted.status {
                wanted.last_transition_time = old.last_transition_time.clone();
            }
            *old = wanted;
        }
        None => conditions.push(wanted),
    }
}

/// A condition that turned to `status` at `now`.
#[must_use]
pub fn condition(
    type_: &str,
    status: bool,
    reason: &str,
    message: impl Into<String>,
    generation: Option<i64>,
    now: jiff::Timestamp,
) -> Condition {
    Condition {
        type_: type_.to_owned(),
        status: if status { "True" } else { "False" }.to_owned(),
        reason: reason.to_owned(),
        message: message.into(),
        observed_generation: generation,
        last_transition_time: Time(now),
    }
}

/// Whether the condition of this type is true.
#[must_use]
pub fn is_true(conditions: &[Condition], type_: &str) -> bool {
    conditions.iter().any(|c| c.type_ == type_ && c.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_in_the_list() {
        let own = include_str!("conditions.rs");
        let (_, reasons) = own.split_once("pub mod reason {").unwrap();
        let (reasons, _) = reasons.split_once("pub const ALL").unwrap();
        assert_eq!(reasons.matches("pub const ").count(), reason::ALL.len());
        assert_eq!(reason::ALL.iter().collect::<std::collections::BTreeSet<_>>().len(), reason::ALL.len());
    }

    #[test]
    fn transition_time_moves_only_on_a_flip() {
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        let mut all = Vec::new();
        set_condition(&mut all, condition("Ready", false, reason::PROGRESSING, "a", Some(1), at(10)));
        set_condition(&mut all, condition("Ready", false, reason::PULLING, "b", Some(2), at(20)));
        assert_eq!(all[0].last_transition_time, Time(at(10)));
        assert_eq!(all[0].reason, reason::PULLING);
        set_condition(&mut all, condition("Ready", true, reason::AS_WANTED, "", Some(2), at(30)));
        assert_eq!(all[0].last_transition_time, Time(at(30)));
        assert_eq!(all.len(), 1);
    }
}
