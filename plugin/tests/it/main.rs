//! The program as people start it.

// Helpers of tests fail a test as the tests themselves do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cluster;
mod instances;
mod interrupt;
mod played_operator;
mod program;
mod trouble;
mod usage;
