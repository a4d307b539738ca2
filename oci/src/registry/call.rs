//! A request as data: what it asks for, which rights it needs, how much it moves.

use bytes::Bytes;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};

/// A request that can be made more than once.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: Url,
    /// What it is about, for messages.
    pub(super) subject: String,
    pub(super) scopes: Vec<String>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<Bytes>,
    pub(super) size: u64,
}

impl Call {
    pub(super) fn new(method: Method, url: Url, subject: String) -> Self {
        Self { method, url, subject, scopes: Vec::new(), headers: Vec::new(), body: None, size: 0 }
    }

    /// The right that a token must give; a later one for the same repository replaces an earlier one.
    pub(super) fn scope(mut self, repository: &str, actions: &str) -> Self {
        let prefix = format!("repository:{repository}:");
        self.scopes.retain(|scope| !scope.starts_with(&prefix));
        self.scopes.push(prefix + actions);
        self
    }

    /// A value that is no header text is left out: the registry's answer then says what is missing.
    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    pub(super) fn body(mut self, bytes: Bytes) -> Self {
        self.size = bytes.len() as u64;
        self.body = Some(bytes);
        self
    }

    /// Bytes that will pass, which lengthen the time limit.
    pub(super) fn moves(mut self, bytes: u64) -> Self {
        self.size = bytes;
        self
    }
}
