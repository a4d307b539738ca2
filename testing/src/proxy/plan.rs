//! A fault as it stands in a plan file: what to wait for, and what to do then.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// At which moment of a request a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// The API server has not seen the request.
    #[default]
    BeforeForward,
    /// The API server has done it (2xx), and the program has no answer yet.
    AfterCommit,
    /// The program has the answer.
    AfterReply,
    /// A watch is about to deliver an event of a matching object.
    BeforeEvent,
}

/// Which requests a fault waits for. What is not named matches everything; `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Trigger {
    /// Whose requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, or `write` for all that change something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// `pods`, `workspaceinstances/status`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Resources that never match, as `leases`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub but: Vec<String>,
    /// Namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Only watches that resume (true) or follow a list (false).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumes: Option<bool>,
    /// The first match that counts, from 1.
    pub occurrence: u32,
    /// How many matches it strikes from then on; 0 for all.
    pub times: u32,
    /// Seconds after the first strike when it ends; 0 for never.
    #[serde(skip_serializing_if = "is_zero")]
    pub lasts: u64,
    /// How many of a hundred matches it strikes, by the seed of the plan.
    #[serde(skip_serializing_if = "is_all")]
    pub percent: u8,
    /// At which moment.
    pub when: When,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_all(percent: &u8) -> bool {
    *percent == 100
}

impl Default for Trigger {
    /// Every request, once, before it is forwarded.
    fn default() -> Self {
        Self {
            identity: None,
            verb: None,
            resource: None,
            but: Vec::new(),
            namespace: None,
            name: None,
            resumes: None,
            occurrence: 1,
            times: 1,
            lasts: 0,
            percent: 100,
            when: When::BeforeForward,
        }
    }
}

impl Trigger {
    /// Every request, each time.
    #[must_use]
    pub fn always() -> Self {
        Self { times: 0, ..Self::default() }
    }

    /// Every request that changes something, leases and events left out, once.
    #[must_use]
    pub fn write() -> Self {
        let but = ["leases", "events"].map(str::to_owned).to_vec();
        Self { verb: Some("write".to_owned()), but, ..Self::default() }
    }
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// SIGKILL to the program. With `afterReply`: when its next request arrives.
    Kill {},
    /// SIGSTOP to the program, and SIGCONT after this time if one is given.
    Stop {
        /// Until it goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        millis: Option<u64>,
    },
    /// An answer of the proxy instead of the API server's.
    Reply {
        /// HTTP status.
        code: u16,
        /// Headers, as `retry-after`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// Body; a Kubernetes Status without one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    /// An answer with 200 and a JSON object of this size.
    Huge {
        /// Size in MiB.
        mebibytes: u64,
    },
    /// RST on the connection.
    Reset {},
    /// The answer comes never, or goes on after this time.
    Hold {
        /// Until it goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        millis: Option<u64>,
    },
    /// Only this many bytes of the answer, as if they were all.
    Truncate {
        /// Bytes.
        bytes: usize,
    },
    /// A watch ends after this time.
    EndWatch {
        /// Milliseconds since it began.
        millis: u64,
    },
    /// A watch falls silent after this time and stays open.
    Silence {
        /// Milliseconds since it began.
        millis: u64,
    },
    /// A watch delivers 410 Gone and ends.
    Gone {},
    /// The identity is cut off: silently, or refused.
    Partition {
        /// Until it is over.
        millis: u64,
        /// RST instead of silence.
        #[serde(default)]
        refused: bool,
    },
    /// The proxy serves with the certificate of a stranger.
    Strange {
        /// Until the right one is back.
        millis: u64,
    },
    /// The token in the identity's file is replaced; the old one is refused with 401.
    Rotate {},
}

/// One trigger with its action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What to wait for.
    pub trigger: Trigger,
    /// What to do.
    pub action: Action,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_as_it_is_written() {
        let fault = Fault {
            trigger: Trigger {
                verb: Some("write".to_owned()),
                but: vec!["leases".to_owned()],
                when: When::AfterCommit,
                ..Trigger::default()
            },
            action: Action::Reply {
                code: 429,
                headers: [("retry-after".to_owned(), "86400".to_owned())].into(),
                body: None,
            },
        };
        let text = serde_json::to_string(&fault).unwrap();
        assert_eq!(serde_json::from_str::<Fault>(&text).unwrap(), fault);
        assert!(text.contains("\"when\":\"afterCommit\""), "{text}");
        assert!(
            serde_json::from_str::<Fault>(r#"{"trigger":{"verbs":"get"},"action":{"kill":{}}}"#).is_err()
        );
    }
}
