//! Registries as `load` and `build` open them: with the logins of the container tools.

use std::path::PathBuf;

use clap::Args;
use oci::{Registry, RegistryOptions, StoreError};

/// Flags of verbs that speak to registries.
#[derive(Clone, Debug, Default, Args)]
pub struct RegistryArgs {
    /// Registry that is spoken to over plain HTTP; may be repeated
    #[arg(long, value_name = "HOST", env = "WORKSHOP_INSECURE_REGISTRIES", value_delimiter = ',')]
    insecure_registry: Vec<String>,
    /// PEM file of an authority that registries' certificates may be signed by; may be repeated
    #[arg(long = "registry-ca", value_name = "FILE", env = "WORKSHOP_REGISTRY_CA", value_delimiter = ',')]
    authorities: Vec<PathBuf>,
}

impl RegistryArgs {
    /// The registry at `host`, with the credentials of `~/.docker/config.json`. Nothing is sent yet.
    pub fn open(&self, host: &str) -> Result<Registry, StoreError> {
        let mut options = RegistryOptions::from_environment()?;
        options.insecure.clone_from(&self.insecure_registry);
        options.authorities.clone_from(&self.authorities);
        Registry::open(host, &options)
    }
}
