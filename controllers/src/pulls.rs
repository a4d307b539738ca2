//! Pull pods that nobody on their node may need any more are taken away (D45, D57).

use std::collections::HashSet;
use std::time::Duration;

use api::names;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use crate::context::Context;

/// How often the stores are compared. No call is made for it.
const PERIOD: Duration = Duration::from_secs(30);
/// A pull pod this young may be for an instance that the store does not show yet.
const YOUNG: Duration = Duration::from_secs(60);

/// Sweeps until it is dropped.
pub async fn sweep(context: &Context) {
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        for pod in surplus(context, jiff::Timestamp::now()) {
            let (namespace, name) = (pod.namespace().unwrap_or_default(), pod.name_any());
            let uid = pod.uid().unwrap_or_default();
            if let Err(error) = context.writes.delete_pod(&namespace, &name, &uid).await {
                tracing::warn!(%error, pod = name, "cannot take a pull pod away; the next sweep tries again");
            }
        }
    }
}

fn surplus(context: &Context, now: jiff::Timestamp) -> Vec<std::sync::Arc<Pod>> {
    let needed = needed(context);
    let old = |pod: &Pod| {
        let made = pod.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0);
        Duration::try_from(now.duration_since(made)).unwrap_or_default() >= YOUNG
    };
    context
        .stores
        .pulls
        .state()
        .into_iter()
        .filter(|pod| old(pod) && pod.metadata.deletion_timestamp.is_none())
        .filter(|pod| place(pod).is_none_or(|place| !needed.contains(&place)))
        .collect()
}

/// Node and digest of a pull pod.
fn place(pod: &Pod) -> Option<(String, String)> {
    let node = pod.spec.as_ref()?.node_name.clone()?;
    let digest = pod.annotations().get(names::DIGEST_ANNOTATION)?.clone();
    Some((node, digest))
}

/// Every node with every digest of every template whose workspaces run there: any step may be next.
fn needed(context: &Context) -> HashSet<(String, String)> {
    let mut templates_by_node = HashSet::new();
    for pod in context.stores.pods.state() {
        let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()) else { continue };
        let labels = pod.labels();
        let (Some(class), Some(name)) = (labels.get(names::CLASS_LABEL), labels.get(names::INSTANCE_LABEL))
        else {
            continue;
        };
        if let Some(instance) = context.stores.instances.get(&ObjectRef::new(name).within(class)) {
            templates_by_node.insert((node, instance.spec.template_ref.name.clone()));
        }
    }
    templates_by_node
        .into_iter()
        .filter_map(|(node, template)| Some((node, context.stores.template(&template)?)))
        .flat_map(|(node, template)| {
            let digests: Vec<_> = template.spec.steps.iter().map(|step| step.image.digest.clone()).collect();
            digests.into_iter().map(move |digest| (node.clone(), digest))
        })
        .collect()
}
