//! What a check found.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::catalogue::Subject;
use crate::error::Error;
use crate::exit::Exit;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Ok,
    /// Part of the product is not available, or could not be looked at.
    Warn,
    /// It has to be repaired.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which check.
    pub check: Subject,
    /// How bad.
    pub state: State,
    /// What is the case.
    pub what: String,
    /// What to do; empty where all is well.
    pub todo: String,
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("Finding", 5)?;
        fields.serialize_field("check", self.check.id)?;
        fields.serialize_field("category", &self.check.category)?;
        fields.serialize_field("state", &self.state)?;
        fields.serialize_field("what", &self.what)?;
        if self.todo.is_empty() {
            fields.skip_field("todo")?;
        } else {
            fields.serialize_field("todo", &self.todo)?;
        }
        fields.end()
    }
}

impl Finding {
    pub fn ok(check: Subject, what: impl Into<String>) -> Self {
        Self { check, state: State::Ok, what: what.into(), todo: String::new() }
    }

    pub fn warn(check: Subject, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { check, state: State::Warn, what: what.into(), todo: todo.into() }
    }

    pub fn fail(check: Subject, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { check, state: State::Fail, what: what.into(), todo: todo.into() }
    }

    /// What could not be looked at: a warning when the caller may not, a failure otherwise.
    pub fn unseen(check: Subject, error: &Error) -> Self {
        let report = error.report();
        let what = format!("{}: {}", report.what, report.why.join("; "));
        match report.exit {
            Exit::NotAllowed => {
                Self::warn(check, what, "let somebody with more rights run this check as well")
            }
            _ => Self::fail(check, what, report.todo),
        }
    }
}

/// Whether something has to be repaired.
#[must_use]
pub fn any_failed(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.state == State::Fail)
}
