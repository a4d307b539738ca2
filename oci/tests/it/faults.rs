//! Registries that ask for a login, are busy, break off or lie.

use std::time::Duration;

use oci::{
    Blob, Credentials, Descriptor, NoProgress, RawManifest, Registry, RegistryOptions, Store, StoreError,
    Target, media,
};

use crate::scripted::{Scripted, answer};

const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#;
const ERROR: &str = r#"{"errors":[{"code":"DENIED","message":"requested access is denied"}]}"#;

fn manifest() -> axum::response::Response {
    answer(200, &[("content-type", media::MANIFEST)], MANIFEST)
}

fn blob(text: &'static str) -> (Descriptor, Blob) {
    (Descriptor::of("x", text.as_bytes()), Blob::Bytes(text.into()))
}

/// Asks for a token of its own host, which gives out `token-<scopes>`.
fn with_tokens(seen: &crate::scripted::Seen, host: &str) -> Option<axum::response::Response> {
    if let Some(query) = seen.line.strip_prefix("GET /token?") {
        let scopes = query.split('&').filter(|part| part.starts_with("scope=")).collect::<Vec<_>>().join("+");
        let scopes = scopes.replace(['=', '%', ','], "-");
        return Some(answer(200, &[], format!(r#"{{"token":"{scopes}","expires_in":300}}"#)));
    }
    if seen.authorization.is_some() {
        return None;
    }
    let challenge = format!(r#"Bearer realm="http://{host}/token",service="test",scope="x""#);
    Some(answer(401, &[("www-authenticate", &challenge)], ""))
}

#[tokio::test]
async fn a_token_is_fetched_once_for_each_scope() {
    let host = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let known = host.clone();
    let server = Scripted::start(move |seen, _| {
        with_tokens(seen, known.get().unwrap()).unwrap_or_else(|| match seen.line.split(' ').next() {
            Some("POST") => answer(201, &[], ""),
            _ => manifest(),
        })
    })
    .await;
    host.set(server.host.clone()).unwrap();
    let mut credentials = Credentials::default();
    credentials.insert(&server.host, "ana", "secret");
    let store = server.open_with(credentials);
    store.read_manifest("team/a", Target::Tag("1")).await.unwrap();
    store.read_manifest("team/a", Target::Tag("1")).await.unwrap();
    let (descriptor, _) = blob("x");
    assert!(store.mount_blob("team/a", &descriptor.digest, "team/base").await.unwrap());

    let seen = server.seen();
    let tokens: Vec<_> = seen.iter().filter(|seen| seen.line.starts_with("GET /token")).collect();
    assert_eq!(tokens.len(), 2, "{seen:?}");
    assert!(tokens.iter().all(|seen| seen.authorization.as_deref() == Some("Basic YW5hOnNlY3JldA==")));
    // A mount needs the right to read the other repository too.
    assert_eq!(
        tokens[1].line,
        "GET /token?service=test&scope=repository%3Ateam%2Fa%3Apull%2Cpush&scope=repository%3Ateam%2Fbase%3Apull"
    );
    let refused = seen.iter().filter(|seen| seen.authorization.is_none()).count();
    assert_eq!(refused, 1, "only the first request goes without: {seen:?}");
}

#[tokio::test]
async fn a_wrong_login_is_sent_once_and_named() {
    let server = Scripted::start(|_, _| answer(401, &[("www-authenticate", "Basic realm=\"x\"")], "")).await;
    let mut credentials = Credentials::default();
    credentials.insert(&server.host, "ana", "wrong");
    let error = server.open_with(credentials).resolve("a", Target::Tag("1")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{0}/a:1: {0} wants a login (401 Unauthorized); log in to {0} with your container tool, so that its configuration file holds the credentials",
            server.host
        )
    );
    assert_eq!(server.lines().len(), 2);
    let error = server.open().resolve("a", Target::Tag("1")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unauthorised { .. }), "{error}");
    assert_eq!(server.lines().len(), 3, "without a login there is nothing to try");
}

#[tokio::test]
async fn no_is_not_asked_again() {
    let server = Scripted::start(|_, _| answer(403, &[], ERROR)).await;
    let (descriptor, content) = blob("x");
    let error = server.open().push_blob("a", &descriptor, &content, &NoProgress).await.unwrap_err();
    assert!(error.to_string().contains("(403 DENIED: requested access is denied)"), "{error}");
    assert_eq!(server.lines(), ["POST /v2/a/blobs/uploads/"]);
}

#[tokio::test]
async fn passing_faults_are_waited_out() {
    let server = Scripted::start(|_, count| match count {
        0 => answer(503, &[], ""),
        1 => answer(429, &[("retry-after", "0")], ""),
        2 => answer(500, &[], ""),
        _ => manifest(),
    })
    .await;
    let found = server.open().read_manifest("a", Target::Tag("1")).await.unwrap();
    assert_eq!(found.bytes, MANIFEST);
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn a_pause_beyond_the_bound_is_told_instead_of_waited() {
    let server = Scripted::start(|_, _| answer(429, &[("retry-after", "3600")], "slow down")).await;
    let store = server.open();
    let asked = tokio::time::timeout(Duration::from_secs(60), store.resolve("a", Target::Tag("1")));
    let error = asked.await.expect("an answer before the pause ends").unwrap_err();
    let message = error.to_string();
    assert!(message.contains("429 Too Many Requests") && message.contains("again in 3600 s"), "{message}");
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_begins_again() {
    let server = Scripted::start(|seen, count| match seen.line.split(' ').next() {
        Some("POST") => answer(202, &[("location", &format!("/upload/{count}?state=s"))], ""),
        _ if count < 2 => answer(502, &[], ""),
        _ => answer(201, &[], ""),
    })
    .await;
    let (descriptor, content) = blob("content");
    server.open().push_blob("a", &descriptor, &content, &NoProgress).await.unwrap();
    let digest = descriptor.digest.as_str().replace(':', "%3A");
    assert_eq!(
        server.lines(),
        [
            "POST /v2/a/blobs/uploads/".to_owned(),
            format!("PUT /upload/0?state=s&digest={digest}"),
            "POST /v2/a/blobs/uploads/".to_owned(),
            format!("PUT /upload/2?state=s&digest={digest}"),
        ]
    );
}

#[tokio::test]
async fn a_mount_that_becomes_an_upload_is_closed() {
    let server = Scripted::start(|seen, _| match seen.line.split(' ').next() {
        Some("POST") => answer(202, &[("location", "/v2/a/blobs/uploads/id")], ""),
        _ => answer(204, &[], ""),
    })
    .await;
    let (descriptor, _) = blob("x");
    assert!(!server.open().mount_blob("a", &descriptor.digest, "b").await.unwrap());
    assert_eq!(server.lines()[1], "DELETE /v2/a/blobs/uploads/id");
}

#[tokio::test]
async fn a_mount_that_is_refused_is_no_failure() {
    for status in [400, 401, 403, 404, 405] {
        let server = Scripted::start(move |_, _| answer(status, &[], "")).await;
        let (descriptor, _) = blob("x");
        assert!(!server.open().mount_blob("a", &descriptor.digest, "b").await.unwrap(), "{status}");
    }
}

#[tokio::test]
async fn other_bytes_than_asked_for_are_refused() {
    let server = Scripted::start(|seen, _| match seen.line.contains("/blobs/") {
        true => answer(200, &[], "other"),
        false => manifest(),
    })
    .await;
    let store = server.open();
    let (descriptor, _) = blob("bytes");
    let error = store.read_blob("a", &descriptor, 100).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { size: 5, .. }), "{error}");
    let error = store.read_manifest("a", Target::Digest(&descriptor.digest)).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    // More than was promised is not even read to its end.
    let (short, _) = blob("x");
    let error = store.read_blob("a", &short, 100).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { limit: 1, .. }), "{error}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_read_again() {
    let server = Scripted::start(|_, count| match count {
        0 => {
            let broken = futures::stream::iter([Ok("{\"schema"), Err("broken")]);
            answer(200, &[("content-type", media::MANIFEST)], axum::body::Body::from_stream(broken))
        }
        _ => manifest(),
    })
    .await;
    assert_eq!(server.open().read_manifest("a", Target::Tag("1")).await.unwrap().bytes, MANIFEST);
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_stalled_answer_ends_by_its_limit() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    let mut options = RegistryOptions::default();
    options.limits.request = Duration::from_millis(50);
    options.limits.attempts = 2;
    let store = Registry::open(&host, &options).unwrap();
    // Connections are taken by the system; nobody ever answers.
    let error = store.resolve("a", Target::Tag("1")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { attempts: 2, .. }), "{error}");
    drop(listener);
}

