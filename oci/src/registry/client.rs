//! One registry's connections: requests with authorisation, time limits and attempts.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Method, Response, Url, redirect};

use super::auth::{Auth, Challenge, Next, TokenAnswer, token_request};
use super::call::Call;
use super::credentials::Login;
use super::failure::{Again, Failure, Refusal, transport};
use super::host::is_plain_http;
use super::retry::retry;
use super::trust;
use super::{Limits, RegistryOptions};
use crate::check;
use crate::error::StoreError;

/// Most bytes of an error's body that are read.
const ERROR_LIMIT: u64 = 64 << 10;
const TOKEN_LIMIT: u64 = 256 << 10;
/// Slowest transfer that is waited for, in bytes a second.
const SLOWEST: u64 = 128 << 10;

#[derive(Debug)]
pub(super) struct Client {
    host: String,
    base: Url,
    login: Option<Login>,
    authorities: Vec<PathBuf>,
    limits: Limits,
    auth: Auth,
    plain: OnceLock<reqwest::Client>,
    tls: OnceLock<reqwest::Client>,
}

impl Client {
    pub(super) fn new(host: &str, options: &RegistryOptions) -> Result<Self, StoreError> {
        let mut authorities = trust::files_for(host);
        // Who gave a near host a certificate wants it to be used.
        let named = options.insecure.iter().any(|known| known == host);
        let plain = is_plain_http(host, &options.insecure) && (named || authorities.is_empty());
        authorities.extend(options.authorities.iter().cloned());
        let scheme = if plain { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{host}/v2/")).ok();
        let base = base.filter(|url| url.path() == "/v2/" && url.username().is_empty() && !host.is_empty());
        let Some(base) = base else {
            return Err(StoreError::Setting {
                subject: format!("registry \"{host}\""),
                detail: "is not a host with an optional port; write it as in registry.example:5000"
                    .to_owned(),
            });
        };
        let login = options.credentials.for_host(host).cloned();
        let (plain, tls) = (OnceLock::new(), OnceLock::new());
        Ok(Self {
            host: host.to_owned(),
            base,
            login,
            authorities,
            limits: options.limits,
            auth: Auth::default(),
            plain,
            tls,
        })
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    fn is_plain(&self) -> bool {
        self.base.scheme() == "http"
    }

    /// A call to `path` below `/v2/`.
    pub(super) fn call(&self, method: Method, path: &str, subject: String) -> Result<Call, StoreError> {
        self.call_at(method, path, &self.base, subject)
    }

    /// A call to a location that an answer gave, absolute or relative to `base`.
    pub(super) fn call_at(
        &self,
        method: Method,
        location: &str,
        base: &Url,
        subject: String,
    ) -> Result<Call, StoreError> {
        let url = base.join(location).ok().filter(|url| url.scheme() == "https" || self.is_plain());
        let Some(url) = url else {
            let detail = "with a location that cannot be used".to_owned();
            return Err(StoreError::Answer { subject, registry: self.host.clone(), detail });
        };
        Ok(Call::new(method, url, subject))
    }

    /// Makes attempts until one succeeds, makes no sense, or was the last.
    pub(super) async fn retry<T, F>(&self, attempt: impl FnMut() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        retry(&self.limits, attempt).await
    }

    /// One attempt. An answer with another status than the `wanted` ones is a failure.
    pub(super) async fn once(&self, call: &Call, wanted: &[u16]) -> Result<Response, Failure> {
        let body = || call.body.clone().map(|bytes| (bytes.len() as u64, reqwest::Body::from(bytes)));
        self.once_with(call, wanted, body).await
    }

    /// As [`Self::once`], with a body made anew for each time that it is sent.
    pub(super) async fn once_with(
        &self,
        call: &Call,
        wanted: &[u16],
        mut body: impl FnMut() -> Option<(u64, reqwest::Body)>,
    ) -> Result<Response, Failure> {
        let scopes = call.scopes.join(" ");
        let mut challenged = false;
        loop {
            let authorization = self.authorization(call, &scopes).await?;
            let response = self.send(call, authorization, body()).await?;
            let status = response.status();
            if wanted.contains(&status.as_u16()) {
                return Ok(response);
            }
            let challenge = header(&response, WWW_AUTHENTICATE.as_str()).and_then(Challenge::parse);
            match challenge {
                // A login that is refused is not sent again.
                Some(challenge) if status == 401 && !challenged => {
                    challenged = true;
                    let helpless = challenge == Challenge::Basic && self.login.is_none();
                    if helpless {
                        return Err(self.refusal(&call.subject, response).await);
                    }
                    self.auth.challenged(&scopes, challenge).await;
                }
                _ => return Err(self.refusal(&call.subject, response).await),
            }
        }
    }

    async fn send(
        &self,
        call: &Call,
        authorization: Option<HeaderValue>,
        body: Option<(u64, reqwest::Body)>,
    ) -> Result<Response, Failure> {
        let mut request = self.http(&call.url)?.request(call.method.clone(), call.url.clone());
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        // An upload's location may lie with somebody else, who must not learn the token.
        if let Some(value) = authorization.filter(|_| call.url.origin() == self.base.origin()) {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some((size, body)) = body {
            request = request.header(CONTENT_LENGTH, size).body(body);
        } else if call.method == Method::POST || call.method == Method::PUT {
            request = request.header(CONTENT_LENGTH, 0);
        }
        let limit = self.limits.request + Duration::from_secs(call.size / SLOWEST);
        request.timeout(limit).send().await.map_err(|error| transport(&self.host, &call.subject, 1, error))
    }

    async fn authorization(&self, call: &Call, scopes: &str) -> Result<Option<HeaderValue>, Failure> {
        let Challenge::Bearer { realm, service } = (match self.auth.next(scopes, self.login.as_ref()).await {
            Next::Send(header) => return Ok(header),
            Next::Fetch(challenge) => challenge,
        }) else {
            return Ok(None);
        };
        let refused = |detail: String| StoreError::Unauthorised {
            subject: call.subject.clone(),
            registry: self.host.clone(),
            detail,
        };
        let login = self.login.as_ref();
        let Some(wanted) = token_request(&realm, service.as_deref(), scopes, login, self.is_plain()) else {
            return Err(refused("its token server has an address that is not safe".to_owned()).into());
        };
        let http = self.http(&wanted.url)?;
        let mut request = match wanted.form {
            Some(form) => {
                http.post(wanted.url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form)
            }
            None => http.get(wanted.url),
        };
        if let Some(value) = wanted.header {
            request = request.header(AUTHORIZATION, value);
        }
        let sent = request.timeout(self.limits.request).send().await;
        let response = sent.map_err(|error| transport(&self.host, &call.subject, 1, error))?;
        if !response.status().is_success() {
            return Err(self.refusal(&call.subject, response).await);
        }
        let bytes = self.body(call, response, TOKEN_LIMIT).await?;
        let answer: TokenAnswer = serde_json::from_slice(&bytes)
            .map_err(|error| refused(format!("the token server's answer cannot be read: {error}")))?;
        let kept = self.auth.keep(scopes, answer).await;
        kept.map(Some).ok_or_else(|| refused("the token server's answer holds no token".to_owned()).into())
    }

    /// The failure that an unwanted answer is.
    pub(super) async fn refusal(&self, subject: &str, response: Response) -> Failure {
        let status = response.status();
        let after = header(&response, RETRY_AFTER.as_str()).and_then(|text| text.trim().parse().ok());
        let body = self.read(subject, response, ERROR_LIMIT).await.unwrap_or_default();
        let (host, plain) = (self.host.as_str(), self.is_plain());
        Refusal { host, subject, status, after: after.map(Duration::from_secs), body: &body, plain }.failure()
    }

    /// One attempt to read a whole body.
    pub(super) async fn fetch(&self, call: &Call, limit: u64) -> Result<Bytes, Failure> {
        let response = self.once(call, &[200]).await?;
        self.body(call, response, limit).await
    }

    pub(super) async fn body(&self, call: &Call, response: Response, limit: u64) -> Result<Bytes, Failure> {
        self.read(&call.subject, response, limit).await
    }

    async fn read(&self, subject: &str, mut response: Response, limit: u64) -> Result<Bytes, Failure> {
        let mut result = Vec::new();
        while let Some(piece) = self.piece(subject, &mut response).await? {
            check::within(subject, result.len() as u64 + piece.len() as u64, limit)?;
            result.extend_from_slice(&piece);
        }
        Ok(result.into())
    }

    /// The next bytes of a body; a body that stalls is a broken connection.
    pub(super) async fn piece(
        &self,
        subject: &str,
        response: &mut Response,
    ) -> Result<Option<Bytes>, Failure> {
        match tokio::time::timeout(self.limits.stall, response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(transport(&self.host, subject, 1, error)),
            Err(_) => Err(Failure {
                error: StoreError::Unreachable {
                    subject: subject.to_owned(),
                    registry: self.host.clone(),
                    attempts: 1,
                    detail: format!("no byte for {} s", self.limits.stall.as_secs()),
                },
                again: Again::Soon,
            }),
        }
    }

    /// Connections for an address. Loading the trust roots takes a tenth of a second, so a plain
    /// registry never does.
    fn http(&self, url: &Url) -> Result<&reqwest::Client, StoreError> {
        let plain = url.scheme() == "http";
        let cell = if plain { &self.plain } else { &self.tls };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        // Fails where the program has installed a provider of its own, which is then used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.limits.connect)
            .user_agent(concat!("workshop/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::custom(never_to_plain));
        if plain {
            builder = builder.no_proxy().tls_certs_only([]);
        } else {
            builder = builder.tls_certs_merge(trust::read(&self.authorities)?);
        }
        let client = builder.build().map_err(|error| StoreError::Setting {
            subject: format!("registry \"{}\"", self.host),
            detail: format!("cannot prepare connections: {error}; check the certificates of this machine"),
        })?;
        Ok(cell.get_or_init(|| client))
    }
}

/// A download may be sent elsewhere, but never out of TLS.
fn never_to_plain(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let was_tls = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
    if attempt.previous().len() > 5 || (was_tls && attempt.url().scheme() != "https") {
        return attempt.error("redirected too often, or from TLS to plain HTTP");
    }
    attempt.follow()
}

/// A header's text.
pub(super) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What a client that speaks `scheme` makes of a server that answers every connection with `answer`.
    async fn spoken_to(scheme: &str, answer: &'static [u8]) -> StoreError {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let mut client = Client::new(&host, &RegistryOptions::default()).unwrap();
        client.base = Url::parse(&format!("{scheme}://{host}/v2/")).unwrap();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = connection.read(&mut request).await;
                let _ = connection.write_all(answer).await;
            }
        });
        let call = client.call(Method::GET, "a/manifests/1", format!("{host}/a:1")).unwrap();
        client.retry(|| client.once(&call, &[200])).await.unwrap_err()
    }

    #[tokio::test]
    async fn tls_to_a_plain_registry_names_the_way_out() {
        let error = spoken_to("https", b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        assert!(matches!(error, StoreError::NoTls { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn plain_words_to_a_tls_registry_name_the_way_out() {
        // A TLS alert: "unexpected message".
        let error = spoken_to("http", b"\x15\x03\x01\x00\x02\x02\x0a").await;
        assert!(matches!(error, StoreError::WantsTls { .. }), "{error:?}");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for host in ["", "a/b", "user@host", "host:port", "a b", "host?x"] {
            assert!(Client::new(host, &RegistryOptions::default()).is_err(), "{host:?}");
        }
    }
}
