//! What an instance may change, and what comes of it (D10).
//!
//! The webhook asks before an instance is stored; the controller asks again before it acts, so a
//! missing webhook lets nothing through.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use thiserror::Error;

use crate::duration;
use crate::quantity;
use crate::v1::{OverrideRule, SettingPath, SettingRule, Settings};

/// One override that the policy does not allow.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("overrides.{path}: \"{value}\" is not allowed: {allowed}")]
pub struct Refused {
    /// Path below `overrides`.
    pub path: SettingPath,
    /// Value that was asked for.
    pub value: String,
    /// What the template allows, in words.
    pub allowed: String,
}

/// Checks every override against the policy, and answers all that are refused.
///
/// A value equal to the template's own is no change, so it is never refused.
#[must_use]
pub fn refused(defaults: &Settings, policy: &[OverrideRule], overrides: &Settings) -> Vec<Refused> {
    let own = values(defaults);
    values(overrides)
        .into_iter()
        .filter(|(path, value)| own.get(path) != Some(value))
        .filter_map(|(path, value)| {
            let rule = policy.iter().find(|entry| entry.path == path).map(|entry| &entry.rule);
            let allowed = why_not(path, &value, rule)?;
            Some(Refused { path, value, allowed })
        })
        .collect()
}

/// Why the rule refuses the value, or nothing when it allows it.
fn why_not(path: SettingPath, value: &str, rule: Option<&SettingRule>) -> Option<String> {
    match rule {
        None => Some("the template's overridePolicy does not list it".to_owned()),
        Some(SettingRule::Locked(_)) => Some("the template locks it".to_owned()),
        Some(SettingRule::Free(_)) => None,
        Some(SettingRule::OneOf(allowed)) => {
            (!allowed.iter().any(|one| one == value)).then(|| format!("one of {}", allowed.join(", ")))
        }
        Some(SettingRule::AtMost(most)) => match compare(path, value, most) {
            Some(Ordering::Less | Ordering::Equal) => None,
            Some(Ordering::Greater) => Some(format!("at most {most}")),
            None => Some(format!("at most {most}, and the two cannot be compared")),
        },
    }
}

fn compare(path: SettingPath, value: &str, most: &str) -> Option<Ordering> {
    match path {
        SettingPath::LifecycleTtl | SettingPath::LifecycleMaxExtension | SettingPath::IdleSuspendAfter => {
            Some(duration::parse(value).ok()?.cmp(&duration::parse(most).ok()?))
        }
        SettingPath::ResourcesCpu | SettingPath::ResourcesMemory => {
            Some(quantity::parse(value).ok()?.cmp(&quantity::parse(most).ok()?))
        }
        _ => None,
    }
}

/// Every setting that is set, as text.
#[must_use]
pub fn values(settings: &Settings) -> BTreeMap<SettingPath, String> {
    // Paths are the serialised names, so the settings are read as the API server stores them.
    let tree = serde_json::to_value(settings).unwrap_or_default();
    SettingPath::ALL
        .into_iter()
        .filter_map(|path| {
            let found = path.as_str().split('.').try_fold(&tree, |node, key| node.get(key))?;
            let text = match found {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null => return None,
                other => other.to_string(),
            };
            Some((path, text))
        })
        .collect()
}

/// The settings of `base`, with those of `over` laid on top, field by field.
#[must_use]
pub fn merged(base: &Settings, over: &Settings) -> Settings {
    let mut tree = serde_json::to_value(base).unwrap_or_default();
    lay_over(&mut tree, serde_json::to_value(over).unwrap_or_default());
    serde_json::from_value(tree).unwrap_or_else(|_| base.clone())
}

fn lay_over(below: &mut serde_json::Value, above: serde_json::Value) {
    match (below, above) {
        (serde_json::Value::Object(below), serde_json::Value::Object(above)) => {
            for (key, value) in above {
                lay_over(below.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
        (_, serde_json::Value::Null) => {}
        (below, above) => *below = above,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(yaml: &str) -> Settings {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn policy(yaml: &str) -> Vec<OverrideRule> {
        serde_saphyr::from_str(yaml).unwrap()
    }

    fn messages(policy_yaml: &str, overrides: &str) -> Vec<String> {
        let defaults = settings("{lifecycle: {ttl: 4h}, resources: {cpu: '1'}, runAs: NonRoot}");
        refused(&defaults, &policy(policy_yaml), &settings(overrides))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn an_unlisted_path_is_locked() {
        assert_eq!(
            messages("[]", "{lifecycle: {ttl: 5h}}"),
            [
                "overrides.lifecycle.ttl: \"5h\" is not allowed: the template's overridePolicy does not list it"
            ]
        );
    }

    #[test]
    fn the_templates_own_value_is_no_change() {
        assert!(messages("[]", "{lifecycle: {ttl: 4h}}").is_empty());
    }

    #[test]
    fn at_most_compares_durations_and_quantities() {
        let policy =
            "[{path: lifecycle.ttl, rule: {atMost: 8h}}, {path: resources.cpu, rule: {atMost: 1500m}}]";
        assert!(messages(policy, "{lifecycle: {ttl: 480m}, resources: {cpu: '1.5'}}").is_empty());
        assert_eq!(
            messages(policy, "{lifecycle: {ttl: 481m}, resources: {cpu: '2'}}"),
            [
                "overrides.lifecycle.ttl: \"481m\" is not allowed: at most 8h",
                "overrides.resources.cpu: \"2\" is not allowed: at most 1500m",
            ]
        );
    }

    #[test]
    fn one_of_names_the_choices_and_free_allows_all() {
        let policy =
            "[{path: runAs, rule: {oneOf: [NonRoot, Root]}}, {path: isolation.mode, rule: {free: {}}}]";
        assert!(messages(policy, "{runAs: Root, isolation: {mode: team}}").is_empty());
        assert_eq!(
            messages(policy, "{runAs: RootWithoutUserNamespace}"),
            ["overrides.runAs: \"RootWithoutUserNamespace\" is not allowed: one of NonRoot, Root"]
        );
    }

    #[test]
    fn laying_over_changes_only_what_is_set() {
        let base = settings("{lifecycle: {ttl: 4h, idleSuspend: {enabled: true}}, runAs: Root}");
        let over = settings("{lifecycle: {idleSuspend: {after: 10m}}}");
        let want = settings("{lifecycle: {ttl: 4h, idleSuspend: {enabled: true, after: 10m}}, runAs: Root}");
        assert_eq!(merged(&base, &over), want);
    }
}
