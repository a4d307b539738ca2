//! An OCI layout directory (image-spec, "Image Layout"): one repository in a folder.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::FutureExt;
use tokio::sync::Mutex;
use wire::Digest;

use crate::canonical::canonical_json;
use crate::check;
use crate::descriptor::Descriptor;
use crate::error::StoreError;
use crate::layer::Blob;
use crate::manifest::{FormatError, Index, RawManifest};
use crate::progress::{NoProgress, Progress};
use crate::store::{Answer, Store, Target};

const MARK: &str = "oci-layout";
const MARK_TEXT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const INDEX: &str = "index.json";
/// The tag of an entry of the index.
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const MANIFEST_LIMIT: u64 = 4 << 20;

/// A layout directory. It has no repositories: whatever name is asked for, it is the same place,
/// so one layout holds the tags of one repository.
#[derive(Debug)]
pub struct Layout {
    root: PathBuf,
    name: String,
    /// One writer of the index at a time. Two programs must not write the same layout.
    index: Mutex<()>,
}

impl Layout {
    /// Opens a layout, and makes one where `root` is missing or empty.
    ///
    /// # Errors
    /// When the directory holds something else or cannot be written.
    pub fn create(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        std::fs::create_dir_all(&root).map_err(StoreError::file(&root))?;
        let mut present = std::fs::read_dir(&root).map_err(StoreError::file(&root))?;
        if !root.join(MARK).exists() && present.next().is_none() {
            let blobs = root.join("blobs/sha256");
            std::fs::create_dir_all(&blobs).map_err(StoreError::file(&blobs))?;
            write_index(&root, &Index::new(Vec::new()))?;
            put_file(&root.join(MARK), MARK_TEXT)?;
        }
        Self::open(root)
    }

    /// Opens a layout that is there.
    ///
    /// # Errors
    /// When it is not one.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        if !root.join(MARK).is_file() {
            return Err(StoreError::Setting {
                subject: root.display().to_string(),
                detail: format!(
                    "is not an OCI layout (no file \"{MARK}\"); name an empty or missing directory to make one"
                ),
            });
        }
        let name = root.display().to_string();
        Ok(Self { root, name, index: Mutex::new(()) })
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    fn subject(&self, target: Target<'_>) -> String {
        format!("{}{target}", self.name)
    }

    fn not_found(&self, target: Target<'_>) -> StoreError {
        StoreError::NotFound { subject: self.subject(target), detail: "not in the layout".to_owned() }
    }

    async fn find(&self, target: Target<'_>) -> Result<Option<Descriptor>, StoreError> {
        let index = read_index(&self.root)?;
        let by_target = |entry: &&Descriptor| match target {
            Target::Tag(tag) => entry.annotations.get(REF_NAME).is_some_and(|name| name == tag),
            Target::Digest(digest) => entry.digest == *digest,
        };
        if let Some(entry) = index.manifests.iter().find(by_target) {
            return Ok(Some(Descriptor::new(&entry.media_type, entry.digest.clone(), entry.size)));
        }
        let Target::Digest(digest) = target else { return Ok(None) };
        let path = self.blob_path(digest);
        match tokio::fs::metadata(&path).await {
            Ok(data) if data.len() <= MANIFEST_LIMIT => {
                let bytes = tokio::fs::read(&path).await.map_err(StoreError::file(&path))?;
                let kind = RawManifest::media_type_of(&bytes);
                Ok(kind.map(|kind| Descriptor::new(&kind, digest.clone(), data.len())))
            }
            _ => Ok(None),
        }
    }

    async fn read(&self, blob: &Descriptor, limit: u64) -> Result<Bytes, StoreError> {
        let target = Target::Digest(&blob.digest);
        check::within(&self.subject(target), blob.size, limit)?;
        let path = self.blob_path(&blob.digest);
        let size = tokio::fs::metadata(&path).await.map_err(|_| self.not_found(target))?.len();
        check::within(&self.subject(target), size, limit)?;
        let bytes: Bytes = tokio::fs::read(&path).await.map_err(StoreError::file(&path))?.into();
        check::whole(&self.subject(target), &bytes, &blob.digest, Some(blob.size)).map(|()| bytes)
    }

    /// Through a file of another name, so that a blob is there whole or not at all.
    async fn write(
        &self,
        blob: &Descriptor,
        content: &Blob,
        progress: &dyn Progress,
    ) -> Result<(), StoreError> {
        let subject = self.subject(Target::Digest(&blob.digest));
        let folder = self.root.join("blobs/sha256");
        let file = tempfile::NamedTempFile::new_in(&folder).map_err(StoreError::file(&folder))?;
        check::save(&subject, blob, check::open(content).await?, file.path(), progress).await?;
        persist(file, &self.blob_path(&blob.digest))
    }
}

