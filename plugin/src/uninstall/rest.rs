//! What is left after the workspaces, and the command that removes it.

use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;

use super::inventory::{Inventory, count};
use crate::program;

const RELEASE: &str = "meta.helm.sh/release-name";
const RELEASE_NAMESPACE: &str = "meta.helm.sh/release-namespace";

/// Lines for a person; those that begin with two blanks are commands.
#[must_use]
pub fn text(found: &Inventory) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    for operator in &found.operators {
        let namespace = operator.namespace().unwrap_or_default();
        line(&format!("operator: still in namespace {namespace}; remove it with"));
        removal(operator, &namespace).iter().for_each(|command| line(&format!("  {command}")));
    }
    if found.operators.is_empty() {
        line("operator: not there");
    }
    if found.definitions.is_empty() {
        line("definitions: not there");
    } else {
        let templates = count(found.templates, "template");
        line(&format!("definitions: still there, with {templates}; remove both with"));
        line(&format!("  {} uninstall --definitions", program::name()));
    }
    text
}

/// Helm says in annotations that it made an object, and for which release.
fn removal(operator: &Deployment, namespace: &str) -> Vec<String> {
    let delete_namespace = format!("kubectl delete namespace {namespace}");
    match operator.annotations().get(RELEASE) {
        Some(release) => {
            let home = operator.annotations().get(RELEASE_NAMESPACE).map_or(namespace, String::as_str);
            vec![format!("helm uninstall {release} --namespace {home} --wait"), delete_namespace]
        }
        None => vec![
            "kubectl delete -k config/operator".to_owned(),
            "kubectl delete -k config/rbac".to_owned(),
            delete_namespace,
        ],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn operator(annotations: serde_json::Value) -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "workshop-operator", "namespace": "workshop-system", "annotations": annotations}
        }))
        .unwrap()
    }

    #[test]
    fn the_command_fits_the_way_it_was_installed() {
        let helm = operator(json!({RELEASE: "workshop", RELEASE_NAMESPACE: "workshop-system"}));
        let found = Inventory {
            operators: vec![helm],
            definitions: vec!["workspacetemplates.workshop.platform".to_owned()],
            templates: 2,
            ..Inventory::default()
        };
        assert_eq!(
            text(&found),
            format!(
                "operator: still in namespace workshop-system; remove it with\n  \
                 helm uninstall workshop --namespace workshop-system --wait\n  \
                 kubectl delete namespace workshop-system\n\
                 definitions: still there, with 2 templates; remove both with\n  \
                 {} uninstall --definitions\n",
                program::name()
            )
        );
        let applied = Inventory { operators: vec![operator(json!({}))], ..Inventory::default() };
        assert!(text(&applied).contains("  kubectl delete -k config/rbac\n"));
    }

    #[test]
    fn nothing_left_is_said() {
        assert_eq!(text(&Inventory::default()), "operator: not there\ndefinitions: not there\n");
    }
}
