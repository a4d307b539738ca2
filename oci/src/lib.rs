//! Container images as data: change sets, canonical layers, configs and manifests; and the places
//! that hold them (a registry, a layout directory, memory) behind one trait.
//!
//! Everything that is written here is canonical: the same input gives the same bytes, and so the
//! same digest, on every machine and for every user (D17, D18). What is written is OCI; Docker's
//! schema 2 is read. Nothing is ever unpacked.
//!
//! The usual way through the crate:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use oci::{ChangeSet, Image, NoProgress, Origin, Owner, Platform, Push, Registry, RegistryOptions, Target};
//!
//! let registry = Registry::open("registry.example:5000", &RegistryOptions::default())?;
//! let base = Image::read(&registry, "debian", Target::Tag("12"), &Platform::host()).await?;
//! let mut files = ChangeSet::new();
//! files.file("/etc/motd", "welcome\n", 0o644, Owner::ROOT)?;
//! let layer = files.layer()?;
//! let mut image = base.image;
//! image.add_layer(&layer, "workshop: files");
//! image.config.config.set_env("LESSON", "1");
//! let push = Push { image: &image, layers: &[layer], origin: Some(Origin { store: &registry, repository: "debian" }) };
//! let pushed = push.to(&registry, "team/lesson", &["intro"], &NoProgress).await?;
//! println!("{}", pushed.digest);
//! # Ok(()) }
//! ```

mod artifact;
mod canonical;
mod change;
mod check;
mod config;
mod copy;
mod descriptor;
mod error;
mod gzip;
mod image;
mod layer;
mod layout;
mod manifest;
pub mod media;
mod memory;
mod progress;
mod push;
mod registry;
mod store;
mod tarball;

pub use artifact::{Artifact, pull_artifact, push_artifact};
pub use canonical::canonical_json;
pub use change::{Change, ChangeError, ChangeSet, Content, Owner};
pub use config::{Config, History, RootFs, RuntimeConfig};
pub use copy::copy_image;
pub use descriptor::{Descriptor, Platform};
pub use error::StoreError;
pub use image::{Found, Image, ImageError};
pub use layer::{Blob, Layer, LayerError, layer_from_tar};
pub use layout::Layout;
pub use manifest::{FormatError, Index, Manifest, ManifestOrIndex, RawManifest};
pub use memory::Memory;
pub use progress::{Moved, NoProgress, Progress};
pub use push::{Origin, Push, Pushed, Traffic};
pub use registry::{Credentials, Limits, Registry, RegistryOptions, is_plain_http};
pub use store::{Answer, Store, Target};
