//! How a call to the API server is made, and what its answers mean.

use std::time::Duration;

use kube::{Resource, ResourceExt};

use crate::error::Error;

/// No call to the API server takes longer (house rule 7).
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// Kind, namespace and name, for messages.
pub fn describe<K: Resource<DynamicType = ()>>(object: &K) -> String {
    let kind = K::kind(&()).to_lowercase();
    match object.namespace() {
        Some(namespace) => format!("{kind} {namespace}/{}", object.name_any()),
        None => format!("{kind} {}", object.name_any()),
    }
}

/// A call with its time limit, and with what it was about in the error.
///
/// # Errors
/// When the API server refuses, or does not answer in time.
pub async fn call<T>(
    verb: &'static str,
    what: impl Fn() -> String,
    future: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(CALL_LIMIT, future).await {
        Ok(result) => result.map_err(|source| Error::api(verb, what(), source)),
        Err(_) => Err(Error::TooSlow { verb, what: what(), limit: CALL_LIMIT }),
    }
}

/// The answer to a creation. A taken name is an answer, not an error.
///
/// # Errors
/// Any other refusal.
pub async fn created<K: Resource<DynamicType = ()>>(
    object: &K,
    future: impl Future<Output = Result<K, kube::Error>>,
) -> Result<Option<K>, Error> {
    match call("create", || describe(object), future).await {
        Ok(object) => Ok(Some(object)),
        Err(Error::Api { source, .. }) if matches!(source.as_ref(), kube::Error::Api(status) if status.reason == "AlreadyExists") => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The answer to a deletion by uid. What is gone (404) or another by now (409) is left alone.
///
/// # Errors
/// Any other refusal.
pub fn gone(deleted: Result<(), Error>) -> Result<(), Error> {
    match deleted {
        Err(Error::Api { source, .. }) if matches!(source.as_ref(), kube::Error::Api(status) if status.code == 404 || status.code == 409) => {
            Ok(())
        }
        other => other,
    }
}
