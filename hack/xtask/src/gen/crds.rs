//! `config/crd`: the custom resource definitions.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use super::files::File;
use super::{GenError, yaml};

/// One file for each definition, and the list of them.
///
/// # Errors
/// When a definition has no YAML form.
pub fn files(crds: &[CustomResourceDefinition]) -> Result<Vec<File>, GenError> {
    let mut files = Vec::new();
    let mut list = "resources:\n".to_owned();
    for crd in crds {
        let name = file_name(crd);
        list.push_str(&format!("- {name}\n"));
        files.push(File::yaml(format!("config/crd/{name}"), &yaml::text(&name, crd)?));
    }
    files.push(File::yaml("config/crd/kustomization.yaml", &list));
    Ok(files)
}

/// `<plural>.yaml`.
pub fn file_name(crd: &CustomResourceDefinition) -> String {
    format!("{}.yaml", crd.spec.names.plural)
}
