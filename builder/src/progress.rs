//! What a build tells while it runs.

use crate::built::BuiltStep;

/// Hears of a build. Transfers are told through [`oci::Progress`].
pub trait Progress: oci::Progress {
    /// Something begins that may take a while, for people.
    fn phase(&self, text: &str) {
        let _ = text;
    }

    /// Step `position` (from 0) of `of` begins.
    fn step_started(&self, position: usize, of: usize, id: &str) {
        let _ = (position, of, id);
    }

    /// A step is in the registry.
    fn step_finished(&self, step: &BuiltStep) {
        let _ = step;
    }
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl oci::Progress for NoProgress {}
impl Progress for NoProgress {}
