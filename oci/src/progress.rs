//! What a long transfer tells.

use crate::descriptor::Descriptor;

/// How a blob got to where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moved {
    /// It was there.
    Present,
    /// Taken over from another repository of the same store.
    Mounted,
    /// Sent, byte by byte.
    Uploaded,
}

/// Hears of transfers; called from several tasks at once and expected to return quickly. A retry
/// announces its blob again and counts from nothing.
pub trait Progress: Send + Sync {
    /// A transfer of `blob.size` bytes begins.
    fn started(&self, blob: &Descriptor) {
        let _ = blob;
    }

    /// So many more bytes of it have passed.
    fn advanced(&self, blob: &Descriptor, bytes: u64) {
        let _ = (blob, bytes);
    }

    /// The blob is where it should be.
    fn finished(&self, blob: &Descriptor, moved: Moved) {
        let _ = (blob, moved);
    }
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}
