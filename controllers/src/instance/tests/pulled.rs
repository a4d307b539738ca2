//! What is read of a pull pod.

use serde_json::{Value, json};

use super::fixture::{ago, digest};
use super::pod::pull_pod;
use crate::instance::pulled::{Pulled, pulled};

fn failed(ended: bool, image: &str, reason: &str, message: &str) -> Pulled {
    Pulled::Failed {
        uid: "pull-2".to_owned(),
        since: ago(20),
        ended,
        image: image.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

fn pulling() -> Pulled {
    Pulled::Pulling { uid: "pull-2".to_owned(), since: ago(20) }
}

fn container(name: &str, state: Value) -> Value {
    json!([{"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state}])
}

#[test]
fn every_state_of_a_pull() {
    let waiting = |reason: &str| json!({"waiting": {"reason": reason, "message": "words"}});
    let image = format!("localhost:5000/w@{}", digest(2));
    for (status, wanted) in [
        (json!({}), pulling()),
        (json!({"phase": "Pending"}), pulling()),
        (json!({"containerStatuses": container("image", waiting("PodInitializing"))}), pulling()),
        (json!({"phase": "Running", "containerStatuses": container("image", json!({"running": {}}))}), {
            pulling()
        }),
        (json!({"phase": "Succeeded"}), Pulled::Held),
        (
            json!({"containerStatuses": container("image", waiting("ErrImagePull"))}),
            failed(false, &image, "ErrImagePull", "words"),
        ),
        (
            json!({"initContainerStatuses": container("agent", waiting("ImagePullBackOff"))}),
            failed(false, "localhost:5000/agent@sha256:0", "ImagePullBackOff", "words"),
        ),
        (
            json!({"phase": "Failed", "reason": "Evicted", "message": "no space"}),
            failed(true, &image, "Evicted", "no space"),
        ),
        (json!({"phase": "Failed"}), failed(true, &image, "PodFailed", "")),
    ] {
        assert_eq!(pulled(&pull_pod(2, status.clone())), wanted, "{status}");
    }
}

#[test]
fn a_pull_pod_that_goes_frees_its_name_first() {
    let mut pod = pull_pod(2, json!({"phase": "Succeeded"}));
    pod.metadata.deletion_timestamp = pod.metadata.creation_timestamp.clone();
    assert_eq!(pulled(&pod), Pulled::Going);
}
