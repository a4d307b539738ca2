//! Both kinds on a real API server: only it knows the cost of a rule, what it drops, and what it stores.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this program is a test"
)]

mod behaviour;
mod definitions;
mod kubelet;
mod largest;
mod objects;
mod operator;
mod proxy;
mod rights;
mod rules;
mod sizes;
mod world;
