//! The operator in the cluster: where its Deployment is and which version it has.

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::ListParams;

use crate::context::Context;
use crate::error::Error;

/// Labels that chart and Kustomize files put on the operator's Deployment.
pub const SELECTOR: &str = "app.kubernetes.io/name=workshop,app.kubernetes.io/component=operator";

const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// The operator's Deployments, whatever their namespace; usually one.
///
/// # Errors
/// Exit 7 when the caller may not list Deployments of all namespaces.
pub async fn deployments(context: &Context) -> Result<Vec<Deployment>, Error> {
    let all: Api<Deployment> = Api::all(context.client.clone());
    let params = ListParams::default().labels(SELECTOR);
    Ok(context.call("look for the operator", all.list(&params)).await?.items)
}

/// The version that the label says, or else the tag of the image.
#[must_use]
pub fn version(deployment: &Deployment) -> Option<String> {
    let label = deployment.metadata.labels.as_ref().and_then(|labels| labels.get(VERSION_LABEL));
    label.cloned().or_else(|| {
        let pod = deployment.spec.as_ref()?.template.spec.as_ref()?;
        let image = pod.containers.first()?.image.as_deref()?;
        let (name, _) = image.split_once('@').unwrap_or((image, ""));
        let (_, file) = name.rsplit_once('/').unwrap_or(("", name));
        file.split_once(':').map(|(_, tag)| tag.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(labels: serde_json::Value, image: &str) -> Deployment {
        serde_json::from_value(json!({
            "metadata": {"name": "workshop-operator", "labels": labels},
            "spec": {"selector": {}, "template": {"spec": {"containers": [{"name": "operator", "image": image}]}}}
        }))
        .unwrap()
    }

    #[test]
    fn the_label_wins_over_the_tag() {
        let labelled =
            deployment(json!({"app.kubernetes.io/version": "0.2.0"}), "r.example:5000/server:0.1.0");
        assert_eq!(version(&labelled).as_deref(), Some("0.2.0"));
        let tagged = deployment(json!({}), "r.example:5000/server:0.1.0@sha256:00");
        assert_eq!(version(&tagged).as_deref(), Some("0.1.0"));
        assert_eq!(version(&deployment(json!({}), "r.example:5000/server")), None);
    }
}
