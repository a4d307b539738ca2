//! A registry that speaks the OCI distribution specification, over HTTP.

mod auth;
mod call;
mod client;
mod credentials;
mod failure;
mod host;
mod retry;
mod transfer;
mod trust;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use wire::Digest;

pub use credentials::Credentials;
pub use host::is_plain_http;

use crate::check;
use crate::descriptor::{Descriptor, digest_of};
use crate::error::StoreError;
use crate::layer::Blob;
use crate::manifest::RawManifest;
use crate::media;
use crate::progress::Progress;
use crate::store::{Answer, Store, Target};
use call::Call;
use client::{Client, header};
use failure::Failure;

/// Most bytes of a manifest: what the specification asks registries to take.
const MANIFEST_LIMIT: u64 = 4 << 20;
const DIGEST_HEADER: &str = "docker-content-digest";

/// How a registry is spoken to.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// Hosts (`host` or `host:port`) that are spoken to over plain HTTP, beyond [`is_plain_http`]'s own.
    pub insecure: Vec<String>,
    /// PEM files of authorities that certificates may be signed by, beside those of this machine and of
    /// `certs.d/<host:port>/*.crt` of the container tools.
    pub authorities: Vec<PathBuf>,
    /// Logins by host.
    pub credentials: Credentials,
    /// Times and attempts.
    pub limits: Limits,
}

impl RegistryOptions {
    /// With the logins of the container tools' configuration file of this user.
    ///
    /// # Errors
    /// When that file is there and cannot be read.
    pub fn from_environment() -> Result<Self, StoreError> {
        Ok(Self { credentials: Credentials::load()?, ..Self::default() })
    }
}

/// Bounds of every call.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// From a request to its answer; an upload or download gets more by its size, at 128 KiB a second.
    pub request: Duration,
    /// Without a byte of an answer's body.
    pub stall: Duration,
    /// How often a call is made in all.
    pub attempts: u32,
    /// Longest pause between two attempts, also where the registry asks for more: then the call fails.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            attempts: 5,
            pause: Duration::from_secs(30),
        }
    }
}

/// A registry, by its host and port. Opening it costs nothing; connections, trust roots and tokens come with the
/// first call that needs them.
#[derive(Debug)]
pub struct Registry {
    client: Client,
}

impl Registry {
    /// For `registry.example:5000`, as in a reference.
    ///
    /// # Errors
    /// When `host` is not a host with an optional port.
    pub fn open(host: &str, options: &RegistryOptions) -> Result<Self, StoreError> {
        Ok(Self { client: Client::new(host, options)? })
    }

    fn manifest_call(
        &self,
        method: Method,
        repository: &str,
        target: Target<'_>,
    ) -> Result<Call, StoreError> {
        let path = format!("{repository}/manifests/{}", target.as_str());
        Ok(self
            .client
            .call(method, &path, format!("{}/{repository}{target}", self.client.host()))?
            .scope(repository, "pull")
            .header(ACCEPT, media::ACCEPT_MANIFESTS))
    }

    fn blob_call(&self, method: Method, repository: &str, digest: &Digest) -> Result<Call, StoreError> {
        let path = format!("{repository}/blobs/{digest}");
        let subject = format!("{}/{repository}@{digest}", self.client.host());
        Ok(self.client.call(method, &path, subject)?.scope(repository, "pull"))
    }

    async fn head_manifest(
        &self,
        repository: &str,
        target: Target<'_>,
    ) -> Result<Option<Descriptor>, StoreError> {
        let call = self.manifest_call(Method::HEAD, repository, target)?;
        let response = self.client.retry(|| self.client.once(&call, &[200, 404])).await?;
        if response.status() == 404 {
            return Ok(None);
        }
        let kind = header(&response, CONTENT_TYPE.as_str()).map(media_type);
        let size = header(&response, CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok());
        let named = header(&response, DIGEST_HEADER).and_then(|text| text.parse::<Digest>().ok());
        let digest = match target {
            Target::Digest(digest) => Some(digest.clone()),
            Target::Tag(_) => named,
        };
        match (kind, digest, size) {
            (Some(kind), Some(digest), Some(size)) if kind.ends_with("+json") => {
                Ok(Some(Descriptor::new(kind, digest, size)))
            }
            // The headers are a "should": without them only the bytes tell.
            _ => Ok(Some(self.get_manifest(repository, target).await?.descriptor)),
        }
    }

