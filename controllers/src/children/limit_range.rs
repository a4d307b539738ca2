//! Limits of anything else that is started in the namespace (D3).

use api::names;
use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem, LimitRangeSpec};

use super::Owner;
use super::pod::quantities;
use crate::settings::Effective;

/// What a container gets that names no limits: small, since the workspace itself names its own.
pub(super) const DEFAULT_CPU: &str = "100m";
pub(super) const DEFAULT_MEMORY: &str = "64Mi";

pub(super) fn limit_range(owner: &Owner, effective: &Effective) -> LimitRange {
    let small = quantities(DEFAULT_CPU, DEFAULT_MEMORY);
    LimitRange {
        metadata: owner.meta(names::WORKSPACE),
        spec: Some(LimitRangeSpec {
            limits: vec![LimitRangeItem {
                type_: "Container".to_owned(),
                default: Some(small.clone()),
                default_request: Some(small),
                max: Some(quantities(
                    larger(&effective.cpu, DEFAULT_CPU),
                    larger(&effective.memory, DEFAULT_MEMORY),
                )),
                ..LimitRangeItem::default()
            }],
        }),
    }
}

/// A limit range whose maximum is below its default is refused by the API server.
pub(super) fn larger<'a>(wanted: &'a str, least: &'a str) -> &'a str {
    match (api::quantity::parse(wanted), api::quantity::parse(least)) {
        (Ok(a), Ok(b)) if a < b => least,
        _ => wanted,
    }
}
