//! `docs/reference/api.md`: every field of both kinds, from the definitions.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool,
};

use super::files::File;

/// The reference page.
pub fn file(definitions: &[CustomResourceDefinition]) -> File {
    let mut text = "# Reference of the kinds\n\nWhat the fields are for and who writes them: \
        [kinds](../platform/crds.md). Required fields are **bold**.\n"
        .to_owned();
    for definition in definitions {
        for version in &definition.spec.versions {
            kind(definition, version, &mut text);
        }
    }
    File::markdown("docs/reference/api.md", &text)
}

fn kind(definition: &CustomResourceDefinition, version: &CustomResourceDefinitionVersion, text: &mut String) {
    let names = &definition.spec.names;
    let Some(schema) = version.schema.as_ref().and_then(|schema| schema.open_api_v3_schema.as_ref()) else {
        return;
    };
    let short = names.short_names.iter().flatten().map(|name| format!(", `{name}`")).collect::<String>();
    text.push_str(&format!(
        "\n## {} ({}/{})\n\n{}\n\n`{}`{short}; scope: {}.\n",
        names.kind,
        definition.spec.group,
        version.name,
        schema.description.as_deref().unwrap_or_default(),
        names.plural,
        definition.spec.scope.to_lowercase()
    ));
    for part in ["spec", "status"] {
        let Some(schema) = property(schema, part) else { continue };
        let mut rows = Vec::new();
        walk(part, schema, &mut rows);
        text.push_str(&format!(
            "\n### {} {part}\n\n| field | type | bounds | meaning |\n|---|---|---|---|\n",
            names.kind
        ));
        for row in rows {
            text.push_str(&row);
        }
    }
    let rules = rules("", schema);
    if !rules.is_empty() {
        text.push_str(&format!("\n### {} rules across fields\n\n{}", names.kind, rules.concat()));
    }
}

fn property<'a>(schema: &'a JSONSchemaProps, name: &str) -> Option<&'a JSONSchemaProps> {
    schema.properties.as_ref()?.get(name)
}

/// A row for each field below `schema`, parents before children.
fn walk(path: &str, schema: &JSONSchemaProps, rows: &mut Vec<String>) {
    let required = schema.required.as_deref().unwrap_or_default();
    for (name, field) in schema.properties.iter().flatten() {
        let bold = if required.contains(name) { "**" } else { "" };
        let here = format!("{path}.{name}");
        rows.push(format!(
            "| {bold}`{here}`{bold} | {} | {} | {} |\n",
            type_name(field),
            cell(&bounds(field).join("; ")),
            cell(field.description.as_deref().unwrap_or_default())
        ));
        descend(&here, field, rows);
    }
}

fn descend(path: &str, field: &JSONSchemaProps, rows: &mut Vec<String>) {
    walk(path, field, rows);
    if let Some(JSONSchemaPropsOrArray::Schema(item)) = &field.items {
        walk(&format!("{path}[]"), item, rows);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &field.additional_properties {
        walk(&format!("{path}.*"), value, rows);
    }
}

fn type_name(field: &JSONSchemaProps) -> String {
    let own = field.format.as_deref().or(field.type_.as_deref()).unwrap_or("any");
    match (&field.items, &field.additional_properties) {
        (Some(JSONSchemaPropsOrArray::Schema(item)), _) => format!("list of {}", type_name(item)),
        (_, Some(JSONSchemaPropsOrBool::Schema(value))) => format!("map of {}", type_name(value)),
        _ => own.to_owned(),
    }
}

/// Everything that the schema refuses a value for, in words.
fn bounds(field: &JSONSchemaProps) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(values) = &field.enum_ {
        all.push(
            values
                .iter()
                .map(|value| format!("`{}`", value.0.as_str().unwrap_or_default()))
                .collect::<Vec<_>>()
                .join(", "),
        );
    }
    all.extend(span("characters", field.min_length, field.max_length));
    all.extend(span("items", field.min_items, field.max_items));
    all.extend(span("entries", field.min_properties, field.max_properties));
    all.extend(field.pattern.as_ref().map(|pattern| format!("`{pattern}`")));
    all.extend(field.minimum.map(|minimum| format!("at least {minimum}")));
    all.extend(field.maximum.map(|maximum| format!("at most {maximum}")));
    if let Some(default) = &field.default {
        all.push(format!("default `{}`", default.0));
    }
    if let Some(keys) = &field.x_kubernetes_list_map_keys {
        all.push(format!("one of each {}", keys.join(", ")));
    }
    if field.x_kubernetes_list_type.as_deref() == Some("set") {
        all.push("no value twice".to_owned());
    }
    let rules = field.x_kubernetes_validations.iter().flatten();
    all.extend(rules.filter_map(|rule| rule.message.clone()));
    match &field.items {
        Some(JSONSchemaPropsOrArray::Schema(item)) if item.properties.is_none() => {
            all.extend(bounds(item).into_iter().map(|bound| format!("each: {bound}")));
        }
        _ => {}
    }
    if let Some(JSONSchemaPropsOrBool::Schema(value)) = &field.additional_properties {
        all.extend(bounds(value).into_iter().map(|bound| format!("each: {bound}")));
    }
    all
}

fn span(of: &str, least: Option<i64>, most: Option<i64>) -> Option<String> {
    match (least, most) {
        (Some(least), Some(most)) => Some(format!("{least} to {most} {of}")),
        (Some(least), None) => Some(format!("at least {least} {of}")),
        (None, Some(most)) => Some(format!("at most {most} {of}")),
        (None, None) => None,
    }
}

/// Rules of the object itself and of `spec`, which no row shows.
fn rules(path: &str, schema: &JSONSchemaProps) -> Vec<String> {
    let own = schema.x_kubernetes_validations.iter().flatten();
    let mut all: Vec<String> =
        own.filter_map(|rule| rule.message.as_ref()).map(|message| format!("- {path}{message}\n")).collect();
    if let Some(spec) = property(schema, "spec") {
        all.extend(rules("spec.", spec));
    }
    all
}

/// Text for a table cell.
fn cell(text: &str) -> String {
    text.replace('\n', " ").replace('|', "\\|")
}
