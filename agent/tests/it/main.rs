//! The real program: as an ordinary process, and as PID 1 of namespaces of its own.

// What the workspace denies in the product is how a test fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agent;
mod commands;
mod entrypoint;
mod health;
mod pid_one;
mod reaping;
mod termination;
