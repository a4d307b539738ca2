//! What nodes have left.

use std::collections::BTreeMap;

use api::quantity;
use k8s_openapi::api::core::v1::{Container, Node, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::ResourceExt;

use super::Demand;

/// How many workspaces more fit on the nodes that take pods, by requests, as the scheduler counts.
pub fn fitting(nodes: &[Node], pods: &[Pod], demand: &Demand) -> u64 {
    let (cpu, memory) = demand.thousandths();
    let count = |node: &Node| {
        let own: Vec<&Pod> = pods.iter().filter(|pod| is_on(pod, node) && !has_ended(pod)).collect();
        let left = |name: &str, used: i128| (allocatable(node, name) - used).max(0);
        let requested = |name: &str| own.iter().map(|pod| request(pod, name)).sum::<i128>();
        let places = left("pods", i128::try_from(own.len()).unwrap_or(i128::MAX).saturating_mul(1000)) / 1000;
        let by = |name: &str, each: i128| if each > 0 { left(name, requested(name)) / each } else { places };
        u64::try_from(by("cpu", cpu).min(by("memory", memory)).min(places)).unwrap_or(0)
    };
    nodes.iter().filter(|node| takes_pods(node)).map(count).sum()
}

fn takes_pods(node: &Node) -> bool {
    let spec = node.spec.clone().unwrap_or_default();
    let closed = spec.unschedulable == Some(true);
    let kept_out = spec.taints.iter().flatten().any(|taint| taint.effect != "PreferNoSchedule");
    let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let ready = conditions.clone().any(|one| one.type_ == "Ready" && one.status == "True");
    ready && !closed && !kept_out
}

fn is_on(pod: &Pod, node: &Node) -> bool {
    pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) == Some(node.name_any().as_str())
}

/// A pod that has ended holds nothing.
fn has_ended(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}

/// Containers together, or the largest of those that come before, whichever is more.
fn request(pod: &Pod, name: &str) -> i128 {
    let of = |container: &Container| {
        let requests = container.resources.as_ref().and_then(|all| all.requests.as_ref());
        number(requests, name)
    };
    let Some(spec) = &pod.spec else { return 0 };
    let together: i128 = spec.containers.iter().map(of).sum();
    let before = spec.init_containers.iter().flatten().map(of).max().unwrap_or(0);
    together.max(before)
}

fn allocatable(node: &Node, name: &str) -> i128 {
    number(node.status.as_ref().and_then(|status| status.allocatable.as_ref()), name)
}

fn number(map: Option<&BTreeMap<String, Quantity>>, name: &str) -> i128 {
    map.and_then(|map| map.get(name)).and_then(|value| quantity::parse(&value.0).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(name: &str, unschedulable: bool) -> Node {
        serde_json::from_value(json!({
            "metadata": {"name": name}, "spec": {"unschedulable": unschedulable},
            "status": {"conditions": [{"type": "Ready", "status": "True"}],
                       "allocatable": {"cpu": "2", "memory": "8Gi", "pods": "10"}}
        }))
        .unwrap()
    }

    fn pod(node: &str, phase: &str, memory: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {}, "status": {"phase": phase},
            "spec": {"nodeName": node, "containers": [
                {"name": "a", "resources": {"requests": {"cpu": "100m", "memory": memory}}}]}
        }))
        .unwrap()
    }

    fn demand(cpu: &str, memory: &str) -> Demand {
        Demand { template: "t".into(), cpu: cpu.into(), memory: memory.into() }
    }

    #[test]
    fn the_scarcest_resource_decides_on_each_node() {
        let nodes = [node("a", false), node("b", false), node("closed", true)];
        assert_eq!(fitting(&nodes, &[], &demand("200m", "1Gi")), 16);
        assert_eq!(fitting(&nodes, &[], &demand("1", "1Gi")), 4);
        assert_eq!(fitting(&nodes, &[], &demand("1m", "1Mi")), 20);
        let pods = [pod("a", "Running", "7Gi"), pod("b", "Succeeded", "8Gi")];
        assert_eq!(fitting(&nodes, &pods, &demand("200m", "1Gi")), 1 + 8);
        assert_eq!(fitting(&[], &pods, &demand("200m", "1Gi")), 0);
    }

    #[test]
    fn the_larger_of_init_and_main_containers_counts() {
        let mut pod = pod("a", "Running", "1Gi");
        let init = json!([{"name": "i", "resources": {"requests": {"memory": "3Gi"}}}]);
        pod.spec.as_mut().unwrap().init_containers = serde_json::from_value(init).unwrap();
        assert_eq!(request(&pod, "memory"), quantity::parse("3Gi").unwrap());
        assert_eq!(request(&pod, "cpu"), 100);
    }
}
