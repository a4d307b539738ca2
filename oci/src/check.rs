//! Bytes are believed only after they hash to the digest that they were asked for by.

use std::path::Path;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use wire::Digest;

use crate::descriptor::{Descriptor, digest_of};
use crate::error::StoreError;
use crate::layer::Blob;
use crate::progress::Progress;

const PIECE: usize = 256 * 1024;

/// Hash and length of what has passed so far.
#[derive(Default)]
pub(crate) struct Check {
    hash: Sha256,
    size: u64,
}

impl Check {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Compares with what was promised.
    pub(crate) fn finish(self, subject: &str, digest: &Digest, size: Option<u64>) -> Result<(), StoreError> {
        let got = Digest::from_sha256(&self.hash.finalize().into());
        if got == *digest && size.is_none_or(|size| size == self.size) {
            return Ok(());
        }
        Err(StoreError::Damaged { subject: subject.to_owned(), got, size: self.size })
    }
}

/// Refuses a size before anything is read.
pub(crate) fn within(subject: &str, size: u64, limit: u64) -> Result<(), StoreError> {
    if size > limit {
        return Err(StoreError::TooLarge { subject: subject.to_owned(), size, limit });
    }
    Ok(())
}

/// Checks bytes in memory.
pub(crate) fn whole(
    subject: &str,
    bytes: &Bytes,
    digest: &Digest,
    size: Option<u64>,
) -> Result<(), StoreError> {
    if digest_of(bytes) == *digest && size.is_none_or(|size| size == bytes.len() as u64) {
        return Ok(());
    }
    let mut check = Check::default();
    check.update(bytes);
    check.finish(subject, digest, size)
}

/// Everything of a blob, in memory.
pub(crate) async fn load(blob: &Blob) -> Result<Bytes, StoreError> {
    match blob {
        Blob::Bytes(bytes) => Ok(bytes.clone()),
        Blob::File(path) => Ok(tokio::fs::read(path).await.map_err(StoreError::file(path))?.into()),
    }
}

/// A blob as a stream of bytes to be read.
pub(crate) async fn open(blob: &Blob) -> Result<Box<dyn AsyncRead + Send + Unpin>, StoreError> {
    Ok(match blob {
        Blob::Bytes(bytes) => Box::new(std::io::Cursor::new(bytes.clone())),
        Blob::File(path) => Box::new(tokio::fs::File::open(path).await.map_err(StoreError::file(path))?),
    })
}

/// Copies into the file `into` and checks; a file with wrong content is left to the caller to remove.
pub(crate) async fn save(
    subject: &str,
    blob: &Descriptor,
    mut from: impl AsyncRead + Unpin,
    into: &Path,
    progress: &dyn Progress,
) -> Result<(), StoreError> {
    progress.started(blob);
    let mut file = tokio::fs::File::create(into).await.map_err(StoreError::file(into))?;
    let mut check = Check::default();
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece).await.map_err(StoreError::file(into))?;
        let bytes = piece.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        check.update(bytes);
        within(subject, check.size(), blob.size)?;
        file.write_all(bytes).await.map_err(StoreError::file(into))?;
        progress.advanced(blob, bytes.len() as u64);
    }
    file.flush().await.map_err(StoreError::file(into))?;
    check.finish(subject, &blob.digest, Some(blob.size))
}
