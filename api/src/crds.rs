//! The custom resource definitions, as the cluster stores them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::v1;

/// Both definitions, in the order in which they are installed.
#[must_use]
pub fn all() -> Vec<CustomResourceDefinition> {
    vec![v1::WorkspaceTemplate::crd(), v1::WorkspaceInstance::crd()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plural or a group can never be changed once objects are stored under it.
    #[test]
    fn names_are_what_they_will_always_be() {
        let names: Vec<_> = all().into_iter().filter_map(|crd| crd.metadata.name).collect();
        assert_eq!(names, ["workspacetemplates.workshop.platform", "workspaceinstances.workshop.platform"]);
    }
}
