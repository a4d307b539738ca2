//! From answers and broken connections to errors that say what to do, and whether to try again.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::error::StoreError;

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: StoreError,
    pub(super) again: Again,
}

/// Whether another attempt makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    /// After a pause of our own choice.
    Soon,
    /// After the pause that the registry asks for.
    After(Duration),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { error, again: Again::Never }
    }
}

/// An answer that is not one of those that were wanted.
pub(super) struct Refusal<'a> {
    pub(super) host: &'a str,
    pub(super) subject: &'a str,
    pub(super) status: StatusCode,
    pub(super) after: Option<Duration>,
    pub(super) body: &'a [u8],
    pub(super) plain: bool,
}

#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Refusal<'_> {
    pub(super) fn failure(&self) -> Failure {
        let (subject, registry) = (self.subject.to_owned(), self.host.to_owned());
        let detail = self.detail();
        let wait = self.after.map_or(Again::Soon, Again::After);
        match self.status.as_u16() {
            400 if self.plain && wants_tls(self.body) => StoreError::WantsTls { subject, registry }.into(),
            401 => StoreError::Unauthorised { subject, registry, detail }.into(),
            403 => StoreError::Denied { subject, registry, detail }.into(),
            404 => StoreError::NotFound { subject, detail }.into(),
            429 => Failure {
                error: StoreError::RateLimited { subject, registry, detail, after: self.after },
                again: wait,
            },
            408 | 500 | 502 | 503 | 504 => {
                Failure { error: StoreError::Answer { subject, registry, detail }, again: wait }
            }
            _ => StoreError::Answer { subject, registry, detail }.into(),
        }
    }

    /// Status, and the registry's own code and message.
    fn detail(&self) -> String {
        let status = self.status.as_u16();
        let parsed = serde_json::from_slice::<Errors>(self.body).ok();
        if let Some(first) = parsed.as_ref().and_then(|answer| answer.errors.first()) {
            return format!("{status} {}: {}", first.code, one_line(&first.message));
        }
        let text = one_line(&String::from_utf8_lossy(self.body));
        let reason = self.status.canonical_reason().unwrap_or("unknown status");
        if text.is_empty() { format!("{status} {reason}") } else { format!("{status} {reason}: {text}") }
    }
}

/// The first line, 200 characters at most, without control characters: it goes to a terminal.
fn one_line(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

fn wants_tls(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    text.contains("http request") && text.contains("https")
}

/// A request that got no answer, or an answer whose body broke off.
pub(super) fn transport(host: &str, subject: &str, attempts: u32, error: reqwest::Error) -> Failure {
    // The address may hold a signature (redirected downloads), so it is not shown.
    let error = error.without_url();
    let (subject, registry) = (subject.to_owned(), host.to_owned());
    match tls_error(&error) {
        Some(rustls::Error::InvalidMessage(_)) => return StoreError::NoTls { subject, registry }.into(),
        Some(rustls::Error::InvalidCertificate(why)) => {
            return StoreError::Certificate { subject, registry, detail: why.to_string() }.into();
        }
        _ => {}
    }
    let detail = chain(&error);
    if detail.contains("invalid HTTP version parsed") {
        return StoreError::WantsTls { subject, registry }.into();
    }
    let again = if error.is_builder() || error.is_redirect() { Again::Never } else { Again::Soon };
    Failure { error: StoreError::Unreachable { subject, registry, attempts, detail }, again }
}

/// An error with all its causes, each once.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let part = inner.to_string();
        if !text.ends_with(&part) {
            text = format!("{text}: {part}");
        }
        cause = inner.source();
    }
    text
}

/// The TLS failure among the causes. An I/O error hides what it wraps from `source`, and may wrap another one.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    let wrapped = wrapped.and_then(|inner| tls_error(inner));
    wrapped.or_else(|| error.source().and_then(tls_error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Failure {
        Refusal {
            host: "r.example",
            subject: "r.example/a:1",
            status: StatusCode::from_u16(status).unwrap(),
            after: None,
            body: body.as_bytes(),
            plain: true,
        }
        .failure()
    }

    #[test]
    fn the_registrys_own_words_are_shown() {
        let failure =
            refusal(403, r#"{"errors":[{"code":"DENIED","message":"no\u001b[1m push","detail":null}]}"#);
        assert_eq!(
            failure.error.to_string(),
            "r.example/a:1: denied by r.example (403 DENIED: no[1m push); ask its administrator for the right to this repository, or use another one"
        );
        assert_eq!(failure.again, Again::Never);
    }

    #[test]
    fn passing_faults_are_tried_again() {
        for status in [408, 429, 500, 502, 503, 504] {
            assert_eq!(refusal(status, "").again, Again::Soon, "{status}");
        }
        for status in [400, 401, 403, 404, 405, 413, 501] {
            assert_eq!(refusal(status, "").again, Again::Never, "{status}");
        }
    }

    #[test]
    fn plain_words_to_a_tls_server_are_recognised() {
        let failure = refusal(400, "Client sent an HTTP request to an HTTPS server.\n");
        assert!(matches!(failure.error, StoreError::WantsTls { .. }));
    }
}
