//! What a platform team asks of every rendered installation, whatever the values: rights, pods, network,
//! disruption, and one place for the names of images.

mod pods;
mod rights;

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::ChartError;

/// Checks a rendered installation.
///
/// # Errors
/// When it cannot be read, or with every rule that it breaks.
pub fn check(path: &Path) -> Result<(), ChartError> {
    let text = fs::read_to_string(path).map_err(ChartError::file(path))?;
    let objects: Vec<Value> =
        serde_saphyr::from_multiple(&text).map_err(|fault| ChartError::content(path, fault))?;
    let faults = faults(&objects);
    if faults.is_empty() { Ok(()) } else { Err(ChartError::content(path, faults.join("; "))) }
}

/// Every rule that is broken.
fn faults(objects: &[Value]) -> Vec<String> {
    let mut faults = rights::faults(objects);
    for deployment in of_kind(objects, "Deployment") {
        faults.extend(pods::faults(deployment));
        faults.extend(disruption(objects, deployment));
        faults.extend(network(objects, deployment));
    }
    faults.extend(one_registry(objects));
    faults
}

/// A budget where there are several replicas, and only there; and a spread.
fn disruption(objects: &[Value], deployment: &Value) -> Vec<String> {
    let several = deployment.pointer("/spec/replicas").and_then(Value::as_u64).unwrap_or(1) > 1;
    let labels = deployment.pointer("/spec/selector/matchLabels");
    let has_budget = of_kind(objects, "PodDisruptionBudget")
        .any(|budget| budget.pointer("/spec/selector/matchLabels") == labels);
    let spread = deployment.pointer("/spec/template/spec/topologySpreadConstraints").is_some();
    let mut faults = Vec::new();
    if has_budget != several {
        let is = if has_budget { "is there" } else { "is missing" };
        faults.push(format!(
            "{}: PodDisruptionBudget {is}, with several replicas: {several}",
            name(deployment)
        ));
    }
    if several && !spread {
        faults.push(format!("{}: topology spread is missing", name(deployment)));
    }
    faults
}

/// Where policies are made, they hold the operator and the pull pods, and the latter reach nothing.
fn network(objects: &[Value], deployment: &Value) -> Vec<String> {
    let policies: Vec<&Value> = of_kind(objects, "NetworkPolicy").collect();
    if policies.is_empty() {
        return Vec::new();
    }
    let selects = |labels: &Value| {
        policies.iter().find(|policy| policy.pointer("/spec/podSelector/matchLabels") == Some(labels))
    };
    let mut faults = Vec::new();
    let own = deployment.pointer("/spec/selector/matchLabels").unwrap_or(&Value::Null);
    if selects(own).is_none() {
        faults.push(format!("{}: no NetworkPolicy selects its pods", name(deployment)));
    }
    let pulls = selects(&serde_json::json!({api::names::ROLE_LABEL: api::names::role::PULL}));
    let closed = |policy: &&&Value| {
        ["/spec/ingress", "/spec/egress"]
            .iter()
            .all(|rules| policy.pointer(rules).and_then(Value::as_array).is_some_and(Vec::is_empty))
    };
    if pulls.filter(closed).is_none() {
        faults.push("pull pods are not closed in both directions".to_owned());
    }
    faults
}

/// All images come from one registry: a mirror is one value.
fn one_registry(objects: &[Value]) -> Vec<String> {
    let mut registries: Vec<&str> = of_kind(objects, "Deployment")
        .flat_map(pods::images)
        .filter_map(|image| image.split('/').next())
        .collect();
    registries.sort_unstable();
    registries.dedup();
    if registries.len() > 1 {
        vec![format!("images come from {}", registries.join(" and "))]
    } else {
        Vec::new()
    }
}

fn of_kind<'a>(objects: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| object.get("kind").and_then(Value::as_str) == Some(kind))
}

fn name(object: &Value) -> String {
    let word = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    format!("{}/{}", word("/kind"), word("/metadata/name"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `config/`, which is generated, and where `change` makes something wrong.
    fn broken(change: impl FnOnce(&mut Vec<Value>)) -> String {
        let files = crate::r#gen::all().unwrap();
        let yaml = files.iter().filter(|file| {
            let path = file.path.to_string_lossy();
            path.starts_with("config/rbac") || path.starts_with("config/operator")
        });
        let mut objects: Vec<Value> = yaml
            .flat_map(|file| serde_saphyr::from_multiple::<Value>(&file.text).unwrap())
            .filter(|object| object.get("kind").is_some())
            .collect();
        change(&mut objects);
        faults(&objects).join("; ")
    }

    fn of<'a>(objects: &'a mut [Value], kind: &str) -> &'a mut Value {
        objects.iter_mut().find(|object| object["kind"] == kind).unwrap()
    }

    fn container(objects: &mut [Value]) -> &mut Value {
        &mut of(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    }

    #[test]
    fn what_is_generated_keeps_every_rule() {
        assert_eq!(broken(|_| {}), "");
    }

    #[test]
    fn a_budget_belongs_to_several_replicas() {
        let replicas = |count: u64| {
            broken(move |objects| {
                objects.retain(|object| object["kind"] != "PodDisruptionBudget");
                let spec = &mut of(objects, "Deployment")["spec"];
                spec["replicas"] = json!(count);
                spec["template"]["spec"].as_object_mut().unwrap().remove("topologySpreadConstraints");
            })
        };
        assert_eq!(replicas(1), "");
        assert!(replicas(2).contains("PodDisruptionBudget is missing"), "{}", replicas(2));
        assert!(replicas(2).contains("topology spread is missing"), "{}", replicas(2));
    }

    #[test]
    fn a_pod_with_more_rights_is_found() {
        let found = broken(|objects| {
            let container = container(objects);
            container["securityContext"]["readOnlyRootFilesystem"] = json!(false);
            container["livenessProbe"]["httpGet"]["path"] = json!("/readyz");
            container["resources"] = json!({});
            of(objects, "Deployment")["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
        });
        for words in ["readOnlyRootFilesystem", "livenessProbe", "resources/requests/memory", "hostNetwork"] {
            assert!(found.contains(words), "{words}: {found}");
        }
    }

    #[test]
    fn another_registry_and_an_open_pull_pod_are_found() {
        let found = broken(|objects| {
            container(objects)["image"] = json!("elsewhere.example/workshop-server:0.1.0");
            let pull =
                objects.iter_mut().find(|object| object["metadata"]["name"] == "workshop-pull").unwrap();
            pull["spec"]["egress"] = json!([{}]);
        });
        assert!(found.contains("images come from elsewhere.example and registry.example"), "{found}");
        assert!(found.contains("pull pods are not closed"), "{found}");
    }

    #[test]
    fn a_right_more_or_less_is_found() {
        let rules = |change: fn(&mut Value)| {
            broken(move |objects| {
                let role = objects.iter_mut().find(|object| {
                    object["kind"] == "ClusterRole" && object["metadata"]["name"] == "workshop-operator"
                });
                change(&mut role.unwrap()["rules"][0]);
            })
        };
        let more = rules(|rule| rule["verbs"] = json!(["list", "watch", "delete"]));
        assert!(
            more.contains("ClusterRole/workshop-operator may delete workshop.platform/workspacetemplates"),
            "{more}"
        );
        let less = rules(|rule| rule["verbs"] = json!(["list"]));
        assert!(less.contains("ClusterRole/workshop-operator may not watch"), "{less}");
        let wild = rules(|rule| rule["resources"] = json!(["*"]));
        assert!(wild.contains("may list workshop.platform/*"), "{wild}");
    }
}
