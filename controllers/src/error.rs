//! What can go wrong while the operator works, and how soon it tries again.

use std::time::Duration;

use thiserror::Error;

/// A reconcile that did not come to its end.
#[derive(Debug, Error)]
pub enum Error {
    /// The API server said no, or nothing.
    #[error("{verb} {what}: {source}")]
    Api {
        /// What was tried: `create`, `move`, `delete`, …
        verb: &'static str,
        /// Kind, namespace and name.
        what: String,
        /// Its answer.
        source: Box<kube::Error>,
    },
    /// The API server did not answer in time. Whether it acted is unknown; the watch will tell.
    #[error("{verb} {what}: no answer within {} s", limit.as_secs())]
    TooSlow {
        /// What was tried.
        verb: &'static str,
        /// Kind, namespace and name.
        what: String,
        /// How long it was given.
        limit: Duration,
    },
    /// The API server stored a pod without the user namespace that it was asked for.
    #[error(
        "runAs: Root: the API server knows no user namespaces for pods (Kubernetes 1.33 or newer is needed); the pod was taken away again"
    )]
    NoUserNamespaces,
    /// An object from the API server lacks what every stored object has.
    #[error("{what} has no {field}: not an object of an API server")]
    Incomplete {
        /// Kind and name.
        what: String,
        /// The missing field.
        field: &'static str,
    },
}

/// How soon a failure is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Somebody else wrote in between: the watch brings the newer object in a moment.
    Stale,
    /// The API server is busy, away, or still making something: back off.
    Transient,
    /// It stays wrong until a person changes something.
    Lasting,
}

impl Error {
    /// Names the call around a client error.
    pub fn api(verb: &'static str, what: impl Into<String>, source: kube::Error) -> Self {
        Self::Api { verb, what: what.into(), source: Box::new(source) }
    }

    /// The class, which decides the retry.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Api { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => match status.code {
                    // 422 is the answer to a JSON Patch whose test failed.
                    404 | 409 | 422 => Class::Stale,
                    // A quota that the quota controller has not counted yet refuses every pod.
                    403 if status.message.contains("status unknown for quota") => Class::Stale,
                    403 if status.message.contains("is being terminated") => Class::Stale,
                    401 | 403 | 400 => Class::Lasting,
                    _ => Class::Transient,
                },
                _ => Class::Transient,
            },
            Self::TooSlow { .. } => Class::Transient,
            Self::Incomplete { .. } | Self::NoUserNamespaces => Class::Lasting,
        }
    }

    /// First pause after this failure; repeated failures double it, see [`crate::backoff`].
    #[must_use]
    pub fn first_pause(&self) -> Duration {
        match self.class() {
            Class::Stale => Duration::from_millis(100),
            Class::Transient => Duration::from_secs(1),
            Class::Lasting => Duration::from_secs(30),
        }
    }

    /// A word for the metric label.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self.class() {
            Class::Stale => "stale",
            Class::Transient => "transient",
            Class::Lasting => "lasting",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, message: &str) -> Error {
        let status = kube::core::Status::failure(message, "Test").with_code(code);
        Error::api("create", "pod ws/workspace", kube::Error::Api(Box::new(status)))
    }

    #[test]
    fn the_answer_decides_the_class() {
        let cases = [
            (409, "conflict", Class::Stale),
            (422, "the server rejected our request due to an error in our request", Class::Stale),
            (403, "pods \"workspace\" is forbidden: status unknown for quota: workspace", Class::Stale),
            (403, "pods is forbidden: User cannot create resource", Class::Lasting),
            (500, "etcdserver: leader changed", Class::Transient),
            (429, "too many requests", Class::Transient),
        ];
        for (code, message, class) in cases {
            assert_eq!(answer(code, message).class(), class, "{code} {message}");
        }
    }

    #[test]
    fn the_message_says_what_and_where() {
        assert!(answer(409, "taken").to_string().starts_with("create pod ws/workspace: "));
    }
}
