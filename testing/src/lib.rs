//! What tests against a real API server share: a control plane of their own, and the two verbs of a test
//! of the API, [`Judge::accepts`] and [`Judge::rejects`]. [`kubelet`] plays nodes where there are none;
//! [`live`] is for journeys on the node cluster.

mod control_plane;
mod definitions;
mod error;
mod judge;
pub mod kubelet;
pub mod live;
pub mod proxy;

pub use control_plane::ControlPlane;
pub use definitions::install_definitions;
pub use error::TestingError;
pub use judge::{Answer, Judge};
