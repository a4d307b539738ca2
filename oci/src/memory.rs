//! A store in memory, for tests: behaves as a registry does and keeps a record of what was asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::FutureExt;
use wire::Digest;

use crate::check;
use crate::descriptor::Descriptor;
use crate::error::StoreError;
use crate::layer::Blob;
use crate::manifest::RawManifest;
use crate::progress::Progress;
use crate::store::{Answer, Store, Target};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Repositories in memory. Every instance has its own name.
#[derive(Debug)]
pub struct Memory {
    name: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    repositories: BTreeMap<String, Repository>,
    requests: Vec<String>,
}

#[derive(Debug, Default)]
struct Repository {
    blobs: BTreeMap<Digest, Bytes>,
    manifests: BTreeMap<Digest, RawManifest>,
    tags: BTreeMap<String, Digest>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::named(&format!("memory-{}.test", NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Memory {
    /// Empty.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Empty, under the name of a registry.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), state: Mutex::default() }
    }

    /// Everything that was asked since the last call, one line each: `HEAD team/app:1`, `PUT team/app@sha256:…`,
    /// blobs as `HEAD team/app blob sha256:…`.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }

    /// Tags of a repository with what they point to.
    #[must_use]
    pub fn tags(&self, repository: &str) -> BTreeMap<String, Digest> {
        self.state().repositories.get(repository).map(|found| found.tags.clone()).unwrap_or_default()
    }

    /// Removes a blob, as a registry's clean-up does.
    pub fn forget_blob(&self, repository: &str, digest: &Digest) {
        if let Some(found) = self.state().repositories.get_mut(repository) {
            found.blobs.remove(digest);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subject(&self, repository: &str, rest: impl std::fmt::Display) -> String {
        format!("{}/{repository}{rest}", self.name)
    }

    fn manifest(&self, verb: &str, repository: &str, target: Target<'_>) -> Option<RawManifest> {
        let mut state = self.state();
        state.requests.push(format!("{verb} {repository}{target}"));
        let found = state.repositories.get(repository)?;
        let digest = match target {
            Target::Digest(digest) => digest,
            Target::Tag(tag) => found.tags.get(tag)?,
        };
        found.manifests.get(digest).cloned()
    }

    fn blob(&self, verb: &str, repository: &str, digest: &Digest) -> Option<Bytes> {
        let mut state = self.state();
        state.requests.push(format!("{verb} {repository} blob {digest}"));
        state.repositories.get(repository)?.blobs.get(digest).cloned()
    }

    fn read(&self, repository: &str, blob: &Descriptor) -> Result<Bytes, StoreError> {
        let subject = self.subject(repository, format_args!("@{}", blob.digest));
        let Some(bytes) = self.blob("GET", repository, &blob.digest) else {
            return Err(StoreError::NotFound { subject, detail: "no such blob".to_owned() });
        };
        check::whole(&subject, &bytes, &blob.digest, Some(blob.size)).map(|()| bytes)
    }
}

impl Store for Memory {
    fn name(&self) -> &str {
        &self.name
    }

    fn resolve<'a>(&'a self, repository: &'a str, target: Target<'a>) -> Answer<'a, Option<Descriptor>> {
        async move { Ok(self.manifest("HEAD", repository, target).map(|found| found.descriptor)) }.boxed()
    }

    fn read_manifest<'a>(&'a self, repository: &'a str, target: Target<'a>) -> Answer<'a, RawManifest> {
        async move {
            self.manifest("GET", repository, target).ok_or_else(|| StoreError::NotFound {
                subject: self.subject(repository, target),
                detail: "no such manifest".to_owned(),
            })
        }
        .boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        repository: &'a str,
        manifest: &'a RawManifest,
        tags: &'a [&'a str],
    ) -> Answer<'a, ()> {
        async move {
            let digest = &manifest.descriptor.digest;
            let subject = self.subject(repository, Target::Digest(digest));
            check::whole(&subject, &manifest.bytes, digest, Some(manifest.descriptor.size))?;
            let mut state = self.state();
            let mut log: Vec<_> = tags.iter().map(|tag| format!("PUT {repository}:{tag}")).collect();
            if tags.is_empty() {
                log.push(format!("PUT {repository}@{digest}"));
            }
            state.requests.append(&mut log);
            let target = state.repositories.entry(repository.to_owned()).or_default();
            if let Ok(crate::ManifestOrIndex::Manifest(parsed)) = manifest.parse() {
                let mut parts = parsed.layers.iter().chain([&parsed.config]);
                if let Some(missing) = parts.find(|part| !target.blobs.contains_key(&part.digest)) {
                    let detail = format!("400 MANIFEST_BLOB_UNKNOWN {}", missing.digest);
                    return Err(StoreError::Answer { subject, registry: self.name.clone(), detail });
                }
            }
            target.manifests.insert(digest.clone(), manifest.clone());
            for tag in tags {
                target.tags.insert((*tag).to_owned(), digest.clone());
            }
            Ok(())
        }
        .boxed()
    }

    fn has_blob<'a>(&'a self, repository: &'a str, digest: &'a Digest) -> Answer<'a, bool> {
        async move { Ok(self.blob("HEAD", repository, digest).is_some()) }.boxed()
    }

    fn mount_blob<'a>(&'a self, repository: &'a str, digest: &'a Digest, from: &'a str) -> Answer<'a, bool> {
        async move {
            let mut state = self.state();
            state.requests.push(format!("MOUNT {repository} blob {digest} from {from}"));
            let found = state.repositories.get(from).and_then(|source| source.blobs.get(digest)).cloned();
            let Some(bytes) = found else { return Ok(false) };
            state.repositories.entry(repository.to_owned()).or_default().blobs.insert(digest.clone(), bytes);
            Ok(true)
        }
        .boxed()
    }

    fn read_blob<'a>(&'a self, repository: &'a str, blob: &'a Descriptor, limit: u64) -> Answer<'a, Bytes> {
        async move {
            check::within(&self.subject(repository, format_args!("@{}", blob.digest)), blob.size, limit)?;
            self.read(repository, blob)
        }
        .boxed()
    }

    fn save_blob<'a>(
        &'a self,
        repository: &'a str,
        blob: &'a Descriptor,
        into: &'a Path,
        progress: &'a dyn Progress,
    ) -> Answer<'a, ()> {
        async move {
            let bytes = self.read(repository, blob)?;
            let subject = self.subject(repository, format_args!("@{}", blob.digest));
            check::save(&subject, blob, bytes.as_ref(), into, progress).await
        }
        .boxed()
    }

    fn push_blob<'a>(
        &'a self,
        repository: &'a str,
        blob: &'a Descriptor,
        content: &'a Blob,
        progress: &'a dyn Progress,
    ) -> Answer<'a, ()> {
        async move {
            progress.started(blob);
            let bytes = check::load(content).await?;
            let subject = self.subject(repository, format_args!("@{}", blob.digest));
            check::whole(&subject, &bytes, &blob.digest, Some(blob.size))?;
            progress.advanced(blob, blob.size);
            let mut state = self.state();
            state.requests.push(format!("PUT {repository} blob {}", blob.digest));
            let target = state.repositories.entry(repository.to_owned()).or_default();
            target.blobs.insert(blob.digest.clone(), bytes);
            Ok(())
        }
        .boxed()
    }
}
