//! A proxy between a program and the API server that does, at an exact point, what networks, API servers and
//! operating systems do now and then: see `docs/contributor/faults.md`.
//!
//! It stands outside the program, so the shipped binary is what is tested, and it sees every request.

mod act;
mod answer;
mod authority;
mod call;
mod connection;
mod error;
mod handle;
mod identity;
mod log;
mod plan;
mod rules;
mod watch;

pub use call::Call;
pub use connection::Gate;
pub use error::ProxyError;
pub use identity::{Identity, Upstream};
pub use log::{Entry, Log, WatchEvent};
pub use plan::{Action, Fault, Trigger, When};
pub use rules::Rules;

use std::path::PathBuf;
use std::sync::Arc;

use authority::Authority;

/// What all identities share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) log: Log,
    pub(crate) rules: Rules,
    pub(crate) authority: Authority,
}

/// The proxy: one authority, one log and one list of faults for all that talk through it.
#[derive(Debug)]
pub struct FaultProxy {
    folder: PathBuf,
    shared: Arc<Shared>,
}

impl FaultProxy {
    /// A proxy without identities yet; it writes its certificate authority and kubeconfigs into `folder`.
    ///
    /// # Errors
    /// When no certificates can be made, or the folder cannot be written.
    pub fn new(folder: impl Into<PathBuf>) -> Result<Self, ProxyError> {
        let folder = folder.into();
        let authority = Authority::new()?;
        let file = folder.join("ca.crt");
        std::fs::write(&file, authority.pem()).map_err(ProxyError::file(&file))?;
        let shared = Shared { log: Log::default(), rules: Rules::default(), authority };
        Ok(Self { folder, shared: Arc::new(shared) })
    }

    /// Opens a way through the proxy for one program: a port, a token and a kubeconfig of its own.
    ///
    /// # Errors
    /// When no port can be had, or a file cannot be written.
    pub async fn identity(&self, name: &str, upstream: Upstream) -> Result<Identity, ProxyError> {
        Identity::open(name, upstream, &self.folder, self.shared.clone()).await
    }

    /// Every request and every watch event so far.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// The faults that are armed.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.shared.rules
    }
}
