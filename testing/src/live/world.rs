//! The running cluster.

use std::process::Output;
use std::sync::Arc;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Config, Resource};
use oci::{Registry, RegistryOptions};
use tokio::process::Command;

use super::settings::script;
use super::{LiveError, Settings};

/// Namespace of the operator.
pub(super) const OPERATOR_NAMESPACE: &str = "workshop-system";

/// The running cluster, for one async runtime.
#[derive(Clone)]
pub struct World {
    /// Where things are.
    pub settings: &'static Settings,
    /// Of the administrator.
    pub client: Client,
    pub(super) registry: Arc<Registry>,
}

impl World {
    /// The cluster that runs.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find() -> Result<Self, LiveError> {
        // Only the first call of a process has an effect; another provider would do as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = Settings::find()?;
        let read = |error: &dyn std::fmt::Display| {
            LiveError::NoWorld(format!("{}: {error}", settings.kubeconfig.display()))
        };
        let kubeconfig = Kubeconfig::read_from(&settings.kubeconfig).map_err(|error| read(&error))?;
        let options = KubeConfigOptions::default();
        let config =
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| read(&error))?;
        let client = Client::try_from(config).map_err(|error| read(&error))?;
        let registry = Registry::open(&settings.registry, &RegistryOptions::default())
            .map_err(|error| LiveError::NoWorld(error.to_string()))?;
        Ok(Self { settings, client, registry: Arc::new(registry) })
    }

    /// Objects of a namespace.
    #[must_use]
    pub fn objects<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Runs `hack/cluster` with these words: parts of the cluster stopped and started.
    ///
    /// # Errors
    /// When it ends with a fault.
    pub async fn cluster(&self, words: &[&str]) -> Result<String, LiveError> {
        succeeded(Command::new(script("cluster")).args(words)).await
    }

    /// Runs kubectl with these words.
    ///
    /// # Errors
    /// When it ends with a fault.
    pub async fn kubectl(&self, words: &[&str]) -> Result<String, LiveError> {
        succeeded(self.command("kubectl").args(words)).await
    }

    /// Runs helm in the operator's namespace with these words.
    ///
    /// # Errors
    /// When it ends with a fault.
    pub async fn helm(&self, words: &[&str]) -> Result<String, LiveError> {
        succeeded(self.command("helm").args(["--namespace", OPERATOR_NAMESPACE]).args(words)).await
    }

    /// A call of a program (`kubectl`, `kubectl-workshop`) in a shell of somebody who uses this cluster.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.settings.programs.clone(), self.settings.compiled.clone()];
        let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&rest)));
        let path = path.unwrap_or(rest);
        let found =
            std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file());
        let mut command = Command::new(found.unwrap_or_else(|| program.into()));
        command.env("PATH", path).env("KUBECONFIG", &self.settings.kubeconfig).kill_on_drop(true);
        command
    }
}

/// Runs to the end; what it printed.
pub(super) async fn succeeded(command: &mut Command) -> Result<String, LiveError> {
    let shown = format!("{:?}", command.as_std());
    let Output { status, stdout, stderr } = command.output().await.map_err(LiveError::io(shown.clone()))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    let said = format!("{status}: {}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    Err(LiveError::Program { command: shown, said })
}
