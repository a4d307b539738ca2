//! Every reason of the conditions in words: what is the case, what is waited for, what to do.

use api::conditions::reason;

/// One reason, told. `{name}`, `{class}`, `{workspace}`, `{template}`, `{step}` and `{program}` are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is the case.
    pub cause: &'static str,
    /// What it waits for; empty where nothing is on the way.
    pub waits: &'static str,
    /// What a person does; empty where there is nothing to do.
    pub cure: &'static str,
}

const fn told(cause: &'static str, waits: &'static str, cure: &'static str) -> Told {
    Told { cause, waits, cure }
}

const LOGS: &str = "see what it said: kubectl logs -n {workspace} workspace --previous";

/// The table. A reason that this program does not know is told by its message alone.
#[must_use]
pub fn tell(word: &str) -> Option<Told> {
    Some(match word {
        reason::AS_WANTED => told("the learner can work", "", ""),
        reason::PROGRESSING => told("the workspace is being made", "namespace, protections and pod", ""),
        reason::SCHEDULING => told(
            "no node has taken the workspace yet",
            "room on a node",
            "if it stays so, make room: {program} check --class {class} --learners 1",
        ),
        reason::PULLING => told("the image of the step is on its way to the node", "the registry", ""),
        reason::IMAGE_PULL_FAILED => told(
            "the image of the step cannot be pulled; it is tried again by itself",
            "the registry",
            "mend what the registry says, or load the workshop again; try it: {program} check --pull {template}/{step}",
        ),
        reason::SWAPPING => told("the container of the step is starting", "its first sign of life", ""),
        reason::START_FAILED => told(
            "the container of the step does not stay up; it is started again by itself",
            "a start that lasts",
            LOGS,
        ),
        reason::POD_LOST => told(
            "the pod is gone (evicted, or its node is away) and is made again",
            "the node, or Kubernetes to give it up",
            "if the node will not come back: kubectl delete node NODE",
        ),
        reason::DEADLINE_EXCEEDED => told(
            "it takes longer than it may; it is tried on",
            "what the message says",
            "mend what the message names; if it names nothing, see the events: kubectl get events -n {workspace}",
        ),
        reason::WRITE_REFUSED => told(
            "the API server refuses what the operator writes",
            "a quota, a policy or a right to change",
            "mend what the message names: a quota, an admission policy, or rights (docs/platform/install.md)",
        ),
        reason::TEMPLATE_NOT_FOUND => told(
            "the template is gone; what runs goes on running",
            "the template {template}",
            "load it again: {program} load ARTIFACT --name {template}",
        ),
        reason::TEMPLATE_INVALID => told(
            "the template contradicts itself; what runs goes on running",
            "another version of the template",
            "mend the workshop and load it again: {program} load ARTIFACT --name {template}",
        ),
        reason::CLASS_NOT_ALLOWED => told(
            "the template is not for this class (allowedClasses)",
            "other labels of the namespace",
            "ask the platform team for the label: kubectl get workspacetemplate {template} -o yaml",
        ),
        reason::STEP_NOT_FOUND => told(
            "the template has no step of this name; what runs goes on running",
            "another step to be asked for",
            "go to one that there is: {program} step {name} STEP -n {class}",
        ),
        reason::OVERRIDE_NOT_ALLOWED => told(
            "the instance changes a setting that the template has locked",
            "another spec.overrides",
            "take it out: kubectl edit workspaceinstance {name} -n {class}",
        ),
        reason::MEMBERS_NOT_ALLOWED => told(
            "the instance has members, and its workspace is for one",
            "another spec.members",
            "take members out, or use a template with isolation.mode: team",
        ),
        reason::NOT_SUPPORTED => told(
            "the settings ask for what this operator or its nodes cannot do",
            "other settings",
            "change what the message names, in the template or in spec.overrides",
        ),
        reason::NAMESPACE_TAKEN => told(
            "the namespace of the workspace belongs to something else",
            "that namespace to go",
            "remove it if it is of no use (kubectl get namespace {workspace} --show-labels), or make another instance",
        ),
        reason::NAMESPACE_TERMINATING => told(
            "a former workspace of this name is still being deleted",
            "the namespace to go",
            "if it stays so, see what holds it: kubectl get namespace {workspace} -o yaml",
        ),
        reason::SUSPENDED => told(
            "the workspace is suspended: its pod is away, namespace and volume stay",
            "",
            "go on: kubectl patch wsi {name} -n {class} --type merge -p '{\"spec\":{\"operatingMode\":\"Running\"}}'",
        ),
        reason::EXPIRED => {
            told("its time is over", "", "extend it (spec.extension), or make another instance")
        }
        reason::TERMINATING => told("the workspace is being deleted", "its namespace to go", ""),
        _ => return None,
    })
}

/// What holds a deletion back, in words.
pub const DELETION_BLOCKED: Told = told(
    "something in the workspace's namespace holds the deletion back",
    "what the message names",
    "remove what it names, or take its finalizers away if their owner is gone: kubectl get namespace {workspace} -o yaml",
);

/// No operator has written a status.
pub const UNSEEN: Told =
    told("no operator has seen it yet", "an operator", "see whether one runs: {program} check");

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const SOURCE: &str = include_str!("../../../api/src/conditions.rs");
    const DOCUMENT: &str = include_str!("../../../docs/platform/crds.md");

    /// All constants of `api::conditions::reason`, whoever adds one.
    fn all() -> BTreeSet<&'static str> {
        let module = SOURCE.split("pub mod reason {").nth(1).unwrap().split("\n}\n").next().unwrap();
        let value = |line: &'static str| line.trim().strip_prefix("pub const ")?.split('"').nth(1);
        module.lines().filter_map(value).collect()
    }

    #[test]
    fn every_reason_of_the_api_is_told_here_and_documented() {
        let all = all();
        assert!(all.len() >= 22 && all.contains(reason::WRITE_REFUSED), "{all:?}");
        for word in all {
            let told = tell(word).unwrap_or_else(|| panic!("{word} is not told in explain/reasons.rs"));
            let settled = [reason::AS_WANTED, reason::SUSPENDED, reason::EXPIRED].contains(&word);
            assert_eq!(told.waits.is_empty(), settled, "{word}: what is waited for");
            assert!(DOCUMENT.contains(&format!("| `{word}` |")), "{word} is not in docs/platform/crds.md");
        }
    }

    #[test]
    fn what_is_unknown_is_left_to_its_message() {
        assert_eq!(tell("Strange"), None);
    }
}
