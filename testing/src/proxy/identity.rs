//! One program's way through the proxy: port, token, kubeconfig, process.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, header};
use kube::{Client, Config};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::connection::{self, Gate};
use super::{ProxyError, Shared};

/// The API server behind the proxy, and as whom it is asked.
pub struct Upstream {
    config: Config,
}

impl Upstream {
    /// With the credentials of this configuration.
    #[must_use]
    pub fn new(mut config: Config) -> Self {
        // What the program under test gets is the API server's own answer.
        config.default_retry = false;
        Self { config }
    }

    /// The same API server, asked with this token instead.
    #[must_use]
    pub fn with_token(mut self, token: String) -> Self {
        self.config.auth_info =
            kube::config::AuthInfo { token: Some(token.into()), ..kube::config::AuthInfo::default() };
        self
    }
}

/// What the connections of an identity share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) shared: Arc<Shared>,
    pub(crate) upstream: Upstreams,
    pub(crate) gate: watch::Sender<Gate>,
    pub(crate) cut_all: Notify,
    // 0: there is none.
    process: AtomicI32,
    // The program is to die when its next request arrives.
    pub(crate) doomed: AtomicBool,
    strange: AtomicBool,
    token: Mutex<String>,
    token_file: PathBuf,
    rotations: AtomicU32,
}

/// The client of the API server; `Debug` for its owner's sake.
pub(crate) struct Upstreams(pub(crate) Client);

impl std::fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upstream")
    }
}

impl Inner {
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.shared.authority.acceptor(self.strange.load(Ordering::SeqCst))
    }

    /// Whether a request carries the token that is valid now.
    pub(crate) fn accepts(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        sent.and_then(|sent| sent.strip_prefix("Bearer ")) == Some(token.as_str())
    }

    /// Serves with another certificate from now on; connections are reset, so that everybody sees it.
    pub(crate) fn serve_as_stranger(&self, strange: bool) {
        self.strange.store(strange, Ordering::SeqCst);
        self.cut_all.notify_waiters();
    }

    /// Puts a new token into the file; the old one is refused from now on.
    pub(crate) fn rotate(&self) -> Result<(), ProxyError> {
        let number = self.rotations.fetch_add(1, Ordering::SeqCst);
        let new = format!("{}-{number}", self.name);
        std::fs::write(&self.token_file, &new).map_err(ProxyError::file(&self.token_file))?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Sends a signal to the program, if it is known.
    pub(crate) fn signal(&self, signal: Signal) {
        let process = self.process.load(Ordering::SeqCst);
        if process > 0 {
            // It may have ended by itself a moment ago.
            let _ = kill(Pid::from_raw(process), signal);
        }
    }
}

/// One program's way through the proxy. It closes with this value.
#[derive(Debug)]
pub struct Identity {
    inner: Arc<Inner>,
    kubeconfig: PathBuf,
    listening: JoinHandle<()>,
}

impl Identity {
    pub(crate) async fn open(
        name: &str,
        upstream: Upstream,
        folder: &Path,
        shared: Arc<Shared>,
    ) -> Result<Self, ProxyError> {
        let client =
            Client::try_from(upstream.config).map_err(|error| ProxyError::Upstream(Box::new(error)))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(ProxyError::Listen)?;
        let port = listener.local_addr().map_err(ProxyError::Listen)?.port();
        let inner = Arc::new(Inner {
            name: name.to_owned(),
            shared,
            upstream: Upstreams(client),
            gate: watch::Sender::new(Gate::Open),
            cut_all: Notify::new(),
            process: AtomicI32::new(0),
            doomed: AtomicBool::new(false),
            strange: AtomicBool::new(false),
            token: Mutex::new(String::new()),
            token_file: folder.join(format!("{name}.token")),
            rotations: AtomicU32::new(0),
        });
        inner.rotate()?;
        let kubeconfig = folder.join(format!("{name}.kubeconfig"));
        let text = kubeconfig_text(&folder.join("ca.crt"), port, name, &inner.token_file);
        std::fs::write(&kubeconfig, text).map_err(ProxyError::file(&kubeconfig))?;
        let accepting = inner.clone();
        let listening = tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                tokio::spawn(connection::serve(tcp, accepting.clone()));
            }
        });
        Ok(Self { inner, kubeconfig, listening })
    }

    /// Path of the kubeconfig that leads through the proxy as this identity.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Whom `kill` and `stop` strike; `None` while there is no process.
    pub fn set_process(&self, process: Option<u32>) {
        let process = process.and_then(|id| i32::try_from(id).ok()).unwrap_or_default();
        self.inner.doomed.store(false, Ordering::SeqCst);
        self.inner.process.store(process, Ordering::SeqCst);
    }

    /// Lets bytes flow, or not.
    pub fn set_gate(&self, gate: Gate) {
        self.inner.gate.send_replace(gate);
    }

    /// Puts a new token into the kubeconfig's token file; the old one is refused from now on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn rotate_token(&self) -> Result<(), ProxyError> {
        self.inner.rotate()
    }

    /// Stops the process (SIGSTOP), or lets it go on (SIGCONT).
    pub fn freeze(&self, stopped: bool) {
        self.inner.signal(if stopped { Signal::SIGSTOP } else { Signal::SIGCONT });
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        self.listening.abort();
        self.inner.gate.send_replace(Gate::Refused);
    }
}

/// JSON is YAML.
fn kubeconfig_text(authority: &Path, port: u16, name: &str, token_file: &Path) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proxy", "cluster": {
            "server": format!("https://127.0.0.1:{port}"), "certificate-authority": authority
        }}],
        "users": [{"name": name, "user": {"tokenFile": token_file}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": name}}],
        "current-context": "proxy"
    })
    .to_string()
}
