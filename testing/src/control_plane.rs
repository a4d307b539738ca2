//! A control plane (etcd and API server) for one test program.

use std::path::{Path, PathBuf};
use std::process::Command;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tempfile::TempDir;

use super::TestingError;

/// An API server on a free port of 127.0.0.1, without nodes and without controllers.
///
/// It ends with this value, and at the latest with the process: `hack/cluster` watches the process, so a
/// test that is killed leaves nothing.
pub struct ControlPlane {
    folder: TempDir,
    config: Config,
}

impl ControlPlane {
    /// Starts one. Takes about ten seconds.
    ///
    /// # Errors
    /// When `hack/cluster` cannot start it, or its kubeconfig is not understood.
    pub async fn start() -> Result<Self, TestingError> {
        Self::start_with(&[]).await
    }

    /// Starts one with further parts, for example `controller-manager`.
    ///
    /// # Errors
    /// As [`ControlPlane::start`].
    pub async fn start_with(parts: &[&str]) -> Result<Self, TestingError> {
        // Only the first call of a process has an effect; another provider would do as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().map_err(TestingError::Folder)?;
        let mut command = Command::new(script());
        command.args(["up", "--control-plane", "--owner", &std::process::id().to_string(), "--dir"]);
        command.arg(folder.path());
        for part in parts {
            command.args(["--with", part]);
        }
        let program = script();
        let done =
            command.output().map_err(|source| TestingError::Program { program: program.clone(), source })?;
        if !done.status.success() {
            return Err(TestingError::Up { program, said: last_lines(&done.stderr) });
        }
        let kubeconfig = Kubeconfig::read_from(folder.path().join("kubeconfig"))?;
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        Ok(Self { folder, config })
    }

    /// A new client of the administrator. Clients belong to the runtime in which they are used.
    ///
    /// # Errors
    /// When the certificates of the kubeconfig are not understood.
    pub fn client(&self) -> Result<Client, TestingError> {
        Client::try_from(self.config.clone()).map_err(TestingError::api("a client of the control plane"))
    }

    /// How the administrator reaches it.
    #[must_use]
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Path of the administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // A fault here cannot be told to anybody; the watcher of the process ends what is left.
        let _ = Command::new(script()).args(["down", "--dir"]).arg(self.folder.path()).output();
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hack/cluster")
}

fn last_lines(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.lines().collect();
    lines.get(lines.len().saturating_sub(5)..).unwrap_or_default().join("\n")
}
