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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::instance::tests::fixture::{Fixture, now};
    use crate::instance::tests::pod::{PodFixture, pull_pod};
    use crate::instance::tests::stores::{shown, stores_of};

    /// What goes of these pull pods, ten minutes old, around a workspace on node-1.
    fn gone(fixture: &Fixture, pulls: Vec<Pod>) -> Vec<String> {
        let mut stores = stores_of(fixture);
        stores.pulls = shown(pulls);
        let later = now() + jiff::SignedDuration::from_mins(10);
        surplus(&stores, later).iter().filter_map(|pod| pod.uid()).collect()
    }

    fn running() -> Fixture {
        Fixture::new().proven("one", 1).pod(PodFixture::running("one", 1))
    }

    fn held(seed: u8) -> Pod {
        pull_pod(seed, json!({"phase": "Succeeded"}))
    }

    #[test]
    fn every_step_of_a_template_that_runs_on_the_node_is_held() {
        assert!(gone(&running(), vec![held(1), held(2), held(3)]).is_empty());
        assert_eq!(gone(&running(), vec![held(3), held(4)]), ["pull-4"]);
        assert_eq!(gone(&running().rebuilt(0, 9), vec![held(1), held(9)]), ["pull-1"]);
    }

    #[test]
    fn nothing_is_held_for_workspaces_that_are_elsewhere_or_gone() {
        let elsewhere = PodFixture::running("one", 1).set("/spec/nodeName", json!("node-2"));
        assert_eq!(gone(&Fixture::new().pod(elsewhere), vec![held(1)]), ["pull-1"]);
        assert_eq!(gone(&Fixture::new(), vec![held(1)]), ["pull-1"]);
    }

    #[test]
    fn a_pull_that_ended_badly_or_lost_its_node_is_no_hold() {
        let evicted = pull_pod(2, json!({"phase": "Failed", "reason": "Evicted"}));
        let retrying = pull_pod(
            3,
            json!({"containerStatuses": [{
            "name": "image", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}),
        );
        assert_eq!(gone(&running(), vec![evicted, retrying]), ["pull-2"]);
        let mut stores = stores_of(&running());
        stores.nodes = shown(Vec::new());
        stores.pulls = shown(vec![held(1)]);
        assert_eq!(surplus(&stores, now() + jiff::SignedDuration::from_mins(10)).len(), 1);
    }

    #[test]
    fn the_young_and_those_that_go_already_are_left_alone() {
        let mut stores = stores_of(&running());
        let mut going = held(5);
        going.metadata.deletion_timestamp = going.metadata.creation_timestamp.clone();
        stores.pulls = shown(vec![held(4), going]);
        assert!(surplus(&stores, now()).is_empty(), "twenty seconds old");
        assert_eq!(surplus(&stores, now() + jiff::SignedDuration::from_secs(40)).len(), 1);
    }

    #[test]
    fn a_pull_pod_that_does_not_say_what_it_holds_goes() {
        let mut pod = held(1);
        pod.metadata.annotations = None;
        assert_eq!(gone(&running(), vec![pod]), ["pull-1"]);
    }
}
