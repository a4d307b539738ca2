//! What goes wrong in a store.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use wire::Digest;

use crate::manifest::FormatError;

/// Why a store did not do it. `subject` is the full name of the thing, `registry/repository:tag` or
/// `registry/repository@digest`; `detail` is the registry's own words, with its status and error code.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such thing.
    #[error("{subject}: not found ({detail}); check the name, or push it first")]
    NotFound {
        /// What was asked for.
        subject: String,
        /// Answer of the registry.
        detail: String,
    },
    /// The registry wants to know who asks, or does not know this one.
    #[error(
        "{subject}: {registry} wants a login ({detail}); log in to {registry} with your container tool, so that its configuration file holds the credentials"
    )]
    Unauthorised {
        /// What was asked for.
        subject: String,
        /// Host and port.
        registry: String,
        /// Answer of the registry.
        detail: String,
    },
    /// The registry knows who asks and says no.
    #[error(
        "{subject}: denied by {registry} ({detail}); ask its administrator for the right to this repository, or use another one"
    )]
    Denied {
        /// What was asked for.
        subject: String,
        /// Host and port.
        registry: String,
        /// Answer of the registry.
        detail: String,
    },
    /// Too many requests, also after waiting.
    #[error("{subject}: {registry} limits the rate of requests ({detail}){}; wait, or log in for a higher limit", after.map(|t| format!(", again in {} s", t.as_secs())).unwrap_or_default())]
    RateLimited {
        /// What was asked for.
        subject: String,
        /// Host and port.
        registry: String,
        /// Answer of the registry.
        detail: String,
        /// How long it asks us to wait.
        after: Option<Duration>,
    },
    /// We spoke TLS and the other side did not.
    #[error(
        "{subject}: {registry} does not speak TLS; if it is a plain HTTP registry that you trust, name it as insecure"
    )]
    NoTls {
        /// What was asked for.
        subject: String,
        /// Host and port.
        registry: String,
    },
    /// We spoke plain HTTP and the other side wants TLS.
    #[error("{subject}: {registry} wants TLS; do not name it as insecure")]
    WantsTls {
        /// What was asked for.
        subject: String,
        /// Host and port.
        registry: String,
    },
    /// The certificate of the registry is not one that this machine trusts.
    #[error(
        "{subject}: the certificate of {registry} is not trusted ({detail}); name its authority with --registry-ca FILE, or add it to the certificates of this machine"
    )]
    Certificate {
        /// What was asked for.
        subject: String,
        /// Host and port.
        registry: String,
        /// What is wrong with it.
        detail: String,
    },
    /// No answer, also after trying again.
    #[error(
        "{subject}: no answer from {registry} after {attempts} attempts: {detail}; check that it runs and can be reached from here"
    )]
    Unreachable {
        /// What was asked for.
        subject: String,
        /// Host and port.
        registry: String,
        /// How often we asked.
        attempts: u32,
        /// The last failure.
        detail: String,
    },
    /// An answer that is not in the protocol's list.
    #[error("{subject}: {registry} answered {detail}; it may be a fault of the registry, its log says more")]
    Answer {
        /// What was asked for.
        subject: String,
        /// Host and port.
        registry: String,
        /// Answer of the registry.
        detail: String,
    },
    /// The bytes are not those that the digest promised.
    #[error(
        "{subject}: the content has digest {got} and {size} bytes, not what was asked for; it is damaged or was changed on the way, push it again"
    )]
    Damaged {
        /// What was asked for.
        subject: String,
        /// Digest of what came.
        got: Digest,
        /// Length of what came in bytes.
        size: u64,
    },
    /// Larger than the caller takes.
    #[error(
        "{subject}: {size} bytes are more than the limit of {limit} bytes; this is not the kind of content that was expected here"
    )]
    TooLarge {
        /// What was asked for.
        subject: String,
        /// Length in bytes.
        size: u64,
        /// Most that is taken, in bytes.
        limit: u64,
    },
    /// A manifest that cannot be used.
    #[error("{subject}: {source}")]
    Format {
        /// What was read.
        subject: String,
        /// What is wrong.
        source: FormatError,
    },
    /// A file of this machine.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A name or setting that cannot be used.
    #[error("{subject}: {detail}")]
    Setting {
        /// Host, file or option.
        subject: String,
        /// What is wrong, and what to do.
        detail: String,
    },
}

impl StoreError {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// True for [`Self::NotFound`].
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
