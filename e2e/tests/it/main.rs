//! Journeys of learners and platform teams on the real node, one file each.
//!
//! They need a running cluster with the product on it: `hack/cluster up && hack/install-product`. All share
//! it, each in a class of its own. What is asserted are facts and counts of writes, never times.

// Every function here is part of a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agent;
mod first_day;
mod held;
mod journey;
mod lost;
mod moves;
mod plugin;
mod pull;
mod removal;
mod rights;
mod run_as;
mod suspend;
mod upgrade;
mod wishes;
