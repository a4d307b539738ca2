//! `--pull TEMPLATE/STEP`: a short pod pulls the image of a step as the operator would (D45), and goes.

use std::time::Duration;

use api::names::AGENT_PATH;
use api::v1::{Step, WorkspaceTemplate};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tokio::time::Instant;
use wire::ImageReference;

use super::catalogue::PULL_IMAGE;
use super::finding::Finding;
use crate::context::Context;
use crate::error::Error;
use crate::{interrupt, operator, output};

/// The bound of one pull (D28).
const LIMIT: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(500);

/// A step of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepOf {
    template: String,
    step: String,
}

/// Reads `TEMPLATE/STEP`.
pub fn step_of(text: &str) -> Result<StepOf, String> {
    match text.split_once('/') {
        Some((template, step)) if !template.is_empty() && !step.is_empty() && !step.contains('/') => {
            Ok(StepOf { template: template.to_owned(), step: step.to_owned() })
        }
        _ => Err("want TEMPLATE/STEP, for example shell-basics/pipes".to_owned()),
    }
}

pub async fn check(context: &Context, wanted: &StepOf) -> Finding {
    match try_it(context, wanted).await {
        Ok(finding) => finding,
        Err(error) => Finding::unseen(PULL_IMAGE, &error),
    }
}

async fn try_it(context: &Context, wanted: &StepOf) -> Result<Finding, Error> {
    let template = crate::verbs::template(context, &wanted.template).await?;
    let Some(step) = template.spec.steps.iter().find(|step| step.id == wanted.step) else {
        return Err(crate::verbs::create::no_step(&template, &wanted.step));
    };
    let operators = operator::deployments(context).await?;
    let Some((namespace, agent)) = operators.first().and_then(home) else {
        let todo = "see what the check operator-ready says; the pull runs as the operator would do it";
        return Ok(Finding::fail(PULL_IMAGE, "there is no operator that would pull", todo));
    };
    let Some(image) = pinned(step) else {
        let what = format!("\"{}\" is not the reference of an image", step.image.reference);
        return Ok(Finding::fail(PULL_IMAGE, what, "load the workshop again"));
    };
    let pods: Api<Pod> = Api::namespaced(context.client.clone(), &namespace);
    let doing = format!("run a pod in namespace {namespace} that pulls {image}");
    let pod = pod(&template, &image, &agent);
    let made = context.call(doing, pods.create(&PostParams::default(), &pod)).await?;
    let name = made.name_any();
    interrupt::leaves(format!("pod {name} is left; remove it: kubectl -n {namespace} delete pod {name}"));
    let what = format!("{}/{} ({})", wanted.template, wanted.step, step.image.reference);
    let outcome = wait(context, &pods, &name, &what).await;
    let params = DeleteParams {
        preconditions: Some(Preconditions { uid: made.uid(), resource_version: None }),
        ..DeleteParams::default()
    };
    context.call(format!("delete pod {namespace}/{name}"), pods.delete(&name, &params)).await?;
    outcome
}

/// Namespace of the operator, and the image of the agent that it was started with.
fn home(operator: &Deployment) -> Option<(String, String)> {
    let containers = &operator.spec.as_ref()?.template.spec.as_ref()?.containers;
    let mut arguments = containers.iter().flat_map(|one| one.args.iter().flatten());
    let agent = arguments.find_map(|one| one.strip_prefix("--agent-image="))?;
    Some((operator.namespace()?, agent.to_owned()))
}

/// The reference by digest: what counts, and what the operator pulls.
fn pinned(step: &Step) -> Option<String> {
    let reference: ImageReference = step.image.reference.parse().ok()?;
    Some(format!("{}/{}@{}", reference.registry(), reference.repository(), step.image.digest))
}

/// As the operator's own pull pods, but on whichever node the scheduler takes.
fn pod(template: &WorkspaceTemplate, image: &str, agent: &str) -> Pod {
    let locked = json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
    let mount = json!([{"name": "agent", "mountPath": api::names::AGENT_FOLDER}]);
    let limits =
        json!({"limits": {"cpu": "100m", "memory": "32Mi"}, "requests": {"cpu": "1m", "memory": "32Mi"}});
    let secrets: Vec<Value> =
        template.spec.image_pull_secrets.iter().map(|secret| json!({"name": secret.name})).collect();
    let pod = json!({
        "metadata": {"generateName": "workshop-check-"},
        "spec": {
            "restartPolicy": "Never", "automountServiceAccountToken": false, "enableServiceLinks": false,
            "terminationGracePeriodSeconds": 1, "activeDeadlineSeconds": LIMIT.as_secs() + 60,
            "securityContext": {"runAsUser": 65534, "runAsGroup": 65534, "fsGroup": 65534, "runAsNonRoot": true,
                                "seccompProfile": {"type": "RuntimeDefault"}},
            "imagePullSecrets": secrets,
            "initContainers": [{"name": "agent", "image": agent, "command": ["/agent", "install", AGENT_PATH],
                                "resources": limits, "securityContext": locked, "volumeMounts": mount}],
            "containers": [{"name": "image", "image": image, "command": [AGENT_PATH, "exit"],
                            "imagePullPolicy": "IfNotPresent", "resources": limits,
                            "securityContext": locked, "volumeMounts": mount}],
            "volumes": [{"name": "agent", "emptyDir": {"sizeLimit": "32Mi"}}]
        }
    });
    serde_json::from_value(pod).unwrap_or_default()
}

