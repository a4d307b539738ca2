//! Tables over the five verbs, and whole reconciles against a played API server.

mod check;
pub mod fixture;
mod move_pod;
mod move_pull;
mod plan;
pub mod pod;
mod pulled;
mod quiet;
mod reconcile_end;
mod reconcile_move;
mod reconcile_start;
mod rows;
mod seen;
pub mod server;
mod status;
pub mod stores;
