//! Authorities of certificates that registries are trusted by, beside those of this machine
//! (which `SSL_CERT_FILE` and `SSL_CERT_DIR` replace, as for every program that uses OpenSSL).
//!
//! Files are named, or lie where container tools look for them: `certs.d/<host:port>/*.crt`.

use std::path::{Path, PathBuf};

use reqwest::Certificate;

use crate::error::StoreError;

/// Folders of Docker and Podman.
const FOLDERS: [&str; 2] = ["/etc/docker/certs.d", "/etc/containers/certs.d"];
/// Podman's folder below the home.
const OF_HOME: &str = ".config/containers/certs.d";

/// Files of authorities for this host in the folders of container tools.
#[must_use]
pub(super) fn files_for(host: &str) -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(OF_HOME));
    let folders = FOLDERS.iter().map(PathBuf::from).chain(home);
    folders.flat_map(|folder| certificates_in(&folder.join(host))).collect()
}

/// Sorted, so that a fault is always told of the same file. A folder that is not there has none.
fn certificates_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "crt"))
        .collect();
    files.sort();
    files
}

/// Reads every certificate of these PEM files.
///
/// # Errors
/// When a file cannot be read or holds no certificate.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<Certificate>, StoreError> {
    let mut all = Vec::new();
    for file in files {
        let pem = std::fs::read(file).map_err(StoreError::file(file))?;
        let fault = |detail: String| StoreError::Setting { subject: file.display().to_string(), detail };
        let found = Certificate::from_pem_bundle(&pem)
            .map_err(|error| fault(format!("cannot be read as PEM certificates: {error}")))?;
        if found.is_empty() {
            return Err(fault(
                "holds no certificate; name the PEM file of the registry's authority".to_owned(),
            ));
        }
        all.extend(found);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_authorities_of_the_host_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let of_host = folder.path().join("registry.example:5000");
        std::fs::create_dir(&of_host).unwrap();
        for name in ["b.crt", "a.crt", "client.cert", "client.key"] {
            std::fs::write(of_host.join(name), "").unwrap();
        }
        assert_eq!(certificates_in(&of_host), [of_host.join("a.crt"), of_host.join("b.crt")]);
        assert!(certificates_in(&folder.path().join("other.example")).is_empty());
    }

    #[test]
    fn a_file_without_a_certificate_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.crt");
        std::fs::write(&file, "not a certificate").unwrap();
        let error = read(std::slice::from_ref(&file)).unwrap_err().to_string();
        assert!(error.contains("ca.crt") && error.contains("holds no certificate"), "{error}");
        assert!(read(&[folder.path().join("missing.crt")]).is_err());
    }
}
