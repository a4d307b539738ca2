//! What the chart takes from the code: the definitions as templates, and the rules of its roles.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use super::files::File;
use super::{GenError, crds, rbac, yaml};

/// `templates/crds/*.yaml` and `templates/rbac/_rules.tpl`.
///
/// # Errors
/// When a definition has no YAML form.
pub fn files(definitions: &[CustomResourceDefinition]) -> Result<Vec<File>, GenError> {
    let mut files = vec![rbac::chart_template()];
    for definition in definitions {
        let name = crds::file_name(definition);
        let body = template(&yaml::text(&name, definition)?);
        files.push(File::template(format!("helm/workshop/templates/crds/{name}"), &body));
    }
    Ok(files)
}

/// A definition behind `crds.enabled`; with `crds.keep`, an uninstall leaves it and with it every object
/// of its kind (the default: users' workshops outlive a mistaken uninstall).
fn template(definition: &str) -> String {
    let metadata = "metadata:\n\
        \x20 {{- if .Values.crds.keep }}\n\
        \x20 annotations:\n\
        \x20   helm.sh/resource-policy: keep\n\
        \x20 {{- end }}\n\
        \x20 labels:\n\
        \x20   {{- include \"workshop.labels\" . | nindent 4 }}\n";
    let body = escape(definition).replacen("metadata:\n", metadata, 1);
    format!("{{{{- if .Values.crds.enabled }}}}\n{body}{{{{- end }}}}\n")
}

/// Keeps a `{{` of a description from being read as a template action.
fn escape(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_switched_and_kept_by_values() {
        let text = template("apiVersion: v1\nmetadata:\n  name: x\nspec:\n  metadata: {{ y }}\n");
        assert!(text.starts_with("{{- if .Values.crds.enabled }}\napiVersion"), "{text}");
        assert!(text.contains("helm.sh/resource-policy: keep\n"), "{text}");
        assert!(text.contains("nindent 4 }}\n  name: x\n"), "{text}");
        assert!(text.contains("  metadata: {{ \"{{\" }} y }}\n"), "{text}");
        assert!(text.ends_with("{{- end }}\n"), "{text}");
    }
}
