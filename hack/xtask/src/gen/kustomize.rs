//! `config/default`: everything together, for `kubectl apply --server-side -k config/default`.

use super::files::File;
use super::rbac::NAMESPACE;

/// The composition and its namespace.
pub fn files() -> Vec<File> {
    let namespace = format!(
        "# Pull pods run in this namespace under the restricted level as well (docs/platform/install.md).\n\
         apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {NAMESPACE}\n  labels:\n    \
         pod-security.kubernetes.io/enforce: restricted\n    pod-security.kubernetes.io/warn: restricted\n"
    );
    let all = "resources:\n- namespace.yaml\n- ../crd\n- ../rbac\n- ../operator\n";
    vec![
        File::yaml("config/default/namespace.yaml", &namespace),
        File::yaml("config/default/kustomization.yaml", all),
    ]
}
