//! Five images that differ in one small layer: all that a step change has to move.

use oci::{ChangeSet, Image, NoProgress, Owner, Platform, Push, Registry, RegistryOptions};
use wire::{Digest, ImageReference};

use crate::error::BenchError;

/// Repository of the images.
const REPOSITORY: &str = "bench/transition";
/// Steps of the workshop.
const STEPS: [&str; 5] = ["one", "two", "three", "four", "five"];

/// A step and its image.
#[derive(Clone, Debug)]
pub struct StepImage {
    /// Step id.
    pub id: String,
    /// Where its image lies.
    pub reference: ImageReference,
    /// What it is.
    pub digest: Digest,
}

impl StepImage {
    /// The reference with its digest, and a tag that no node has seen.
    pub fn pinned(&self, nonce: &str) -> String {
        format!("{}:{nonce}@{}", self.reference.name(), self.digest)
    }
}

/// Makes and pushes all; what is there is not sent again.
///
/// # Errors
/// When the registry refuses.
pub async fn push(registry: &str) -> Result<Vec<StepImage>, BenchError> {
    let store = Registry::open(registry, &RegistryOptions::default()).map_err(images)?;
    let mut made = Vec::new();
    for id in STEPS {
        let mut files = ChangeSet::new();
        files.file("/step", id, 0o644, Owner::ROOT).map_err(images)?;
        let layer = files.layer().map_err(images)?;
        let mut image = Image::scratch(&Platform::host());
        image.add_layer(&layer, "bench: step");
        image.config.config.working_dir = "/".to_owned();
        let push = Push { image: &image, layers: &[layer], origin: None };
        let pushed = push.to(&store, REPOSITORY, &[id], &NoProgress).await.map_err(images)?;
        let reference = format!("{registry}/{REPOSITORY}:{id}").parse().map_err(images)?;
        made.push(StepImage { id: id.to_owned(), reference, digest: pushed.digest });
    }
    Ok(made)
}

fn images(error: impl std::error::Error + Send + Sync + 'static) -> BenchError {
    BenchError::Images(Box::new(error))
}
