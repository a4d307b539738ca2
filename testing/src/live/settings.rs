//! Where things are: from the environment, else as `hack/cluster` and `hack/install-product` say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::LiveError;

/// Registry of the embedded cluster.
const REGISTRY: &str = "198.18.0.1:15000";

/// Where the cluster and its tools are. Asked for once per process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of the administrator (`KUBECONFIG` as kubectl knows it is not read: a test must not run elsewhere by mistake).
    pub kubeconfig: PathBuf,
    /// Registry that this machine and the nodes know by one name.
    pub registry: String,
    /// Folder of kubectl.
    pub programs: PathBuf,
    /// Folder of the product's compiled programs.
    pub compiled: PathBuf,
    /// The API server's audit log.
    pub audit_log: PathBuf,
}

impl Settings {
    /// The settings of this process.
    ///
    /// # Errors
    /// When there is no cluster.
    pub fn find() -> Result<&'static Self, LiveError> {
        static FOUND: OnceLock<Result<Settings, String>> = OnceLock::new();
        FOUND.get_or_init(Self::ask).as_ref().map_err(|said| LiveError::NoWorld(said.clone()))
    }

    fn ask() -> Result<Self, String> {
        let kubeconfig = path("WORKSHOP_TEST_KUBECONFIG", "cluster", "kubeconfig")?;
        let beside = kubeconfig.with_file_name("log").join("audit.log");
        let audit_log = std::env::var_os("WORKSHOP_TEST_AUDIT_LOG").map_or(beside, PathBuf::from);
        Ok(Self {
            registry: std::env::var("WORKSHOP_TEST_REGISTRY").unwrap_or_else(|_| REGISTRY.to_owned()),
            programs: path("WORKSHOP_TEST_PROGRAMS", "cluster", "bin")?,
            compiled: path("WORKSHOP_TEST_COMPILED", "install-product", "bin")?,
            kubeconfig,
            audit_log,
        })
    }
}

/// A script of the repository.
pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hack").join(name)
}

fn path(variable: &str, name: &str, word: &str) -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os(variable) {
        return Ok(path.into());
    }
    let program = script(name);
    let output = Command::new(&program).arg(word).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().into())
}