async fn wait(context: &Context, pods: &Api<Pod>, name: &str, image: &str) -> Result<Finding, Error> {
    let begun = Instant::now();
    let mut last = "no node has taken the pod".to_owned();
    while begun.elapsed() < LIMIT {
        let pod = context.call(format!("read pod {name}"), pods.get(name)).await?;
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
        match judge(&pod) {
            Pulled::Yes => {
                let node = node.unwrap_or_default();
                let what = format!("node {node} has {image} after {}", output::seconds(begun.elapsed()));
                return Ok(Finding::ok(PULL_IMAGE, what));
            }
            Pulled::No(why) => {
                let node = node.unwrap_or_default();
                let todo = "compare registry, name and digest; credentials: imagePullSecrets of the template, \
                            as Secrets of the operator's namespace";
                return Ok(Finding::fail(
                    PULL_IMAGE,
                    format!("node {node} cannot pull {image}: {why}"),
                    todo,
                ));
            }
            Pulled::NotYet(why) => last = why.unwrap_or(last),
        }
        tokio::time::sleep(LOOK).await;
    }
    let what = format!("{image} was not there after {} s: {last}", LIMIT.as_secs());
    Ok(Finding::fail(PULL_IMAGE, what, "look at the speed of the registry, and at room on the nodes"))
}

/// How far the pull is.
#[derive(Debug, PartialEq, Eq)]
enum Pulled {
    Yes,
    No(String),
    NotYet(Option<String>),
}

fn judge(pod: &Pod) -> Pulled {
    let status = pod.status.clone().unwrap_or_default();
    if status.phase.as_deref() == Some("Succeeded") {
        return Pulled::Yes;
    }
    let containers =
        status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten());
    let mut waits = None;
    for container in containers {
        let state = container.state.clone().unwrap_or_default();
        // A container that came to run has its image, whatever became of it.
        if container.name == "image" && state.terminated.is_some() {
            return Pulled::Yes;
        }
        let Some(waiting) = state.waiting else { continue };
        let (reason, message) = (waiting.reason.unwrap_or_default(), waiting.message.unwrap_or_default());
        if reason.starts_with("ErrImage") || reason == "ImagePullBackOff" || reason == "InvalidImageName" {
            return Pulled::No(if message.is_empty() { reason } else { message });
        }
        waits = Some(format!("{}: {reason}", container.name));
    }
    let conditions = status.conditions.unwrap_or_default();
    let unscheduled = conditions.iter().find(|one| one.type_ == "PodScheduled" && one.status == "False");
    Pulled::NotYet(unscheduled.and_then(|one| one.message.clone()).or(waits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_named_with_its_template() {
        assert_eq!(step_of("t/s"), Ok(StepOf { template: "t".into(), step: "s".into() }));
        for wrong in ["t", "/s", "t/", "a/b/c"] {
            assert!(step_of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_node_says_whether_it_could_pull() {
        let pod = |status: Value| -> Pod {
            serde_json::from_value(json!({"metadata": {}, "status": status})).unwrap()
        };
        assert_eq!(judge(&pod(json!({"phase": "Succeeded"}))), Pulled::Yes);
        let waiting = |reason: &str| {
            pod(json!({"containerStatuses": [{"name": "image", "image": "", "imageID": "", "ready": false,
                "restartCount": 0, "state": {"waiting": {"reason": reason, "message": "401 Unauthorized"}}}]}))
        };
        assert_eq!(judge(&waiting("ErrImagePull")), Pulled::No("401 Unauthorized".to_owned()));
        assert_eq!(
            judge(&waiting("ContainerCreating")),
            Pulled::NotYet(Some("image: ContainerCreating".to_owned()))
        );
        let nowhere =
            json!({"conditions": [{"type": "PodScheduled", "status": "False", "message": "0/1 nodes"}]});
        assert_eq!(judge(&pod(nowhere)), Pulled::NotYet(Some("0/1 nodes".to_owned())));
    }

    #[test]
    fn the_pod_is_understood_by_the_api() {
        let template: WorkspaceTemplate = serde_json::from_value(json!({
            "apiVersion": "workshop.platform/v1", "kind": "WorkspaceTemplate", "metadata": {"name": "t"},
            "spec": {"steps": [], "imagePullSecrets": [{"name": "team"}]}
        }))
        .unwrap();
        let spec = pod(&template, "r.example/a@sha256:0", "r.example/agent").spec.unwrap();
        assert_eq!(spec.image_pull_secrets.unwrap()[0].name, "team");
        assert_eq!(spec.containers[0].command.as_ref().unwrap()[1], "exit");
    }
}
