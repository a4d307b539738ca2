//! Copying an image as it is.

use crate::error::StoreError;
use crate::image::ImageError;
use crate::manifest::{ManifestOrIndex, RawManifest};
use crate::progress::Progress;
use crate::push::{Mover, Origin, Pushed, Source, Traffic, open_tags};
use crate::store::{Store, Target};

/// Copies what `target` points to, an image or an index with all its images, byte for byte and without
/// unpacking anything: blobs are mounted where both places are one store, else copied. Where the
/// digest is known and the tags point to it, it costs one HEAD for each tag.
///
/// # Errors
/// When either store fails or a manifest cannot be read.
pub async fn copy_image(
    from: Origin<'_>,
    target: Target<'_>,
    to: &dyn Store,
    repository: &str,
    tags: &[&str],
    progress: &dyn Progress,
) -> Result<Pushed, ImageError> {
    let digest = match target {
        Target::Digest(digest) => digest.clone(),
        Target::Tag(_) => match from.store.resolve(from.repository, target).await? {
            Some(found) => found.digest,
            None => {
                let subject = format!("{}/{}{target}", from.store.name(), from.repository);
                return Err(StoreError::NotFound { subject, detail: "no such tag".to_owned() }.into());
            }
        },
    };
    let Some(open) = open_tags(to, repository, &digest, tags).await? else {
        return Ok(Pushed { digest, already_there: true, traffic: Traffic::default() });
    };
    let root = from.store.read_manifest(from.repository, Target::Digest(&digest)).await?;
    let mover = Mover { store: to, repository, progress };
    let mut traffic = Traffic::default();
    // Children go before their parents: a store may refuse a manifest whose parts are missing.
    for manifest in with_children(from, root.clone()).await? {
        let blobs = blobs_of(&manifest)?;
        let source = Source { blob: None, origin: Some(from) };
        let moved = mover.ensure_all(blobs.iter().map(|blob| (blob, source)).collect()).await?;
        let is_root = manifest.descriptor.digest == digest;
        let tags = if is_root { open.as_slice() } else { &[] };
        to.put_manifest(repository, &manifest, tags).await?;
        traffic.bytes += moved.bytes + manifest.descriptor.size;
        traffic.uploaded += moved.uploaded;
        traffic.mounted += moved.mounted;
    }
    Ok(Pushed { digest, already_there: false, traffic })
}

/// A manifest and, before it, all manifests of an index.
async fn with_children(from: Origin<'_>, root: RawManifest) -> Result<Vec<RawManifest>, ImageError> {
    let mut result = Vec::new();
    let mut open = vec![root];
    while let Some(manifest) = open.pop() {
        if let ManifestOrIndex::Index(index) = manifest.parse()? {
            for child in &index.manifests {
                open.push(from.store.read_manifest(from.repository, Target::Digest(&child.digest)).await?);
            }
        }
        result.push(manifest);
    }
    result.reverse();
    Ok(result)
}

fn blobs_of(manifest: &RawManifest) -> Result<Vec<crate::Descriptor>, ImageError> {
    Ok(match manifest.parse()? {
        ManifestOrIndex::Manifest(manifest) => manifest.layers.into_iter().chain([manifest.config]).collect(),
        ManifestOrIndex::Index(_) => Vec::new(),
    })
}
