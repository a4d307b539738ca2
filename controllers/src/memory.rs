//! The little that is kept in memory. All of it may be lost at any time: a restart of the operator
//! costs a question to the API server or a younger time, never a workspace.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::v1::{WorkspaceInstance, WorkspaceTemplate};
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use sha2::{Digest as _, Sha256};

/// Instances that asked about a pull pod since its last news.
#[derive(Debug, Default)]
pub struct Askers {
    by_pull: Mutex<HashMap<String, HashSet<ObjectRef<WorkspaceInstance>>>>,
}

impl Askers {
    /// This instance wants to hear of the next news of this pull pod.
    pub fn add(&self, pull: &str, asker: ObjectRef<WorkspaceInstance>) {
        lock(&self.by_pull).entry(pull.to_owned()).or_default().insert(asker);
    }

    /// Those to tell of news of this pull pod, once.
    pub fn take(&self, pull: &str) -> HashSet<ObjectRef<WorkspaceInstance>> {
        lock(&self.by_pull).remove(pull).unwrap_or_default()
    }

    /// Forgets instances that are gone.
    pub fn retain(&self, is_there: impl Fn(&ObjectRef<WorkspaceInstance>) -> bool) {
        lock(&self.by_pull).retain(|_, askers| {
            askers.retain(&is_there);
            !askers.is_empty()
        });
    }
}

/// Content hashes of the templates, computed once per generation.
#[derive(Debug, Default)]
pub struct Revisions {
    known: Mutex<HashMap<String, (i64, String)>>,
}

impl Revisions {
    /// Twelve hexadecimal digits over what instances take from the template.
    pub fn of(&self, template: &WorkspaceTemplate) -> String {
        let uid = template.uid().unwrap_or_default();
        let generation = template.metadata.generation.unwrap_or_default();
        if let Some((known, revision)) = lock(&self.known).get(&uid)
            && *known == generation
        {
            return revision.clone();
        }
        let content = serde_json::to_vec(&template.spec).unwrap_or_default();
        let revision: String = hex::encode(Sha256::digest(content)).chars().take(12).collect();
        lock(&self.known).insert(uid, (generation, revision.clone()));
        revision
    }

    /// Forgets templates that are gone.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        lock(&self.known).retain(|uid, _| is_there(uid));
    }
}

/// Versions of instances that the operator's own writes replaced.
///
/// For some milliseconds after a write the watch still shows the version before it. Whatever is
/// decided from that version was decided already, and a write of it would be refused (409).
#[derive(Debug, Default)]
pub struct Written {
    by_uid: Mutex<HashMap<String, Trail>>,
}

#[derive(Debug, Default)]
struct Trail {
    replaced: Vec<String>,
    newest: String,
}

impl Written {
    /// A write turned version `replaced` into `newest`.
    pub fn note(&self, uid: &str, replaced: &str, newest: &str) {
        // A write that changed nothing leaves the version as it is.
        if replaced == newest {
            return;
        }
        let mut all = lock(&self.by_uid);
        let trail = all.entry(uid.to_owned()).or_default();
        trail.replaced.push(replaced.to_owned());
        newest.clone_into(&mut trail.newest);
    }

    /// Whether this version is known to be replaced. The first one that is not ends the trail.
    pub fn is_replaced(&self, uid: &str, version: &str) -> bool {
        let mut all = lock(&self.by_uid);
        let replaced = all.get(uid).is_some_and(|trail| trail.replaced.iter().any(|old| old == version));
        if !replaced {
            all.remove(uid);
        }
        replaced
    }

    /// The version to write on: the newest that is known, given the one that was seen.
    pub fn newest(&self, uid: &str, seen: &str) -> String {
        lock(&self.by_uid).get(uid).map_or_else(|| seen.to_owned(), |trail| trail.newest.clone())
    }

    /// Forgets one instance.
    pub fn forget(&self, uid: &str) {
        lock(&self.by_uid).remove(uid);
    }

    /// Forgets instances that are gone.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        lock(&self.by_uid).retain(|uid, _| is_there(uid));
    }
}

/// A panic elsewhere leaves a map that is still a map.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asker_is_told_once_and_forgotten_when_gone() {
        let askers = Askers::default();
        let (ana, bo) = (ObjectRef::new("ana").within("monday"), ObjectRef::new("bo").within("monday"));
        askers.add("pull-1", ana.clone());
        askers.add("pull-1", ana.clone());
        askers.add("pull-1", bo.clone());
        askers.retain(|asker| *asker == ana);
        assert_eq!(askers.take("pull-1"), HashSet::from([ana]));
        assert!(askers.take("pull-1").is_empty());
    }

    #[test]
    fn a_revision_follows_the_content() {
        let template = |generation: i64, title: &str| -> WorkspaceTemplate {
            serde_json::from_value(serde_json::json!({
                "apiVersion": "workshop.platform/v1", "kind": "WorkspaceTemplate",
                "metadata": {"name": "t", "uid": "t-1", "generation": generation},
                "spec": {"steps": [{"id": "one", "title": title, "image":
                    {"reference": "localhost/w:one", "digest": format!("sha256:{}", "0".repeat(64))}}]}
            }))
            .unwrap()
        };
        let revisions = Revisions::default();
        let first = revisions.of(&template(1, "One"));
        assert_eq!(first.len(), 12);
        assert_ne!(first, revisions.of(&template(2, "First")));
        assert_eq!(first, revisions.of(&template(3, "One")));
        revisions.retain(|uid| uid != "t-1");
        assert!(lock(&revisions.known).is_empty());
    }

    #[test]
    fn a_version_counts_as_replaced_until_a_newer_one_is_seen() {
        let written = Written::default();
        written.note("1", "10", "11");
        written.note("1", "11", "12");
        assert_eq!(written.newest("1", "10"), "12");
        assert!(written.is_replaced("1", "10") && written.is_replaced("1", "11"));
        assert!(!written.is_replaced("1", "12"));
        assert!(!written.is_replaced("1", "11"), "the trail has ended");
        assert_eq!(written.newest("1", "15"), "15");
    }

    #[test]
    fn a_write_without_effect_replaces_nothing() {
        let written = Written::default();
        written.note("1", "10", "10");
        assert!(!written.is_replaced("1", "10"));
    }
}
