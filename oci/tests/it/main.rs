//! The crate against a real registry, against one with faults, and between its stores.

// The whole binary is a test, its helpers too, which clippy's own exception does not see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod faults;
mod images;
mod places;
mod real;
mod scripted;
