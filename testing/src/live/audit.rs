//! Who wrote what: counted from the API server's audit log.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use api::names;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use serde::Deserialize;

use super::LiveError;
use super::wait::{LIMIT, Look, until};
use super::world::{OPERATOR_NAMESPACE, World};

/// A place in the audit log: everything that was answered before is before it.
#[derive(Clone, Copy, Debug)]
pub struct Mark(u64);

/// A request that changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// `create`, `patch`, `update`, `delete`, `deletecollection`.
    pub verb: String,
    /// User name, `system:serviceaccount:…` for programs of the cluster.
    pub user: String,
    /// Name of the program, as it says itself.
    pub agent: String,
    /// `pods`, or with a subresource `pods/status`.
    pub resource: String,
    /// Empty for objects of the whole cluster.
    pub namespace: String,
    /// Empty where the server made the name.
    pub name: String,
    /// HTTP status.
    pub code: u16,
    /// When the server received it.
    pub received: Timestamp,
}

impl Write {
    /// Whether the operator made it.
    #[must_use]
    pub fn is_operators(&self) -> bool {
        self.user == format!("system:serviceaccount:{OPERATOR_NAMESPACE}:{}", names::OPERATOR)
    }

    /// Whether it was of an object in this namespace, or of the namespace itself.
    #[must_use]
    pub fn is_in(&self, namespace: &str) -> bool {
        self.namespace == namespace || (self.resource == "namespaces" && self.name == namespace)
    }
}

/// Writes, and a table of them for messages.
#[derive(Clone, Debug, Default)]
pub struct Writes(pub Vec<Write>);

impl Writes {
    /// Those that `wanted` says yes to.
    #[must_use]
    pub fn of(&self, wanted: impl Fn(&Write) -> bool) -> Self {
        Self(self.0.iter().filter(|write| wanted(write)).cloned().collect())
    }

    /// How many there are of this verb and resource.
    #[must_use]
    pub fn count(&self, verb: &str, resource: &str) -> usize {
        self.0.iter().filter(|write| write.verb == verb && write.resource == resource).count()
    }
}

impl fmt::Display for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for write in &self.0 {
            let Write { verb, resource, namespace, name, code, user, agent, .. } = write;
            writeln!(f, "  {verb} {resource} {namespace}/{name} {code} by {user} ({agent})")?;
        }
        write!(f, "  {} writes", self.0.len())
    }
}

impl World {
    /// A mark at the end of the log. A request of a name that nobody else uses goes before it, since the
    /// server logs a request a moment after its answer.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn mark(&self) -> Result<Mark, LiveError> {
        let begin = self.length()?;
        let name = format!("mark-{}-{}", std::process::id(), nanoseconds());
        let marks: Api<ConfigMap> = self.objects("default");
        marks.get_opt(&name).await.map_err(LiveError::api("a mark in the audit log"))?;
        until("a mark in the audit log", LIMIT, async || {
            let text = self.text_since(begin)?;
            Ok(match text.find(&name).and_then(|at| Some(at + text.get(at..)?.find('\n')? + 1)) {
                Some(end) => Look::Yes(Mark(begin + end as u64)),
                None => Look::NotYet(format!("{} bytes without it", text.len())),
            })
        })
        .await
    }

    /// Every write that was answered between the mark and now, as the server received them.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn writes_since(&self, mark: Mark) -> Result<Writes, LiveError> {
        let end = self.mark().await?;
        let text = self.text_since(mark.0)?;
        let text = text.get(..usize::try_from(end.0 - mark.0).unwrap_or(usize::MAX)).unwrap_or(&text);
        let mut writes: Vec<Write> =
            text.lines().filter_map(|line| read(line).transpose()).collect::<Result<_, _>>()?;
        // A busy server may log an answer after that of the request that came next.
        writes.sort_by_key(|write| write.received);
        Ok(Writes(writes))
    }

    fn length(&self) -> Result<u64, LiveError> {
        let path = &self.settings.audit_log;
        let meta = std::fs::metadata(path).map_err(LiveError::io(path.display().to_string()))?;
        Ok(meta.len())
    }

    pub(super) fn text_since(&self, offset: u64) -> Result<String, LiveError> {
        let path = &self.settings.audit_log;
        if self.length()? < offset {
            return Err(LiveError::Rotated(path.clone()));
        }
        let fault = || LiveError::io(path.display().to_string());
        let mut file = File::open(path).map_err(fault())?;
        file.seek(SeekFrom::Start(offset)).map_err(fault())?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fault())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Tells marks of one process apart.
fn nanoseconds() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    verb: String,
    user: User,
    #[serde(default)]
    user_agent: String,
    object_ref: Option<Object>,
    request_received_timestamp: Timestamp,
    response_status: Option<Status>,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Object {
    resource: String,
    subresource: Option<String>,
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

/// A line of the log, if it is a write that somebody asked for and that was answered.
fn read(line: &str) -> Result<Option<Write>, LiveError> {
    let event: Event =
        serde_json::from_str(line).map_err(|error| LiveError::form(format!("audit log: {line}"), error))?;
    let changes =
        matches!(event.verb.as_str(), "create" | "patch" | "update" | "delete" | "deletecollection");
    let (Some(object), Some(status)) = (event.object_ref, event.response_status) else { return Ok(None) };
    Ok(changes.then(|| Write {
        verb: event.verb,
        user: event.user.username,
        agent: event.user_agent,
        resource: match object.subresource {
            Some(part) => format!("{}/{part}", object.resource),
            None => object.resource,
        },
        namespace: object.namespace,
        name: object.name,
        code: status.code,
        received: event.request_received_timestamp,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_read_and_questions_are_not() {
        let line = |verb: &str, rest: &str| {
            format!(
                r#"{{"kind":"Event","level":"Metadata","stage":"ResponseComplete","verb":"{verb}","user":{{"username":"ana"}},"userAgent":"k","requestReceivedTimestamp":"2026-01-02T03:04:05.678901Z","objectRef":{{"resource":"pods","namespace":"n","name":"w"{rest}}},"responseStatus":{{"code":200}}}}"#
            )
        };
        let write = read(&line("patch", r#","subresource":"status""#)).unwrap().unwrap();
        assert_eq!((write.resource.as_str(), write.code, write.is_in("n")), ("pods/status", 200, true));
        assert!(read(&line("get", "")).unwrap().is_none());
        assert!(read("{").is_err());
    }
}
