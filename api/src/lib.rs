//! The words of the platform: both kinds, the input files, rules and names.
//!
//! No client, no clock, no thread, no file, no SQL, no HTTP: everything here is data and pure functions,
//! so that operator, webhooks, gateway and command line share one meaning of every rule.

pub mod conditions;
pub mod crds;
pub mod duration;
pub mod fault;
pub mod names;
pub mod overrides;
pub mod quantity;
pub mod step_graph;
pub mod step_spec;
pub mod step_text;
pub mod v1;
pub mod workspace_metadata;
mod yaml;
