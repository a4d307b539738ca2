//! What crosses a wire: digests, image references and the messages of the agent.
//!
//! No Kubernetes types and no I/O, so that the agent, the image code and the operator speak of the
//! same digest without sharing anything else.

mod agent;
mod digest;
mod reference;

pub use agent::{AGENT_PORT, Health, StepImageEnv};
pub use digest::{Digest, DigestError};
pub use reference::{ImageReference, ReferenceError};
