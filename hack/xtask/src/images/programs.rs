//! Images that hold one static program of ours.

use std::path::{Path, PathBuf};
use std::process::Command;

use oci::{ChangeSet, Owner};

use super::Assembled;
use super::error::Error;

/// The user without rights that images of this kind run as, by convention of small base images.
const NONROOT: u32 = 65532;
/// Where programs look for certificates, ours and the host's.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// `/agent` and nothing else: the init container runs it once to copy itself into the workspace.
pub(super) fn agent(binaries: &Path) -> Result<Assembled, Error> {
    let mut files = ChangeSet::new();
    files.file("/agent", stripped(&binaries.join("workshop-agent"), "agent")?, 0o755, Owner::ROOT)?;
    let mut assembled = Assembled::new(files.layer()?, "workshop: agent");
    let config = &mut assembled.image.config.config;
    config.user = format!("{NONROOT}:{NONROOT}");
    config.entrypoint = vec!["/agent".to_owned()];
    config.working_dir = "/".to_owned();
    Ok(assembled)
}

/// The server with what it needs of a system: certificates, a user's name, a place for temporary files.
pub(super) fn server(binaries: &Path) -> Result<Assembled, Error> {
    let mut files = ChangeSet::new();
    let program = stripped(&binaries.join("workshop-server"), "server")?;
    files.file("/workshop-server", program, 0o755, Owner::ROOT)?;
    files.directory("/tmp", 0o1777, Owner::ROOT)?;
    for directory in ["/etc", "/etc/ssl", "/etc/ssl/certs"] {
        files.directory(directory, 0o755, Owner::ROOT)?;
    }
    let (passwd, group) = accounts();
    files.file("/etc/passwd", passwd, 0o644, Owner::ROOT)?;
    files.file("/etc/group", group, 0o644, Owner::ROOT)?;
    if Path::new(CERTIFICATES).exists() {
        let bytes = std::fs::read(CERTIFICATES).map_err(Error::file(CERTIFICATES))?;
        files.file(CERTIFICATES, bytes, 0o644, Owner::ROOT)?;
    }
    let mut assembled = Assembled::new(files.layer()?, "workshop: server");
    let config = &mut assembled.image.config.config;
    config.user = format!("{NONROOT}:{NONROOT}");
    config.entrypoint = vec!["/workshop-server".to_owned()];
    config.working_dir = "/".to_owned();
    config.set_env("SSL_CERT_FILE", CERTIFICATES);
    Ok(assembled)
}

fn accounts() -> (String, String) {
    let passwd = format!(
        "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:{NONROOT}:{NONROOT}:nonroot:/tmp:/sbin/nologin\n"
    );
    (passwd, format!("root:x:0:\nnonroot:x:{NONROOT}:\n"))
}

/// A program without its symbols; they are most of a debug build.
fn stripped(path: &Path, package: &'static str) -> Result<Vec<u8>, Error> {
    if !path.is_file() {
        return Err(Error::NotCompiled { path: PathBuf::from(path), package });
    }
    let directory = tempfile::tempdir().map_err(Error::Runtime)?;
    let small = directory.path().join("program");
    let run = Command::new("strip").arg("-o").arg(&small).arg(path).output();
    let output = run.map_err(|source| Error::Tool { program: "strip", source })?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Failed { program: "strip", status: output.status, output: words });
    }
    std::fs::read(&small).map_err(Error::file(small))
}
