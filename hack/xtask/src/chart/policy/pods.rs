//! What is asked of our own pods: the level `restricted`, and more.

use serde_json::{Value, json};

use super::name;

/// Rules that the pods of a Deployment break.
pub fn faults(deployment: &Value) -> Vec<String> {
    let Some(pod) = deployment.pointer("/spec/template/spec") else {
        return vec![format!("{}: has no pod", name(deployment))];
    };
    let mut faults = Vec::new();
    let mut say = |words: String| faults.push(format!("{}: {words}", name(deployment)));
    let wanted_of_pod = [
        ("/securityContext/runAsNonRoot", json!(true)),
        ("/securityContext/seccompProfile/type", json!("RuntimeDefault")),
        ("/enableServiceLinks", json!(false)),
    ];
    for (pointer, wanted) in wanted_of_pod {
        if pod.pointer(pointer) != Some(&wanted) {
            say(format!("{pointer} is not {wanted}"));
        }
    }
    for host in ["hostNetwork", "hostPID", "hostIPC"] {
        if pod.get(host).is_some_and(|value| *value != json!(false)) {
            say(format!("{host} is set"));
        }
    }
    let volumes = pod.get("volumes").and_then(Value::as_array);
    if volumes.into_iter().flatten().any(|volume| volume.get("hostPath").is_some()) {
        say("a volume is a folder of the node".to_owned());
    }
    for container in containers(pod) {
        container_faults(container).into_iter().for_each(&mut say);
    }
    faults
}

fn container_faults(container: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let wanted = [
        ("/securityContext/allowPrivilegeEscalation", json!(false)),
        ("/securityContext/readOnlyRootFilesystem", json!(true)),
        ("/securityContext/capabilities/drop", json!(["ALL"])),
        // Neither asks the API server; readiness alone depends on what the watches have shown.
        ("/startupProbe/httpGet/path", json!("/healthz")),
        ("/livenessProbe/httpGet/path", json!("/healthz")),
        ("/readinessProbe/httpGet/path", json!("/readyz")),
    ];
    for (pointer, wanted) in wanted {
        if container.pointer(pointer) != Some(&wanted) {
            faults.push(format!("{pointer} is not {wanted}"));
        }
    }
    for pointer in ["/resources/requests/cpu", "/resources/requests/memory", "/resources/limits/memory"] {
        if container.pointer(pointer).is_none() {
            faults.push(format!("{pointer} is missing"));
        }
    }
    if container.pointer("/securityContext/capabilities/add").is_some() {
        faults.push("capabilities are added".to_owned());
    }
    faults
}

/// Every image that a Deployment names: its own, and those that it hands on by a flag.
pub fn images(deployment: &Value) -> Vec<&str> {
    let Some(pod) = deployment.pointer("/spec/template/spec") else { return Vec::new() };
    containers(pod)
        .flat_map(|container| {
            let own = container.get("image").and_then(Value::as_str);
            let arguments = container.get("args").and_then(Value::as_array).into_iter().flatten();
            let flags =
                arguments.filter_map(Value::as_str).filter_map(|word| word.strip_prefix("--agent-image="));
            own.into_iter().chain(flags)
        })
        .collect()
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers"]
        .into_iter()
        .filter_map(|field| pod.get(field).and_then(Value::as_array))
        .flatten()
}
