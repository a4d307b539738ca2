//! Limits of the whole namespace: the workspace and the template's `extraQuota` (D3).

use std::collections::BTreeMap;

use api::names;
use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::Owner;
use super::limit_range::{DEFAULT_CPU, DEFAULT_MEMORY, larger};
use crate::settings::Effective;

pub(super) fn resource_quota(owner: &Owner, effective: &Effective) -> ResourceQuota {
    // The init container that brings the agent counts as well, where the workspace is smaller.
    let (cpu, memory) = (larger(&effective.cpu, DEFAULT_CPU), larger(&effective.memory, DEFAULT_MEMORY));
    let mut hard: BTreeMap<String, String> = [("limits.cpu", cpu), ("limits.memory", memory), ("pods", "1")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for (name, extra) in &effective.extra_quota {
        let sum = hard.get(name).map_or_else(|| extra.clone(), |own| sum(own, extra));
        hard.insert(name.clone(), sum);
    }
    ResourceQuota {
        metadata: owner.meta(names::WORKSPACE),
        spec: Some(ResourceQuotaSpec {
            hard: Some(hard.into_iter().map(|(name, value)| (name, Quantity(value))).collect()),
            ..ResourceQuotaSpec::default()
        }),
        ..ResourceQuota::default()
    }
}

/// Adds two quantities; the schema lets nothing else in, so a text that is none keeps the first.
fn sum(own: &str, extra: &str) -> String {
    let (Ok(own_value), Ok(extra_value)) = (api::quantity::parse(own), api::quantity::parse(extra)) else {
        return own.to_owned();
    };
    let total = own_value + extra_value;
    if total % 1000 == 0 { (total / 1000).to_string() } else { format!("{total}m") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_add_up_across_units() {
        assert_eq!(sum("1", "4"), "5");
        assert_eq!(sum("1", "500m"), "1500m");
        assert_eq!(sum("1Gi", "1Mi"), (1024 * 1024 * 1025).to_string());
    }
}
