//! Blobs on their way to and from a registry.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wire::Digest;

use super::Registry;
use super::call::Call;
use super::client::header;
use super::failure::Failure;
use crate::check::{self, Check};
use crate::descriptor::Descriptor;
use crate::error::StoreError;
use crate::layer::Blob;
use crate::progress::Progress;

/// Bytes that are handed to a connection at a time.
const PIECE: usize = 256 * 1024;

impl Registry {
    /// Mounts a blob. Whatever the registry answers but "created" means no: an upload session that it opened
    /// instead is closed again.
    pub(super) async fn mount(
        &self,
        repository: &str,
        digest: &Digest,
        from: &str,
    ) -> Result<bool, StoreError> {
        let path = format!("{repository}/blobs/uploads/?mount={digest}&from={from}");
        let subject = format!("{}/{repository}@{digest}", self.client.host());
        let call = self.client.call(Method::POST, &path, subject.clone())?;
        let call = call.scope(repository, "pull,push").scope(from, "pull");
        let answer = self.client.retry(|| self.client.once(&call, &[201, 202])).await;
        let response = match answer {
            Ok(response) => response,
            Err(
                error @ (StoreError::Unreachable { .. }
                | StoreError::NoTls { .. }
                | StoreError::WantsTls { .. }),
            ) => {
                return Err(error);
            }
            // The upload that follows will say what is wrong, if anything is.
            Err(_) => return Ok(false),
        };
        if response.status() == 201 {
            return Ok(true);
        }
        if let Some(location) = header(&response, LOCATION.as_str()) {
            let cancel = self.client.call_at(Method::DELETE, location, response.url(), subject)?;
            let cancel = cancel.scope(repository, "pull,push");
            // An open session costs the registry a name until its clean-up: not worth an error.
            let _ = self.client.once(&cancel, &[202, 204]).await;
        }
        Ok(false)
    }

    /// One attempt at an upload: a session, and all bytes in one request.
    pub(super) async fn upload(
        &self,
        repository: &str,
        blob: &Descriptor,
        content: &Blob,
        progress: &dyn Progress,
    ) -> Result<(), Failure> {
        progress.started(blob);
        let subject = format!("{}/{repository}@{}", self.client.host(), blob.digest);
        let start =
            self.client.call(Method::POST, &format!("{repository}/blobs/uploads/"), subject.clone())?;
        let start = start.scope(repository, "pull,push");
        let session = self.client.once(&start, &[202]).await?;
        let Some(location) = header(&session, LOCATION.as_str()) else {
            let detail = "an upload without a location".to_owned();
            let registry = self.client.host().to_owned();
            return Err(StoreError::Answer { subject, registry, detail }.into());
        };
        let mut put = self.client.call_at(Method::PUT, location, session.url(), subject)?;
        put.url.query_pairs_mut().append_pair("digest", blob.digest.as_str());
        let put = put
            .scope(repository, "pull,push")
            .header(CONTENT_TYPE, "application/octet-stream")
            .moves(blob.size);
        let sent = Arc::new(AtomicU64::new(0));
        let body = || Some((blob.size, body_of(content, sent.clone())));
        let request = self.client.once_with(&put, &[201, 204], body);
        watch(request, blob, &sent, progress).await.map(drop)
    }

    /// One attempt at a download.
    pub(super) async fn download(
        &self,
        call: &Call,
        blob: &Descriptor,
        into: &Path,
        progress: &dyn Progress,
    ) -> Result<(), Failure> {
        progress.started(blob);
        let mut response = self.client.once(call, &[200]).await?;
        let mut file = tokio::fs::File::create(into).await.map_err(StoreError::file(into))?;
        let mut check = Check::default();
        while let Some(piece) = self.client.piece(&call.subject, &mut response).await? {
            check.update(&piece);
            check::within(&call.subject, check.size(), blob.size)?;
            file.write_all(&piece).await.map_err(StoreError::file(into))?;
            progress.advanced(blob, piece.len() as u64);
        }
        file.flush().await.map_err(StoreError::file(into))?;
        Ok(check.finish(&call.subject, &blob.digest, Some(blob.size))?)
    }
}

/// A body that counts what has been taken from it.
fn body_of(content: &Blob, sent: Arc<AtomicU64>) -> reqwest::Body {
    sent.store(0, Ordering::Relaxed);
    let count = move |piece: std::io::Result<Bytes>| {
        if let Ok(bytes) = &piece {
            sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        piece
    };
    match content {
        Blob::Bytes(bytes) => reqwest::Body::wrap_stream(pieces_of(bytes.clone()).map(count)),
        Blob::File(path) => {
            let path = path.clone();
            let opened = stream::once(async move { tokio::fs::File::open(path).await });
            reqwest::Body::wrap_stream(opened.flat_map(pieces_of_file).map(count))
        }
    }
}

fn pieces_of(bytes: Bytes) -> impl Stream<Item = std::io::Result<Bytes>> + Send {
    stream::unfold(bytes, |mut rest| async move {
        let piece = rest.split_to(PIECE.min(rest.len()));
        (!piece.is_empty()).then_some((Ok(piece), rest))
    })
}

fn pieces_of_file(
    file: std::io::Result<tokio::fs::File>,
) -> impl Stream<Item = std::io::Result<Bytes>> + Send + Unpin {
    Box::pin(stream::try_unfold(Some(file), |state| async move {
        let Some(file) = state else { return Ok(None) };
        let mut file = file?;
        let mut piece = bytes::BytesMut::with_capacity(PIECE);
        let count = file.read_buf(&mut piece).await?;
        Ok((count > 0).then(|| (piece.freeze(), Some(Ok(file)))))
    }))
}

/// Tells the progress of a request while it runs. The body lives on the connection's task and cannot
/// borrow the listener, so its counter is looked at from here.
async fn watch<T>(
    request: impl Future<Output = T>,
    blob: &Descriptor,
    sent: &AtomicU64,
    progress: &dyn Progress,
) -> T {
    let mut told = 0;
    let mut tell = || {
        let now = sent.load(Ordering::Relaxed);
        if now > told {
            progress.advanced(blob, now - told);
            told = now;
        }
    };
    let mut clock = tokio::time::interval(std::time::Duration::from_millis(100));
    tokio::pin!(request);
    loop {
        tokio::select! {
            answer = &mut request => {
                tell();
                return answer;
            }
            _ = clock.tick() => tell(),
        }
    }
}
