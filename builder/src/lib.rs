//! From a workshop's folder to one image per step and the workshop file.
//!
//! [`plan()`] reads the folder and finds every fault before anything is built; [`build()`] makes and pushes the
//! images, each on top of the one before, and writes the file. Base layers are mounted or copied blob by
//! blob and never unpacked. The same folder gives the same digests on every machine (D18).

mod build;
mod built;
mod changes;
mod crosscheck;
mod entrypoint;
mod error;
mod folder;
mod layers;
mod options;
mod owner;
mod plan;
mod progress;
mod tree;

pub use build::build;
pub use built::{Built, BuiltStep, Outcome, Stores};
pub use error::{BuildError, FileFault, PlanError};
pub use options::{Options, default_cache};
pub use plan::{Plan, plan};
pub use progress::{NoProgress, Progress};

#[cfg(test)]
mod tests;
