//! Tokens and logins as a registry asks for them (distribution's token specification).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::credentials::Login;

/// A token without a stated life lives so long (token specification).
const DEFAULT_LIFE: u64 = 60;
/// A token is not used in the last seconds of its life.
const MARGIN: Duration = Duration::from_secs(5);

/// What a registry wants, from the header `WWW-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

impl Challenge {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut parameters = parameters(rest);
        Some(Self::Bearer { realm: parameters.remove("realm")?, service: parameters.remove("service") })
    }
}

/// `key="value"` pairs; a comma inside quotes does not divide them.
fn parameters(text: &str) -> HashMap<String, String> {
    let mut result = HashMap::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_matches([' ', ',']).to_ascii_lowercase();
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        result.insert(key, value.trim().to_owned());
        rest = next;
    }
    result
}

/// What was learned from challenges so far.
#[derive(Debug, Default)]
pub(super) struct Auth {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    challenge: Option<Challenge>,
    tokens: HashMap<String, Token>,
}

struct Token {
    header: HeaderValue,
    until: Instant,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// The answer of a token server.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// A request for a token: address, and body where a refresh token pays for it.
pub(super) struct TokenRequest {
    pub(super) url: Url,
    pub(super) header: Option<HeaderValue>,
    pub(super) form: Option<String>,
}

/// What to send along with a request.
pub(super) enum Next {
    /// This header, or nothing.
    Send(Option<HeaderValue>),
    /// Get a token first.
    Fetch(Challenge),
}

impl Auth {
    /// What is known for these scopes.
    pub(super) async fn next(&self, scopes: &str, login: Option<&Login>) -> Next {
        let state = self.state.lock().await;
        match &state.challenge {
            None => Next::Send(None),
            Some(Challenge::Basic) => Next::Send(login.and_then(basic)),
            Some(challenge) => match state.tokens.get(scopes) {
                Some(token) if token.until > Instant::now() => Next::Send(Some(token.header.clone())),
                _ => Next::Fetch(challenge.clone()),
            },
        }
    }

    /// A request was refused with this challenge: whatever was sent is worth nothing.
    pub(super) async fn challenged(&self, scopes: &str, challenge: Challenge) {
        let mut state = self.state.lock().await;
        state.challenge = Some(challenge);
        state.tokens.remove(scopes);
    }

    /// Keeps a token. `None` where the answer holds none.
    pub(super) async fn keep(&self, scopes: &str, answer: TokenAnswer) -> Option<HeaderValue> {
        let text = answer.token.or(answer.access_token).filter(|token| !token.is_empty())?;
        let mut header = HeaderValue::from_str(&format!("Bearer {text}")).ok()?;
        header.set_sensitive(true);
        let life = Duration::from_secs(answer.expires_in.unwrap_or(DEFAULT_LIFE).clamp(10, 24 * 3600));
        let token = Token { header: header.clone(), until: Instant::now() + life - MARGIN };
        self.state.lock().await.tokens.insert(scopes.to_owned(), token);
        Some(header)
    }
}

/// How to ask `realm` for a token. `None` where the realm is not an address that we may speak to: over
/// plain HTTP it may only be one of a registry that is spoken to so itself.
pub(super) fn token_request(
    realm: &str,
    service: Option<&str>,
    scopes: &str,
    login: Option<&Login>,
    plain: bool,
) -> Option<TokenRequest> {
    let mut url = Url::parse(realm).ok()?;
    if url.scheme() != "https" && !(plain && url.scheme() == "http") {
        return None;
    }
    if let Some(Login::Identity(token)) = login {
        let mut form = Url::parse("form:x").ok()?;
        form.query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "workshop")
            .append_pair("service", service.unwrap_or_default())
            .append_pair("scope", scopes)
            .append_pair("refresh_token", token);
        return Some(TokenRequest { url, header: None, form: form.query().map(str::to_owned) });
    }
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = service {
            query.append_pair("service", service);
        }
        for scope in scopes.split(' ') {
            query.append_pair("scope", scope);
        }
    }
    Some(TokenRequest { url, header: login.and_then(basic), form: None })
}

fn basic(login: &Login) -> Option<HeaderValue> {
    let Login::Basic { user, password } = login else { return None };
    let mut header =
        HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_come_apart() {
        let text = r#"Bearer realm="https://auth.example/token?a=b",service="r.example",scope="repository:a:pull,push",error="x""#;
        assert_eq!(
            Challenge::parse(text),
            Some(Challenge::Bearer {
                realm: "https://auth.example/token?a=b".into(),
                service: Some("r.example".into())
            })
        );
        assert_eq!(Challenge::parse(r#"basic realm="x""#), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Negotiate"), None);
        assert_eq!(Challenge::parse("Bearer service=x"), None);
    }

    #[test]
    fn a_token_is_asked_for_with_every_scope() {
        let scopes = "repository:a:pull,push repository:b:pull";
        let request = token_request("https://auth.example/t", Some("s"), scopes, None, false).unwrap();
        assert_eq!(
            request.url.as_str(),
            "https://auth.example/t?service=s&scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull"
        );
        assert!(token_request("http://auth.example/t", None, scopes, None, false).is_none());
        assert!(token_request("http://auth.example/t", None, scopes, None, true).is_some());
    }
}
