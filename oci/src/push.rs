//! Bringing an image to a repository with as little traffic as there can be.

use futures::{StreamExt, TryStreamExt, stream};
use wire::Digest;

use crate::descriptor::Descriptor;
use crate::error::StoreError;
use crate::image::{Image, ImageError};
use crate::layer::{Blob, Layer};
use crate::progress::{Moved, Progress};
use crate::store::{Store, Target};

/// Blobs that are moved at the same time.
const AT_ONCE: usize = 4;

/// Where the layers come from that the image shares with its base.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// The base's store: if it is the target's too, blobs are mounted, else copied.
    pub store: &'a dyn Store,
    /// The base's repository.
    pub repository: &'a str,
}

/// An image to push: its documents, the layers at hand, and where the others lie.
#[derive(Clone, Copy)]
pub struct Push<'a> {
    /// What to push.
    pub image: &'a Image,
    /// Layers whose bytes are here. Those of the image that are missing must be in the target or in `origin`.
    pub layers: &'a [Layer],
    /// The base's place.
    pub origin: Option<Origin<'a>>,
}

/// What a push came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent, documents included.
    pub bytes: u64,
    /// Blobs sent.
    pub uploaded: usize,
    /// Blobs taken over inside the store.
    pub mounted: usize,
}

/// A pushed image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Digest of the manifest, to which every tag points now.
    pub digest: Digest,
    /// True if every tag pointed to it already, and nothing was written.
    pub already_there: bool,
    /// What it took.
    pub traffic: Traffic,
}

impl Push<'_> {
    /// Pushes to `repository` under `tags`; without tags under the digest alone. Tags that point to it
    /// already cost one HEAD each and nothing else.
    ///
    /// # Errors
    /// When a store fails, or a layer is neither at hand, nor in the target, nor in the origin.
    pub async fn to(
        &self,
        store: &dyn Store,
        repository: &str,
        tags: &[&str],
        progress: &dyn Progress,
    ) -> Result<Pushed, ImageError> {
        let documents = self.image.documents()?;
        let manifest = &documents.manifest;
        let digest = manifest.descriptor.digest.clone();
        let open = open_tags(store, repository, &digest, tags).await?;
        if open.is_none() {
            return Ok(Pushed { digest, already_there: true, traffic: Traffic::default() });
        }
        let mover = Mover { store, repository, progress };
        let layers = self.image.layers.iter().map(|layer| (layer, self.source(layer)));
        let config = (&documents.config, Source { blob: Some(&documents.config_blob), origin: None });
        let mut traffic = mover.ensure_all(layers.chain([config]).collect()).await?;
        store.put_manifest(repository, manifest, &open.unwrap_or_default()).await?;
        traffic.bytes += manifest.descriptor.size;
        Ok(Pushed { digest, already_there: false, traffic })
    }

    fn source(&self, layer: &Descriptor) -> Source<'_> {
        let at_hand = self.layers.iter().find(|known| known.descriptor.digest == layer.digest);
        Source { blob: at_hand.map(|layer| &layer.blob), origin: self.origin }
    }
}

/// The tags that do not point to `digest` yet; `None` if there is nothing to write.
pub(crate) async fn open_tags<'t>(
    store: &dyn Store,
    repository: &str,
    digest: &Digest,
    tags: &[&'t str],
) -> Result<Option<Vec<&'t str>>, StoreError> {
    if tags.is_empty() {
        let found = store.resolve(repository, Target::Digest(digest)).await?;
        return Ok(found.is_none().then(Vec::new));
    }
    let asked = tags.iter().map(|tag| store.resolve(repository, Target::Tag(tag)));
    let found = futures::future::try_join_all(asked).await?;
    let points_elsewhere =
        |(_, found): &(_, Option<Descriptor>)| found.as_ref().is_none_or(|found| found.digest != *digest);
    let open: Vec<_> = tags.iter().zip(found).filter(points_elsewhere).map(|(tag, _)| *tag).collect();
    Ok((!open.is_empty()).then_some(open))
}

/// Where one blob can be had.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) blob: Option<&'a Blob>,
    pub(crate) origin: Option<Origin<'a>>,
}

/// Brings blobs to one repository.
pub(crate) struct Mover<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) repository: &'a str,
    pub(crate) progress: &'a dyn Progress,
}

impl Mover<'_> {
    /// All of them, a few at a time. A blob that is named twice is moved once.
    pub(crate) async fn ensure_all(
        &self,
        mut blobs: Vec<(&Descriptor, Source<'_>)>,
    ) -> Result<Traffic, StoreError> {
        let mut seen = std::collections::HashSet::new();
        blobs.retain(|(blob, _)| seen.insert(&blob.digest));
        let moves = stream::iter(blobs).map(|(blob, source)| async move {
            let moved = self.ensure(blob, source).await?;
            Ok::<_, StoreError>((moved, blob.size))
        });
        let add = |mut sum: Traffic, (moved, size)| async move {
            match moved {
                Moved::Present => {}
                Moved::Mounted => sum.mounted += 1,
                Moved::Uploaded => {
                    sum.uploaded += 1;
                    sum.bytes += size;
                }
            }
            Ok(sum)
        };
        moves.buffer_unordered(AT_ONCE).try_fold(Traffic::default(), add).await
    }

    /// There already, mounted, or uploaded: in this order.
    async fn ensure(&self, blob: &Descriptor, source: Source<'_>) -> Result<Moved, StoreError> {
        let moved = self.transfer(blob, source).await?;
        self.progress.finished(blob, moved);
        Ok(moved)
    }

    async fn transfer(&self, blob: &Descriptor, source: Source<'_>) -> Result<Moved, StoreError> {
        if self.store.has_blob(self.repository, &blob.digest).await? {
            return Ok(Moved::Present);
        }
        if let Some(content) = source.blob {
            self.store.push_blob(self.repository, blob, content, self.progress).await?;
            return Ok(Moved::Uploaded);
        }
        let Some(origin) = source.origin else {
            return Err(StoreError::NotFound {
                subject: format!("{}/{}@{}", self.store.name(), self.repository, blob.digest),
                detail: "a layer of the image, and nothing says where to copy it from".to_owned(),
            });
        };
        if origin.store.name() == self.store.name()
            && self.store.mount_blob(self.repository, &blob.digest, origin.repository).await?
        {
            return Ok(Moved::Mounted);
        }
        let file = tempfile::NamedTempFile::new().map_err(StoreError::file(std::env::temp_dir()))?;
        origin.store.save_blob(origin.repository, blob, file.path(), self.progress).await?;
        let content = Blob::File(file.path().to_owned());
        self.store.push_blob(self.repository, blob, &content, self.progress).await?;
        Ok(Moved::Uploaded)
    }
}
