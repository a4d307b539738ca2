//! Every name that the platform puts on objects, once.

use sha2::{Digest as _, Sha256};

/// API group of both kinds.
pub const GROUP: &str = "workshop.platform";
/// Finalizer of an instance: the workspace namespace is deleted before the instance goes (D7).
pub const FINALIZER: &str = "workshop.platform/workspace";

/// Label that says who made an object.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// Value of [`MANAGED_BY_LABEL`], and field manager of children.
pub const OPERATOR: &str = "workshop-operator";
/// Label: class namespace of the instance.
pub const CLASS_LABEL: &str = "workshop.platform/class";
/// Label: name of the instance.
pub const INSTANCE_LABEL: &str = "workshop.platform/instance";
/// Label: uid of the instance. Ownership is decided by this, never by a name.
pub const INSTANCE_UID_LABEL: &str = "workshop.platform/instance-uid";
/// Label: what an object is for; see [`role`].
pub const ROLE_LABEL: &str = "workshop.platform/role";
/// Label of a pull pod: first twelve digits of the digest that it pulls.
pub const DIGEST_LABEL: &str = "workshop.platform/digest";

/// Values of [`ROLE_LABEL`].
pub mod role {
    /// A workspace namespace and all in it.
    pub const WORKSPACE: &str = "workspace";
    /// A pod that brings an image to a node and keeps it there (D57).
    pub const PULL: &str = "pull";
    /// A class namespace, where instances are (D40).
    pub const CLASS: &str = "class";
}

/// Annotation of the pod: step that its image was asked for.
pub const STEP_ANNOTATION: &str = "workshop.platform/step";
/// Annotation of the pod: reset count that its image was asked for.
pub const RESET_ANNOTATION: &str = "workshop.platform/reset";
/// Annotation of the pod: container id that the last move replaces; empty when there was none.
pub const REPLACES_ANNOTATION: &str = "workshop.platform/replaces";
/// Annotation of every child: hash of what was applied, so that "nothing to do" is known before a call.
pub const APPLIED_ANNOTATION: &str = "workshop.platform/applied";
/// Annotation of a pull pod that takes its time: written once, so that its kubelet looks at it.
pub const TOUCHED_ANNOTATION: &str = "workshop.platform/touched";
/// Annotation of a pull pod: the whole digest.
pub const DIGEST_ANNOTATION: &str = "workshop.platform/digest";

/// Field managers of the four fields of action, one each (D9).
pub mod field_manager {
    /// `spec.currentStep`
    pub const STEP: &str = "workshop-step";
    /// `spec.resetCount`
    pub const RESET: &str = "workshop-reset";
    /// `spec.operatingMode`
    pub const MODE: &str = "workshop-mode";
    /// `spec.extension`
    pub const EXTENSION: &str = "workshop-extension";
}

/// Shared ClusterRole that a learner's ServiceAccount is bound to in its own workspace namespace.
pub const LEARNER_ROLE: &str = "workshop-learner";
/// Shared ClusterRole that the operator binds to itself in every workspace namespace: what it may write
/// there, and nowhere else.
pub const WORKSPACE_ROLE: &str = "workshop-operator-workspace";
/// Name of the RoleBinding of [`WORKSPACE_ROLE`] in a workspace namespace.
pub const OPERATOR_BINDING: &str = "workshop-operator";
/// Name of the workspace pod, of its container's ServiceAccount and of the objects around it.
pub const WORKSPACE: &str = "workspace";
/// Name of the container that runs the step's image.
pub const WORKSPACE_CONTAINER: &str = "workspace";
/// Folder in every workspace where the agent lies.
pub const AGENT_FOLDER: &str = "/.workshop";
/// The agent inside a workspace.
pub const AGENT_PATH: &str = "/.workshop/agent";

const NAMESPACE_LENGTH: usize = 63;
const HASH_LENGTH: usize = 6;

/// `ws-<class>-<instance>-<6 hex of sha256(class/instance)>`, at most 63 characters.
///
/// The readable part is cut, never the hash, so two long names stay apart.
#[must_use]
pub fn workspace_namespace(class: &str, instance: &str) -> String {
    let hash = hex::encode(Sha256::digest(format!("{class}/{instance}")));
    let hash: String = hash.chars().take(HASH_LENGTH).collect();
    let readable: String =
        format!("ws-{class}-{instance}").chars().take(NAMESPACE_LENGTH - HASH_LENGTH - 1).collect();
    format!("{}-{hash}", readable.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_namespace_is_readable_and_unique() {
        let name = workspace_namespace("monday", "ana");
        assert!(name.starts_with("ws-monday-ana-"), "{name}");
        assert_eq!(name.len(), "ws-monday-ana-".len() + 6);
        assert_ne!(workspace_namespace("a-b", "c"), workspace_namespace("a", "b-c"));
    }

    #[test]
    fn long_names_are_cut_before_the_hash() {
        let (class, one, two) = ("c".repeat(60), "i".repeat(50), format!("{}j", "i".repeat(49)));
        let name = workspace_namespace(&class, &one);
        assert_eq!(name.len(), 63);
        assert_ne!(name, workspace_namespace(&class, &two));
    }
}
