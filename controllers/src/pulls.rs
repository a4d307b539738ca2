//! Which pull pods go: those that nobody on their node may need any more (D45, D57), and those that
//! ended without holding anything.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use api::names;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use crate::instance::{Pulled, between, pulled};
use crate::stores::Stores;

/// A pull pod this young may be for an instance that the store does not show yet.
const YOUNG: Duration = Duration::from_secs(60);

/// Pull pods to take away. Whoever still needs the image of one hears of it and makes another.
pub fn surplus(stores: &Stores, now: jiff::Timestamp) -> Vec<Arc<Pod>> {
    let needed = needed(stores);
    let is_old = |pod: &Pod| {
        let made = pod.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0);
        between(made, now) >= YOUNG
    };
    let is_useless = |pod: &Pod| match place(pod) {
        Some(place) => !needed.contains(&place) || !stores.has_node(&place.0) || has_ended_badly(pod),
        None => true,
    };
    let pulls = stores.pulls.state().into_iter();
    pulls.filter(|pod| pod.metadata.deletion_timestamp.is_none() && is_old(pod) && is_useless(pod)).collect()
}

/// Evicted, refused by the node, or lost with it: kubelet does not try such a pod again.
fn has_ended_badly(pod: &Pod) -> bool {
    matches!(pulled(pod), Pulled::Failed { ended: true, .. })
}

/// Node and digest of a pull pod.
fn place(pod: &Pod) -> Option<(String, String)> {
    let node = pod.spec.as_ref()?.node_name.clone()?;
    let digest = pod.annotations().get(names::DIGEST_ANNOTATION)?.clone();
    Some((node, digest))
}

/// Every node with every digest of every template whose workspaces run there: any step may be next.
fn needed(stores: &Stores) -> HashSet<(String, String)> {
    let mut templates_by_node = HashSet::new();
    for pod in stores.pods.state() {
        let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()) else { continue };
        let labels = pod.labels();
        let (Some(class), Some(name)) = (labels.get(names::CLASS_LABEL), labels.get(names::INSTANCE_LABEL))
        else {
            continue;
        };
        if let Some(instance) = stores.instances.get(&ObjectRef::new(name).within(class)) {
            templates_by_node.insert((node, instance.spec.template_ref.name.clone()));
        }
    }
    templates_by_node
        .into_iter()
        .filter_map(|(node, template)| Some((node, stores.template(&template)?)))
        .flat_map(|(node, template)| {
            let digests: Vec<_> = template.spec.steps.iter().map(|step| step.image.digest.clone()).collect();
            digests.into_iter().map(move |digest| (node.clone(), digest))
        })
        .collect()
}
