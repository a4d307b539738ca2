//! One reconcile of an instance: five verbs, five files.
//!
//! | file | verb | client? |
//! |---|---|---|
//! | `gather` | read what the spec points at | yes |
//! | `check` | ask the rules of `api` | no |
//! | `plan` | what should exist, and the next single move | no |
//! | `apply` | write it, in the order in which it protects | yes |
//! | `report` | conditions and status | yes, if they differ |

mod apply;
mod check;
mod gather;
mod nonce;
mod plan;
mod pod_move;
mod pulled;
mod reconcile;
mod remove;
mod report;
mod rights;
mod rows;
mod seen;
mod stage;
mod status;
mod wishes;

#[cfg(test)]
pub mod tests;

pub use plan::Swap;
pub use pulled::{Pulled, pulled};
pub use reconcile::reconcile;
#[cfg(test)]
pub use remove::terminating;
pub use seen::PodSeen;
#[cfg(test)]
pub use stage::Stage;
pub use wishes::{Wishes, between};