fn read_index(root: &Path) -> Result<Index, StoreError> {
    let path = root.join(INDEX);
    let bytes = std::fs::read(&path).map_err(StoreError::file(&path))?;
    serde_json::from_slice(&bytes).map_err(|source| StoreError::Format {
        subject: path.display().to_string(),
        source: FormatError::Json { what: "index", source },
    })
}

fn write_index(root: &Path, index: &Index) -> Result<(), StoreError> {
    let path = root.join(INDEX);
    let bytes = canonical_json(index).map_err(|source| StoreError::Format {
        subject: path.display().to_string(),
        source: FormatError::Json { what: "index", source },
    })?;
    put_file(&path, &bytes)
}

fn put_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(path);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(StoreError::file(folder))?;
    std::io::Write::write_all(&mut file, bytes).map_err(StoreError::file(path))?;
    persist(file, path)
}

/// Gives a temporary file its name, readable as an ordinary file is.
fn persist(file: tempfile::NamedTempFile, path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(mode).map_err(StoreError::file(path))?;
    }
    file.as_file().sync_all().map_err(StoreError::file(path))?;
    file.persist(path).map(drop).map_err(|error| StoreError::file(path)(error.error))
}

impl Store for Layout {
    fn name(&self) -> &str {
        &self.name
    }

    fn resolve<'a>(&'a self, _: &'a str, target: Target<'a>) -> Answer<'a, Option<Descriptor>> {
        self.find(target).boxed()
    }

    fn read_manifest<'a>(&'a self, _: &'a str, target: Target<'a>) -> Answer<'a, RawManifest> {
        async move {
            let descriptor = self.find(target).await?.ok_or_else(|| self.not_found(target))?;
            let bytes = self.read(&descriptor, MANIFEST_LIMIT).await?;
            Ok(RawManifest { descriptor, bytes })
        }
        .boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        _: &'a str,
        manifest: &'a RawManifest,
        tags: &'a [&'a str],
    ) -> Answer<'a, ()> {
        async move {
            let descriptor = &manifest.descriptor;
            self.write(descriptor, &Blob::Bytes(manifest.bytes.clone()), &NoProgress).await?;
            if tags.is_empty() {
                return Ok(());
            }
            let _writer = self.index.lock().await;
            let mut index = read_index(&self.root)?;
            index.manifests.retain(|entry| {
                !entry.annotations.get(REF_NAME).is_some_and(|name| tags.contains(&name.as_str()))
            });
            for tag in tags {
                let mut entry = descriptor.clone();
                entry.annotations.insert(REF_NAME.to_owned(), (*tag).to_owned());
                index.manifests.push(entry);
            }
            index.manifests.sort_by(|a, b| a.annotations.get(REF_NAME).cmp(&b.annotations.get(REF_NAME)));
            write_index(&self.root, &index)
        }
        .boxed()
    }

    fn has_blob<'a>(&'a self, _: &'a str, digest: &'a Digest) -> Answer<'a, bool> {
        async move { Ok(tokio::fs::try_exists(self.blob_path(digest)).await.unwrap_or(false)) }.boxed()
    }

    /// Whatever one name has, every name has.
    fn mount_blob<'a>(&'a self, repository: &'a str, digest: &'a Digest, _: &'a str) -> Answer<'a, bool> {
        self.has_blob(repository, digest)
    }

    fn read_blob<'a>(&'a self, _: &'a str, blob: &'a Descriptor, limit: u64) -> Answer<'a, Bytes> {
        self.read(blob, limit).boxed()
    }

    fn save_blob<'a>(
        &'a self,
        _: &'a str,
        blob: &'a Descriptor,
        into: &'a Path,
        progress: &'a dyn Progress,
    ) -> Answer<'a, ()> {
        async move {
            let target = Target::Digest(&blob.digest);
            let path = self.blob_path(&blob.digest);
            let file = tokio::fs::File::open(&path).await.map_err(|_| self.not_found(target))?;
            check::save(&self.subject(target), blob, file, into, progress).await
        }
        .boxed()
    }

    fn push_blob<'a>(
        &'a self,
        _: &'a str,
        blob: &'a Descriptor,
        content: &'a Blob,
        progress: &'a dyn Progress,
    ) -> Answer<'a, ()> {
        self.write(blob, content, progress).boxed()
    }
}
