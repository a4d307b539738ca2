//! Whether the roles of an installation give the rights of the table, word by word, and no others.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{name, of_kind};
use crate::r#gen::rbac::{Rule, cluster_roles, own_namespace};

/// Roles that give more or less than the table says. An installation without roles gives nothing.
pub fn faults(objects: &[Value]) -> Vec<String> {
    let mut faults = Vec::new();
    for kind in ["ClusterRole", "Role"] {
        for role in of_kind(objects, kind) {
            let (given, wanted) = (given(role), wanted(&name(role)));
            faults.extend(given.difference(&wanted).map(|right| format!("{} may {right}", name(role))));
            faults.extend(wanted.difference(&given).map(|right| format!("{} may not {right}", name(role))));
        }
    }
    // Rights reach nobody but the operator's own account.
    for binding in of_kind(objects, "ClusterRoleBinding").chain(of_kind(objects, "RoleBinding")) {
        let subjects = binding.pointer("/subjects").and_then(Value::as_array);
        let is_account =
            |subject: &Value| subject.get("kind").and_then(Value::as_str) == Some("ServiceAccount");
        if !subjects.is_some_and(|all| matches!(all.as_slice(), [one] if is_account(one))) {
            faults.push(format!("{} binds others than one ServiceAccount", name(binding)));
        }
    }
    faults
}

/// `verb group/resource`, with `named` objects.
fn right(verb: &str, group: &str, resource: &str, names: &str) -> String {
    let named = if names.is_empty() { String::new() } else { format!(" named {names}") };
    format!("{verb} {group}/{resource}{named}")
}

fn given(role: &Value) -> BTreeSet<String> {
    let mut rights = BTreeSet::new();
    for rule in role.get("rules").and_then(Value::as_array).into_iter().flatten() {
        let words = |field: &str| -> Vec<&str> {
            rule.get(field)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect()
        };
        let names = words("resourceNames").join(",");
        for group in words("apiGroups") {
            for resource in words("resources") {
                rights.extend(words("verbs").iter().map(|verb| right(verb, group, resource, &names)));
            }
        }
        rights.extend(words("nonResourceURLs").iter().map(|url| format!("reach {url}")));
    }
    rights
}

fn wanted(role: &str) -> BTreeSet<String> {
    let rules: Vec<Rule> = match role.split_once('/') {
        Some(("Role", _)) => own_namespace(),
        Some((_, name)) => {
            cluster_roles().into_iter().filter(|role| role.name == name).flat_map(|role| role.rules).collect()
        }
        None => Vec::new(),
    };
    let mut rights = BTreeSet::new();
    for rule in &rules {
        for resource in &rule.resources {
            let names = rule.names.join(",");
            rights.extend(rule.verbs.iter().map(|verb| right(verb, rule.group, resource, &names)));
        }
    }
    rights
}
