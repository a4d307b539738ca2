//! What can go wrong while the operator works, and how soon it tries again.

use std::time::Duration;

use kube::core::Status;
use thiserror::Error;

/// A reconcile that did not come to its end.
#[derive(Debug, Error)]
pub enum Error {
    /// The API server said no, or nothing.
    #[error("{verb} {what}: {}", words(source))]
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
    /// A template names a pull secret that the platform team has not put where it is looked for.
    #[error(
        "there is no secret \"{name}\" in namespace {namespace}; put the registry's credentials there (kubectl create secret docker-registry {name} -n {namespace} …) or take it out of the template's imagePullSecrets"
    )]
    NoPullSecret {
        /// Namespace of the operator.
        namespace: String,
        /// Name of the secret.
        name: String,
    },
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

    /// Whether the API server refused because no role gives the right.
    #[must_use]
    pub fn lacks_rights(&self) -> bool {
        let Self::Api { source, .. } = self else { return false };
        matches!(source.as_ref(), kube::Error::Api(status)
            if status.code == 403 && status.message.contains(" cannot ") && status.message.contains(" resource "))
    }

    /// The class, which decides the retry.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Api { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => class_of(status),
                _ => Class::Transient,
            },
            Self::TooSlow { .. } => Class::Transient,
            Self::NoPullSecret { .. } | Self::Incomplete { .. } | Self::NoUserNamespaces => Class::Lasting,
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

/// What a refusal of the API server means for the next try.
fn class_of(status: &Status) -> Class {
    // Each of these is over in a moment: a quota that nobody has counted yet, our own one that still
    // counts the pod before, an account that the API server's own watch has not seen, a namespace on
    // its way out.
    const PASSING: [&str; 4] = [
        "status unknown for quota",
        "exceeded quota: workspace,",
        "error looking up service account",
        "is being terminated",
    ];
    let has_causes = status.details.as_ref().is_some_and(|details| !details.causes.is_empty());
    match status.code {
        // An invalid object comes with the fields that are wrong; a JSON Patch whose test failed
        // comes with nothing.
        422 if has_causes => Class::Lasting,
        404 | 409 | 422 => Class::Stale,
        403 if PASSING.iter().any(|words| status.message.contains(words)) => Class::Stale,
        400 | 401 | 403 => Class::Lasting,
        _ => Class::Transient,
    }
}

/// The API server's own words, without the object around them.
fn words(source: &kube::Error) -> String {
    match source {
        kube::Error::Api(status) => format!("{} ({})", status.message, status.code),
        other => other.to_string(),
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
            (
                403,
                "pods \"workspace\" is forbidden: error looking up service account ws/workspace",
                Class::Stale,
            ),
            (
                403,
                "pods \"workspace\" is forbidden: exceeded quota: workspace, requested: pods=1",
                Class::Stale,
            ),
            (403, "pods is forbidden: exceeded quota: team, requested: pods=1", Class::Lasting),
            (403, "pods is forbidden: User cannot create resource", Class::Lasting),
            (500, "etcdserver: leader changed", Class::Transient),
            (429, "too many requests", Class::Transient),
        ];
        for (code, message, class) in cases {
            assert_eq!(answer(code, message).class(), class, "{code} {message}");
        }
    }

    #[test]
    fn an_invalid_object_stays_invalid() {
        let mut status = Status::failure("Pod \"workspace\" is invalid", "Invalid").with_code(422);
        let details =
            serde_json::json!({"causes": [{"field": "spec.containers[0].image", "message": "Required"}]});
        status.details = Some(serde_json::from_value(details).unwrap());
        let error = Error::api("create", "pod ws/workspace", kube::Error::Api(Box::new(status)));
        assert_eq!(error.class(), Class::Lasting);
    }

    #[test]
    fn the_message_says_what_and_where_in_the_words_of_the_server() {
        assert_eq!(answer(409, "it is taken").to_string(), "create pod ws/workspace: it is taken (409)");
        let error = Error::NoPullSecret { namespace: "workshop-system".to_owned(), name: "team".to_owned() };
        assert!(error.to_string().starts_with("there is no secret \"team\" in namespace workshop-system; "));
        assert_eq!(error.class(), Class::Lasting);
    }
}
