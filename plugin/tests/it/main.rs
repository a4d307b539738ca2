//! The program as people start it.

// Helpers of tests fail a test as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod build;
mod canned;
mod check;
mod cluster;
mod golden;
mod instances;
mod interrupt;
mod load;
mod played_operator;
mod private_registry;
mod program;
#[path = "../../../oci/tests/it/real.rs"]
#[allow(dead_code)]
mod registry;
mod status;
mod terminal;
mod trouble;
mod uninstall;
mod usage;
mod well;
