//! The registry of Debian's package `docker-registry`, on loopback, for as long as the value lives.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use oci::{Registry, RegistryOptions};

const PROGRAM: &str = "docker-registry";
const PATIENCE: Duration = Duration::from_secs(60);

pub struct RealRegistry {
    child: Child,
    host: String,
    folder: tempfile::TempDir,
}

impl RealRegistry {
    pub fn start() -> Self {
        Self::start_with("", "")
    }

    /// With further settings: of `http` (begins with a comma) and whole sections (lines).
    pub fn start_with(http: &str, sections: &str) -> Self {
        // Another process may take the port between the look and the start: then the next one is tried.
        (0..10).find_map(|_| Self::try_start(http, sections)).expect("a registry on a free port")
    }

    fn try_start(http: &str, sections: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let data = folder.path().join("data");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\nhttp: {{addr: '{address}'{http}}}\n{sections}",
            data.display()
        );
        let path = folder.path().join("config.yml");
        std::fs::write(&path, config).unwrap();
        let mut child = Command::new(PROGRAM)
            .arg("serve")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{PROGRAM}: {error}; install the packages of hack/packages"));
        let listening = wait_for(address, &mut child);
        let started = Self { child, host: address.to_string(), folder };
        listening.then_some(started)
    }

    /// Host and port.
    #[allow(dead_code)]
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn open(&self) -> Registry {
        Registry::open(&self.host, &RegistryOptions::default()).unwrap()
    }

    /// The file that holds a blob.
    pub fn blob_file(&self, digest: &wire::Digest) -> PathBuf {
        let hex = digest.hex();
        self.folder.path().join("data/docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }
}

fn wait_for(address: SocketAddr, child: &mut Child) -> bool {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
            return child.try_wait().unwrap().is_none();
        }
        if child.try_wait().unwrap().is_some() {
            let mut words = String::new();
            child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
            eprintln!("{PROGRAM} ended: {words}");
            return false;
        }
        std::thread::yield_now();
    }
    panic!("{PROGRAM} does not listen on {address} after {} s", PATIENCE.as_secs());
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