#[tokio::test]
async fn a_registry_without_the_usual_headers_is_understood() {
    let server = Scripted::start(|_, _| answer(200, &[("content-type", "text/plain")], MANIFEST)).await;
    let found = server.open().resolve("a", Target::Tag("1")).await.unwrap().unwrap();
    assert_eq!(found, Descriptor::of(media::MANIFEST, MANIFEST.as_bytes()));
    assert_eq!(server.lines(), ["HEAD /v2/a/manifests/1", "GET /v2/a/manifests/1"]);
}

#[tokio::test]
async fn a_token_goes_to_nobody_else() {
    let other = Scripted::start(|_, _| answer(201, &[], "")).await;
    let elsewhere = format!("http://{}/upload", other.host);
    let server = Scripted::start(move |seen, _| match &seen.authorization {
        None => answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
        Some(_) => answer(202, &[("location", &elsewhere)], ""),
    })
    .await;
    let mut credentials = Credentials::default();
    credentials.insert(&server.host, "ana", "secret");
    let (descriptor, content) = blob("x");
    server.open_with(credentials).push_blob("a", &descriptor, &content, &NoProgress).await.unwrap();
    assert_eq!(other.seen().len(), 1);
    assert_eq!(other.seen()[0].authorization, None);
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let server = Scripted::start(|_, _| {
        let piece = vec![b' '; 1 << 20];
        let endless = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(piece.clone()));
        answer(200, &[("content-type", media::MANIFEST)], axum::body::Body::from_stream(endless))
    })
    .await;
    let error = server.open().read_manifest("a", Target::Tag("1")).await.unwrap_err();
    assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_manifest_of_an_unknown_kind_is_named() {
    let raw = RawManifest {
        descriptor: Descriptor::of("application/vnd.docker.distribution.manifest.v1+json", b"{}"),
        bytes: "{}".into(),
    };
    let message = raw.parse().unwrap_err().to_string();
    assert!(message.contains("application/vnd.docker.distribution.manifest.v1+json"), "{message}");
}