    async fn get_manifest(&self, repository: &str, target: Target<'_>) -> Result<RawManifest, StoreError> {
        let call = self.manifest_call(Method::GET, repository, target)?;
        let (kind, named, bytes) = self.client.retry(|| self.manifest_body(&call)).await?;
        let expected = match target {
            Target::Digest(digest) => Some(digest.clone()),
            Target::Tag(_) => named,
        };
        let digest = expected.unwrap_or_else(|| digest_of(&bytes));
        check::whole(&call.subject, &bytes, &digest, None)?;
        let kind = kind.filter(|kind| kind.ends_with("+json")).or_else(|| RawManifest::media_type_of(&bytes));
        let kind = kind.unwrap_or_else(|| "unknown".to_owned());
        Ok(RawManifest { descriptor: Descriptor::new(&kind, digest, bytes.len() as u64), bytes })
    }

    async fn manifest_body(&self, call: &Call) -> Result<(Option<String>, Option<Digest>, Bytes), Failure> {
        let response = self.client.once(call, &[200]).await?;
        let kind = header(&response, CONTENT_TYPE.as_str()).map(|text| media_type(text).to_owned());
        let named = header(&response, DIGEST_HEADER).and_then(|text| text.parse().ok());
        Ok((kind, named, self.client.body(call, response, MANIFEST_LIMIT).await?))
    }

    async fn put(
        &self,
        repository: &str,
        manifest: &RawManifest,
        target: Target<'_>,
    ) -> Result<(), StoreError> {
        let call = self
            .manifest_call(Method::PUT, repository, target)?
            .scope(repository, "pull,push")
            .header(CONTENT_TYPE, &manifest.descriptor.media_type)
            .body(manifest.bytes.clone());
        self.client.retry(|| self.client.once(&call, &[200, 201, 202])).await.map(drop)
    }
}

/// Without parameters.
fn media_type(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

impl Store for Registry {
    fn name(&self) -> &str {
        self.client.host()
    }

    fn resolve<'a>(&'a self, repository: &'a str, target: Target<'a>) -> Answer<'a, Option<Descriptor>> {
        self.head_manifest(repository, target).boxed()
    }

    fn read_manifest<'a>(&'a self, repository: &'a str, target: Target<'a>) -> Answer<'a, RawManifest> {
        self.get_manifest(repository, target).boxed()
    }

    fn put_manifest<'a>(
        &'a self,
        repository: &'a str,
        manifest: &'a RawManifest,
        tags: &'a [&'a str],
    ) -> Answer<'a, ()> {
        async move {
            if tags.is_empty() {
                return self.put(repository, manifest, Target::Digest(&manifest.descriptor.digest)).await;
            }
            for tag in tags {
                self.put(repository, manifest, Target::Tag(tag)).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn has_blob<'a>(&'a self, repository: &'a str, digest: &'a Digest) -> Answer<'a, bool> {
        async move {
            let call = self.blob_call(Method::HEAD, repository, digest)?;
            let response = self.client.retry(|| self.client.once(&call, &[200, 404])).await?;
            Ok(response.status() == 200)
        }
        .boxed()
    }

    fn mount_blob<'a>(&'a self, repository: &'a str, digest: &'a Digest, from: &'a str) -> Answer<'a, bool> {
        self.mount(repository, digest, from).boxed()
    }

    fn read_blob<'a>(&'a self, repository: &'a str, blob: &'a Descriptor, limit: u64) -> Answer<'a, Bytes> {
        async move {
            let call = self.blob_call(Method::GET, repository, &blob.digest)?.moves(blob.size);
            check::within(&call.subject, blob.size, limit)?;
            let bytes = self.client.retry(|| self.client.fetch(&call, blob.size)).await?;
            check::whole(&call.subject, &bytes, &blob.digest, Some(blob.size)).map(|()| bytes)
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
            let call = self.blob_call(Method::GET, repository, &blob.digest)?.moves(blob.size);
            self.client.retry(|| self.download(&call, blob, into, progress)).await
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
        async move { self.client.retry(|| self.upload(repository, blob, content, progress)).await }.boxed()
    }
}
