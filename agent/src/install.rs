//! Puts this program where workspace containers find it.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

/// Why the program could not be copied.
#[derive(Debug, Error)]
#[error("install the agent at {}: {what}: {source}; the folder must exist and be writable", path.display())]
pub struct InstallError {
    path: PathBuf,
    what: &'static str,
    source: io::Error,
}

/// Copies this program to `path`, mode 0555. A reader never sees half a file.
///
/// # Errors
/// When the folder cannot be written.
pub fn install(path: &Path) -> Result<(), InstallError> {
    let fault = |what| move |source| InstallError { path: path.to_owned(), what, source };
    let part = path.with_extension("part");
    // What an interrupted run left may be read-only already, so it is replaced, not written to.
    match fs::remove_file(&part) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fault("remove a part")(error)),
        _ => {}
    }
    fs::copy("/proc/self/exe", &part).map_err(fault("copy this program"))?;
    fs::set_permissions(&part, fs::Permissions::from_mode(0o555)).map_err(fault("make it executable"))?;
    fs::rename(&part, path).map_err(fault("put it in place"))
}
