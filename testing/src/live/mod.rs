//! A handle on the node cluster that already runs, with the product on it as people install it
//! (`hack/cluster up`, `hack/install-product`). Journeys share the cluster; each has a class of its own.

mod audit;
mod class;
mod error;
mod images;
mod rights;
mod settings;
mod versions;
mod wait;
mod workspace;
mod world;

pub use audit::{Mark, Write, Writes};
pub use class::{Class, condition, template};
pub use error::LiveError;
pub use images::StepImage;
pub use rights::{Request, Rights};
pub use settings::Settings;
pub use versions::Versions;
pub use wait::{LIMIT, Look, until};
pub use workspace::Answers;
pub use world::World;
