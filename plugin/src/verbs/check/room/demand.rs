//! What one workspace requests (D2).

use api::quantity;
use api::v1::{Resources, WorkspaceTemplate};
use k8s_openapi::api::apps::v1::Deployment;
use kube::ResourceExt;

/// Requests of one workspace, as quantities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Template that asks for it.
    pub template: String,
    /// Requested CPU: a fifth of the limit.
    pub cpu: String,
    /// Requested memory: the limit.
    pub memory: String,
}

impl Demand {
    /// Requested CPU and memory in thousandths; what cannot be read counts as nothing.
    pub fn thousandths(&self) -> (i128, i128) {
        (quantity::parse(&self.cpu).unwrap_or(0), quantity::parse(&self.memory).unwrap_or(0))
    }
}

/// Limits where a template says nothing: flags of the operator, else what is built into it (D2).
pub fn defaults(operators: &[Deployment]) -> Resources {
    let pods = operators.first().and_then(|one| one.spec.as_ref()?.template.spec.as_ref());
    let arguments: Vec<&String> =
        pods.iter().flat_map(|pod| &pod.containers).flat_map(|one| one.args.iter().flatten()).collect();
    let flag = |name: &str| arguments.iter().find_map(|one| one.strip_prefix(name)).map(str::to_owned);
    Resources {
        cpu: flag("--default-cpu=").or_else(|| Some("1".to_owned())),
        memory: flag("--default-memory=").or_else(|| Some("1Gi".to_owned())),
    }
}

/// The demand of the named template, else of the one that asks most memory.
pub fn of(templates: &[WorkspaceTemplate], name: Option<&str>, defaults: &Resources) -> Option<Demand> {
    let demand = |template: &WorkspaceTemplate| {
        let own = template.spec.defaults.resources.clone().unwrap_or_default();
        let cpu = own.cpu.or_else(|| defaults.cpu.clone())?;
        let memory = own.memory.or_else(|| defaults.memory.clone())?;
        Some(Demand { template: template.name_any(), cpu: quantity::fifth(&cpu).ok()?, memory })
    };
    let wanted = templates.iter().filter(|one| name.is_none_or(|name| one.name_any() == name));
    wanted.filter_map(demand).max_by_key(|demand| {
        let (cpu, memory) = demand.thousandths();
        (memory, cpu)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(name: &str, memory: Option<&str>) -> WorkspaceTemplate {
        serde_json::from_value(json!({
            "apiVersion": "workshop.platform/v1", "kind": "WorkspaceTemplate", "metadata": {"name": name},
            "spec": {"steps": [], "defaults": {"resources": {"memory": memory}}}
        }))
        .unwrap()
    }

    #[test]
    fn the_one_that_asks_most_is_taken_unless_one_is_named() {
        let all = [template("small", Some("512Mi")), template("large", Some("2Gi")), template("plain", None)];
        let built_in = defaults(&[]);
        assert_eq!(of(&all, None, &built_in).unwrap().template, "large");
        let plain = of(&all, Some("plain"), &built_in).unwrap();
        assert_eq!((plain.cpu.as_str(), plain.memory.as_str()), ("200m", "1Gi"));
        assert_eq!(of(&all, Some("none"), &built_in), None);
        assert_eq!(of(&[], None, &built_in), None);
    }

    #[test]
    fn flags_of_the_operator_count() {
        let operator: Deployment = serde_json::from_value(json!({
            "metadata": {}, "spec": {"selector": {}, "template": {"spec": {"containers": [
                {"name": "operator", "args": ["operator", "--default-cpu=2", "--default-memory=4Gi"]}]}}}
        }))
        .unwrap();
        let demand = of(&[template("plain", None)], None, &defaults(&[operator])).unwrap();
        assert_eq!((demand.cpu.as_str(), demand.memory.as_str()), ("400m", "4Gi"));
    }
}
