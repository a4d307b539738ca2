//! Writes at the API server, counted from its audit log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::BenchError;

/// A place in the log.
#[derive(Clone, Debug)]
pub struct Mark {
    path: PathBuf,
    offset: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    verb: String,
    stage: String,
    user: User,
    object_ref: Option<ObjectRef>,
}

#[derive(Debug, Deserialize)]
struct User {
    username: String,
}

#[derive(Debug, Deserialize)]
struct ObjectRef {
    #[serde(default)]
    resource: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    subresource: String,
}

/// Writes by who did them and what they were, such as `workshop-operator: patch pods`.
pub type Writes = BTreeMap<String, usize>;

/// Where the log ends now.
///
/// # Errors
/// When there is no log.
pub fn mark(path: &Path) -> Result<Mark, BenchError> {
    let offset = std::fs::metadata(path).map_err(BenchError::file(path))?.len();
    Ok(Mark { path: path.to_owned(), offset })
}

/// Writes since the mark in namespaces that `counts` accepts. Leases and events are left out; the
/// requests of the bench itself are there under its own name.
///
/// # Errors
/// When the log cannot be read.
pub fn since(mark: &Mark, counts: impl Fn(&str) -> bool) -> Result<Writes, BenchError> {
    let mut file = File::open(&mark.path).map_err(BenchError::file(&mark.path))?;
    file.seek(SeekFrom::Start(mark.offset)).map_err(BenchError::file(&mark.path))?;
    let mut writes = Writes::new();
    for line in BufReader::new(file).lines() {
        let line = line.map_err(BenchError::file(&mark.path))?;
        // The last line may be half written.
        let Ok(entry) = serde_json::from_str::<Entry>(&line) else { continue };
        if let Some(key) = key(&entry, &counts) {
            *writes.entry(key).or_default() += 1;
        }
    }
    Ok(writes)
}

fn key(entry: &Entry, counts: impl Fn(&str) -> bool) -> Option<String> {
    let object = entry.object_ref.as_ref()?;
    let writes = matches!(entry.verb.as_str(), "create" | "update" | "patch" | "delete");
    let noise = matches!(object.resource.as_str(), "leases" | "events");
    if entry.stage != "ResponseComplete" || !writes || noise || !counts(&object.namespace) {
        return None;
    }
    // The last part of `system:serviceaccount:kube-system:deployment-controller` and the like.
    let who = entry.user.username.rsplit(':').next().unwrap_or_default();
    let part = if object.subresource.is_empty() { String::new() } else { format!("/{}", object.subresource) };
    Some(format!("{who}: {} {}{part}", entry.verb, object.resource))
}
