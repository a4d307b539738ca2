//! What passed the proxy: every request, and every event that a watch delivered.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::{Call, ProxyError};

/// One request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Place in the order of arrival, from 0.
    pub seq: u64,
    /// Milliseconds since the proxy began.
    pub millis: u64,
    /// What was asked.
    #[serde(flatten)]
    pub call: Call,
    /// Status that the API server answered; none while there is no answer, and if it never saw the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// resourceVersion of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
    /// Faults that struck it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

/// One event that a watch delivered.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchEvent {
    /// The watch: place of its request.
    pub watch: u64,
    /// Milliseconds since the proxy began.
    pub millis: u64,
    /// `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK`, `ERROR`.
    pub kind: String,
    /// Plural of what is watched.
    pub resource: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// Its resourceVersion.
    pub resource_version: String,
}

#[derive(Debug)]
struct Kept {
    entries: Vec<Entry>,
    events: Vec<WatchEvent>,
    // Collections that were listed since the last watch of them, by identity.
    listed: HashMap<(String, String), bool>,
}

/// The log. In memory; [`Log::write`] puts it into a file.
#[derive(Debug)]
pub struct Log {
    began: Instant,
    kept: Mutex<Kept>,
}

impl Default for Log {
    fn default() -> Self {
        let kept = Kept { entries: Vec::new(), events: Vec::new(), listed: HashMap::new() };
        Self { began: Instant::now(), kept: Mutex::new(kept) }
    }
}

impl Log {
    /// Milliseconds since the proxy began.
    #[must_use]
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Number of requests so far: where the log goes on.
    #[must_use]
    pub fn mark(&self) -> usize {
        self.lock().entries.len()
    }

    /// Requests since a mark, in the order of their arrival.
    #[must_use]
    pub fn since(&self, mark: usize) -> Vec<Entry> {
        self.lock().entries.get(mark..).unwrap_or_default().to_vec()
    }

    /// Events of watches so far.
    #[must_use]
    pub fn events(&self) -> Vec<WatchEvent> {
        self.lock().events.clone()
    }

    /// Forgets everything so far; marks before are void.
    pub fn clear(&self) {
        let mut kept = self.lock();
        kept.entries.clear();
        kept.events.clear();
    }

    /// Writes all as lines of JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), ProxyError> {
        let kept = self.lock();
        let lines = kept.entries.iter().map(serde_json::to_string);
        let lines = lines.chain(kept.events.iter().map(serde_json::to_string));
        let mut text = Vec::new();
        for line in lines {
            writeln!(text, "{}", line.unwrap_or_default()).map_err(ProxyError::file(file))?;
        }
        std::fs::write(file, text).map_err(ProxyError::file(file))
    }

    /// Notes a request that has arrived, and whether it resumes a watch; answers its place.
    pub(crate) fn begin(&self, call: &mut Call) -> u64 {
        let mut kept = self.lock();
        let collection = (call.identity.clone(), call.collection.clone());
        match call.verb.as_str() {
            "list" => drop(kept.listed.insert(collection, true)),
            "watch" => call.resumes = kept.listed.insert(collection, false) == Some(false),
            _ => {}
        }
        let seq = u64::try_from(kept.entries.len()).unwrap_or(u64::MAX);
        let entry = Entry {
            seq,
            millis: self.now(),
            call: call.clone(),
            code: None,
            resource_version: None,
            faults: Vec::new(),
        };
        kept.entries.push(entry);
        seq
    }

    /// Notes what the API server answered.
    pub(crate) fn answered(&self, seq: u64, code: u16, resource_version: Option<String>) {
        self.change(seq, |entry| {
            entry.code = Some(code);
            entry.resource_version = resource_version;
        });
    }

    /// Notes that a fault struck.
    pub(crate) fn struck(&self, seq: u64, fault: String) {
        self.change(seq, |entry| entry.faults.push(fault));
    }

    /// Notes an event that a watch delivers.
    pub(crate) fn event(&self, event: WatchEvent) {
        self.lock().events.push(event);
    }

    fn change(&self, seq: u64, change: impl FnOnce(&mut Entry)) {
        let place = usize::try_from(seq).unwrap_or(usize::MAX);
        if let Some(entry) = self.lock().entries.get_mut(place).filter(|entry| entry.seq == seq) {
            change(entry);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // A panic elsewhere leaves lines that are still lines.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(verb: &str) -> Call {
        Call { verb: verb.to_owned(), collection: "/api/v1/pods".to_owned(), ..Call::default() }
    }

    #[test]
    fn a_watch_without_a_list_before_it_resumes() {
        let log = Log::default();
        let mut seen = Vec::new();
        for verb in ["list", "watch", "watch", "list", "watch"] {
            let mut call = call(verb);
            log.begin(&mut call);
            seen.push(call.resumes);
        }
        assert_eq!(seen, [false, false, true, false, false]);
    }

    #[test]
    fn an_answer_is_noted_at_its_request() {
        let log = Log::default();
        let first = log.begin(&mut call("get"));
        let mark = log.mark();
        let second = log.begin(&mut call("patch"));
        log.answered(second, 409, Some("7".to_owned()));
        log.struck(second, "reset".to_owned());
        let since = log.since(mark);
        assert_eq!((first, since.len(), since[0].code), (0, 1, Some(409)));
        assert_eq!(since[0].faults, ["reset"]);
    }
}
