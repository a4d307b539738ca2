//! Rights: one table for `config/rbac` and for the chart.
//!
//! Every rule says why it is there. Nothing is granted by wildcard.

mod table;

use super::files::File;
pub use table::{ClusterRole, Rule, cluster_roles, own_namespace};

/// Namespace of the Kustomize installation. The chart uses the namespace of its release.
pub const NAMESPACE: &str = "workshop-system";

/// `config/rbac/*.yaml`.
pub fn files() -> Vec<File> {
    let mut files = vec![File::yaml("config/rbac/service_account.yaml", &service_account())];
    let mut list = vec!["service_account.yaml".to_owned()];
    for role in cluster_roles() {
        let name = format!("{}.yaml", role.name.replace('-', "_"));
        files.push(File::yaml(format!("config/rbac/{name}"), &cluster_role(&role)));
        list.push(name);
    }
    let own = format!(
        "# {}\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: {OPERATOR}\n  namespace: {NAMESPACE}\nrules:\n{}",
        "What the operator may do in its own namespace only.",
        rules(&own_namespace())
    );
    files.push(File::yaml("config/rbac/workshop_operator_own_namespace.yaml", &own));
    files.push(File::yaml("config/rbac/bindings.yaml", &bindings()));
    list.extend(["workshop_operator_own_namespace.yaml".to_owned(), "bindings.yaml".to_owned()]);
    let list = list.iter().map(|name| format!("- {name}\n")).collect::<String>();
    files.push(File::yaml("config/rbac/kustomization.yaml", &format!("resources:\n{list}")));
    files
}

/// The chart's named templates `workshop.rules.<role>`: the same rules, included by the chart's roles.
pub fn chart_template() -> File {
    let mut named: Vec<(String, Vec<Rule>)> =
        cluster_roles().into_iter().map(|role| (role.name.to_owned(), role.rules)).collect();
    named.push((format!("{OPERATOR}-own-namespace"), own_namespace()));
    let body = named
        .iter()
        .map(|(name, all)| {
            format!("{{{{- define \"workshop.rules.{name}\" -}}}}\n{}{{{{- end -}}}}\n", rules(all))
        })
        .collect::<String>();
    File::template("helm/workshop/templates/rbac/_rules.tpl", &body)
}

const OPERATOR: &str = api::names::OPERATOR;

fn cluster_role(role: &ClusterRole) -> String {
    let labels = role.aggregate_to.map_or_else(String::new, |built_in| {
        format!("  labels:\n    rbac.authorization.k8s.io/aggregate-to-{built_in}: \"true\"\n")
    });
    format!(
        "# {}\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {}\n{labels}rules:\n{}",
        role.why,
        role.name,
        rules(&role.rules)
    )
}

fn rules(rules: &[Rule]) -> String {
    rules.iter().map(rule).collect()
}

fn rule(rule: &Rule) -> String {
    let names = if rule.names.is_empty() {
        String::new()
    } else {
        format!("  resourceNames: {}\n", list(&rule.names))
    };
    format!(
        "# {}\n- apiGroups: [\"{}\"]\n  resources: {}\n{names}  verbs: {}\n",
        rule.why,
        rule.group,
        list(&rule.resources),
        list(&rule.verbs)
    )
}

fn list(words: &[&str]) -> String {
    format!("[{}]", words.join(", "))
}

fn service_account() -> String {
    format!("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {OPERATOR}\n  namespace: {NAMESPACE}\n")
}

fn bindings() -> String {
    let binding = |kind: &str, role: &str, scope: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {OPERATOR}\n{scope}roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {role}\n  name: {OPERATOR}\nsubjects:\n- kind: ServiceAccount\n  name: {OPERATOR}\n  namespace: {NAMESPACE}\n"
        )
    };
    format!(
        "{}---\n{}",
        binding("ClusterRoleBinding", "ClusterRole", ""),
        binding("RoleBinding", "Role", &format!("  namespace: {NAMESPACE}\n"))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Least privilege: no rule of the operator may grow into "everything", and the rights that could be
    /// turned into more rights are named one by one.
    #[test]
    fn the_operator_cannot_give_itself_more() {
        for (_, rule) in operators() {
            for word in rule.resources.iter().chain(&rule.verbs).chain([&rule.group]) {
                assert!(!word.contains('*'), "{rule:?}");
                assert!(!["escalate", "impersonate"].contains(word), "{rule:?}");
            }
            if rule.verbs.contains(&"bind") {
                assert_eq!(rule.names, [table::LEARNER, table::WORKSPACE], "{rule:?}");
                assert_eq!(rule.verbs, ["bind"], "{rule:?}");
            } else {
                assert!(!rule.resources.iter().any(|resource| resource.ends_with("roles")), "{rule:?}");
            }
        }
    }

    /// Every right, word by word: a further one is a decision that this list makes visible.
    #[test]
    fn the_operator_has_these_rights_and_no_others() {
        let mut lines = Vec::new();
        for (role, rule) in operators() {
            for resource in &rule.resources {
                lines.push(format!("{role}: {}/{resource}: {}", rule.group, rule.verbs.join(" ")));
            }
        }
        let allowed = "\
everywhere: workshop.platform/workspacetemplates: list watch
everywhere: workshop.platform/workspaceinstances: get list watch patch
everywhere: workshop.platform/workspacetemplates/status: patch
everywhere: workshop.platform/workspaceinstances/status: patch
everywhere: /namespaces: get list watch create patch delete
everywhere: /pods: list watch
everywhere: /serviceaccounts: list watch
everywhere: /resourcequotas: list watch
everywhere: /limitranges: list watch
everywhere: networking.k8s.io/networkpolicies: list watch
everywhere: rbac.authorization.k8s.io/rolebindings: list watch create patch
everywhere: rbac.authorization.k8s.io/clusterroles: bind
everywhere: events.k8s.io/events: create patch
everywhere: /nodes: list watch
workspace: /pods: create patch delete
workspace: /serviceaccounts: create patch
workspace: /resourcequotas: create patch
workspace: /limitranges: create patch
workspace: networking.k8s.io/networkpolicies: create patch
workspace: /secrets: create patch
own: coordination.k8s.io/leases: get list watch create update patch
own: /pods: create patch delete
own: /secrets: get list watch";
        assert_eq!(lines.join("\n"), allowed);
    }

    /// The operator's rules, with where it holds them.
    fn operators() -> Vec<(&'static str, Rule)> {
        let of = |name: &str, place: &'static str| {
            let role = cluster_roles().into_iter().find(|role| role.name == name).unwrap();
            role.rules.into_iter().map(move |rule| (place, rule))
        };
        of(OPERATOR, "everywhere")
            .chain(of(table::WORKSPACE, "workspace"))
            .chain(own_namespace().into_iter().map(|rule| ("own", rule)))
            .collect()
    }

    #[test]
    fn every_rule_says_why() {
        for role in cluster_roles() {
            for rule in &role.rules {
                assert!(rule.why.ends_with('.') && rule.why.len() > 15, "{rule:?}");
            }
        }
    }

    #[test]
    fn people_cannot_write_what_the_operator_writes() {
        for role in cluster_roles().iter().filter(|role| !role.name.starts_with(OPERATOR)) {
            for rule in &role.rules {
                assert!(
                    !rule.resources.iter().any(|resource| resource.contains('/')),
                    "{}: {rule:?}",
                    role.name
                );
            }
        }
    }
}
