//! The operator under faults, on a real API server of its own.

// Every function here is part of a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod crossing;
