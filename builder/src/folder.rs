//! Reading a workshop's folder (D53). Faults are collected; only what keeps from reading at all stops.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use api::fault::{Fault, Position};
use artifact::Asset;

use crate::error::{FileFault, PlanError};

/// Most bytes of one text.
const MAX_TEXT: u64 = 4 << 20;
/// Most bytes of one file that a step copies; larger things belong into the base image.
const MAX_SOURCE: u64 = 512 << 20;
const MAX_DEPTH: usize = 8;
/// Pictures that browsers show.
const PICTURES: [(&str, &str); 7] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("svg", "image/svg+xml"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
];

/// A workshop's folder, and everything that is wrong with it.
pub(crate) struct Folder {
    root: PathBuf,
    /// Name of the specification in it.
    spec: PathBuf,
    faults: Vec<FileFault>,
}

/// A file that a step copies.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) executable: bool,
}

impl Folder {
    /// Of a folder with a specification, or of the specification itself.
    pub(crate) fn open(path: &Path) -> Self {
        let (root, spec) = match path.file_name() {
            Some(name) if !path.is_dir() => (path.parent().unwrap_or(Path::new("")), Path::new(name)),
            _ => (path, Path::new("step-spec.yaml")),
        };
        Self { root: root.to_owned(), spec: spec.to_owned(), faults: Vec::new() }
    }

    /// The specification's text.
    pub(crate) fn specification(&mut self) -> Result<(PathBuf, String), PlanError> {
        let spec = self.spec.clone();
        match self.text(&spec)? {
            Some(text) => Ok((spec, text)),
            None => Err(PlanError::NoSpecification(self.path(&spec))),
        }
    }

    /// A file as a person would open it from where they are.
    pub(crate) fn path(&self, name: &Path) -> PathBuf {
        let parts = self.root.join(name);
        let shown: PathBuf = parts.components().filter(|part| *part != Component::CurDir).collect();
        if shown.as_os_str().is_empty() { PathBuf::from(".") } else { shown }
    }

    /// The text of a file; `None` if there is none, or if it is no text (a fault).
    pub(crate) fn text(&mut self, name: &Path) -> Result<Option<String>, PlanError> {
        let path = self.path(name);
        let failed = |source| PlanError::File { path: path.clone(), source };
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_TEXT + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_TEXT {
            self.fault(
                name,
                Position::START,
                format!("is larger than the {MAX_TEXT} bytes that a text may have"),
            );
            return Ok(None);
        }
        let text = String::from_utf8(bytes);
        if text.is_err() {
            self.fault(name, Position::START, "is not UTF-8 text");
        }
        Ok(text.ok())
    }

    /// The file that `source` names. That it leaves the folder is seen here, through links too.
    pub(crate) fn source(&self, source: &str) -> Result<Source, String> {
        let absent = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => format!("file not found: {source}"),
            _ => format!("cannot be read: {source}: {error}"),
        };
        let root = fs::canonicalize(self.path(Path::new(""))).map_err(absent)?;
        let path = fs::canonicalize(root.join(source)).map_err(absent)?;
        if !path.starts_with(&root) {
            return Err(format!(
                "must stay inside the folder of the specification: {source} is {}",
                path.display()
            ));
        }
        // Opened, so that what may not be read is told now and not in the middle of a build.
        let metadata = File::open(&path).and_then(|file| file.metadata()).map_err(absent)?;
        if !metadata.is_file() {
            return Err(format!("is not a file: {source}; name each file of a directory"));
        }
        if metadata.len() > MAX_SOURCE {
            return Err(format!(
                "{source} has {} bytes, more than the {MAX_SOURCE} of one file; put it into the base image",
                metadata.len()
            ));
        }
        Ok(Source { executable: is_executable(&metadata), size: metadata.len(), path })
    }

    /// The pictures below `assets/`, by path.
    pub(crate) fn assets(&mut self) -> Result<Vec<Asset>, PlanError> {
        let mut assets = Vec::new();
        for name in self.files(Path::new("assets"), MAX_DEPTH)? {
            let extension = name.extension().and_then(|end| end.to_str()).unwrap_or_default().to_lowercase();
            let Some((_, media_type)) = PICTURES.iter().find(|(end, _)| *end == extension) else {
                let known = PICTURES.map(|(end, _)| end).join(", ");
                self.fault(&name, Position::START, format!("is no picture that a page can show ({known})"));
                continue;
            };
            let path = self.path(&name);
            let bytes = fs::read(&path).map_err(|source| PlanError::File { path, source })?;
            match name.to_str() {
                Some(path) => {
                    assets.push(Asset { path: path.to_owned(), media_type: (*media_type).to_owned(), bytes })
                }
                None => self.fault(&name, Position::START, "its name is not UTF-8"),
            }
        }
        Ok(assets)
    }

    /// Names of the files below a folder, sorted. Hidden ones and links are left out.
    pub(crate) fn files(&self, folder: &Path, depth: usize) -> Result<Vec<PathBuf>, PlanError> {
        let path = self.path(folder);
        let failed = |source| PlanError::File { path: path.clone(), source };
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let (name, kind) = (folder.join(entry.file_name()), entry.file_type().map_err(failed)?);
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if kind.is_dir() && depth > 0 {
                names.extend(self.files(&name, depth - 1)?);
            } else if kind.is_file() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// A fault of a file as a whole or of a place in it.
    pub(crate) fn fault(&mut self, name: &Path, at: Position, message: impl Into<String>) {
        self.add(name, vec![Fault::new("", at, message)]);
    }

    /// Faults that a parser found.
    pub(crate) fn add(&mut self, name: &Path, faults: Vec<Fault>) {
        let file = self.path(name);
        self.faults.extend(faults.into_iter().map(|fault| FileFault { file: file.clone(), fault }));
    }

    /// Nothing if nothing was wrong.
    pub(crate) fn finish(mut self) -> Result<(), PlanError> {
        if self.faults.is_empty() {
            return Ok(());
        }
        // The specification first, then the other files by name; stable, so each in its own order.
        let spec = self.path(&self.spec);
        self.faults.sort_by_key(|fault| (fault.file != spec, fault.file.clone(), fault.fault.position()));
        Err(PlanError::Faults(self.faults))
    }
}

#[cfg(unix)]
fn is_executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

/// Other systems have no such bit.
#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    false
}
