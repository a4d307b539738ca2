//! The fault proxy before a real API server: each fault as a client meets it.

use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use testing::proxy::{Action, Fault, FaultProxy, Gate, Identity, Trigger, Upstream, When};
use tokio::time::timeout;

use crate::world;

/// Longest wait for what comes at once.
const SOON: Duration = Duration::from_secs(10);
/// Long enough to see that nothing comes.
const SILENCE: Duration = Duration::from_millis(300);

struct Rig {
    folder: tempfile::TempDir,
    proxy: FaultProxy,
    identity: Identity,
    maps: Api<ConfigMap>,
}

async fn rig() -> Rig {
    let folder = tempfile::tempdir().unwrap();
    let config = world::config().await;
    let proxy = FaultProxy::new(folder.path()).unwrap();
    let identity = proxy.identity("tester", Upstream::new(config)).await.unwrap();
    let maps = Api::namespaced(client(&identity).await, "default");
    Rig { folder, proxy, identity, maps }
}

/// A client that tries once only.
async fn client(identity: &Identity) -> Client {
    let kubeconfig = Kubeconfig::read_from(identity.kubeconfig()).unwrap();
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

fn map(name: &str) -> ConfigMap {
    let mut map = ConfigMap::default();
    map.metadata.name = Some(name.to_owned());
    map
}

impl Rig {
    fn arm(&self, trigger: Trigger, action: Action) {
        self.proxy.rules().arm(&[Fault { trigger, action }], 1);
    }

    async fn create(&self, name: &str) -> Result<ConfigMap, kube::Error> {
        timeout(SOON, self.maps.create(&PostParams::default(), &map(name))).await.unwrap()
    }

    async fn exists(&self, name: &str) -> bool {
        let maps: Api<ConfigMap> = Api::namespaced(world::client().await, "default");
        maps.get_opt(name).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn what_passes_is_logged() {
    let rig = rig().await;
    let made = rig.create("proxy-log").await.unwrap();
    let params = WatchParams::default().fields("metadata.name=proxy-log");
    let mut watch = rig.maps.watch(&params, "0").await.unwrap().boxed();
    let first = timeout(SOON, watch.next()).await.unwrap().unwrap().unwrap();
    assert!(matches!(first, WatchEvent::Added(_)), "{first:?}");
    rig.maps.delete("proxy-log", &DeleteParams::default()).await.unwrap();
    let entries = rig.proxy.log().since(0);
    let verbs: Vec<_> = entries.iter().map(|entry| entry.call.verb.as_str()).collect();
    assert_eq!(verbs, ["create", "watch", "delete"]);
    let create = &entries[0];
    assert_eq!((create.call.identity.as_str(), create.code), ("tester", Some(201)));
    assert_eq!((create.call.resource.as_str(), create.call.name.as_str()), ("configmaps", "proxy-log"));
    assert_eq!(create.resource_version, made.metadata.resource_version);
    let events = rig.proxy.log().events();
    assert_eq!((events[0].kind.as_str(), events[0].name.as_str()), ("ADDED", "proxy-log"));
    let file = rig.folder.path().join("log");
    rig.proxy.log().write(&file).unwrap();
    assert!(std::fs::read_to_string(file).unwrap().contains(r#""verb":"create","#));
}

#[tokio::test]
async fn a_reply_before_the_forward_changes_nothing_and_after_the_commit_something() {
    let rig = rig().await;
    let reply =
        |code| Action::Reply { code, headers: [("retry-after".into(), "1".into())].into(), body: None };
    rig.arm(Trigger::write(), reply(429));
    let refused = rig.create("proxy-reply").await.unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.code == 429), "{refused:?}");
    assert!(!rig.exists("proxy-reply").await);
    rig.arm(Trigger { when: When::AfterCommit, ..Trigger::write() }, reply(504));
    let refused = rig.create("proxy-reply").await.unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.code == 504), "{refused:?}");
    assert!(rig.exists("proxy-reply").await);
    assert_eq!(rig.proxy.rules().struck(), [1]);
    assert!(rig.create("proxy-reply-2").await.is_ok(), "one strike only");
}

#[tokio::test]
async fn a_reset_is_an_error_of_the_connection() {
    let rig = rig().await;
    rig.arm(Trigger::write(), Action::Reset {});
    assert!(!matches!(rig.create("proxy-reset").await.unwrap_err(), kube::Error::Api(_)));
    assert!(!rig.exists("proxy-reset").await);
    rig.arm(Trigger { when: When::AfterCommit, ..Trigger::write() }, Action::Reset {});
    assert!(!matches!(rig.create("proxy-reset").await.unwrap_err(), kube::Error::Api(_)));
    assert!(rig.exists("proxy-reset").await);
}

#[tokio::test]
async fn answers_are_cut_held_strange_and_huge() {
    let rig = rig().await;
    let get = || async { timeout(SOON, rig.maps.get("kube-root-ca.crt")).await.unwrap() };
    rig.create("proxy-cut").await.unwrap();
    let read = || async { timeout(SOON, rig.maps.get("proxy-cut")).await.unwrap() };
    rig.arm(Trigger::default(), Action::Truncate { bytes: 20 });
    assert!(matches!(read().await.unwrap_err(), kube::Error::SerdeError(_)));
    let page = Action::Reply { code: 200, headers: [].into(), body: Some("<html>".to_owned()) };
    rig.arm(Trigger::default(), page);
    assert!(matches!(read().await.unwrap_err(), kube::Error::SerdeError(_)));
    rig.arm(Trigger::default(), Action::Huge { mebibytes: 3 });
    assert!(get().await.is_err());
    rig.arm(Trigger::default(), Action::Hold { millis: None });
    assert!(timeout(SILENCE, rig.maps.get("proxy-cut")).await.is_err());
    rig.arm(Trigger::default(), Action::Hold { millis: Some(300) });
    assert!(timeout(SILENCE / 3, rig.maps.get("proxy-cut")).await.is_err());
    assert!(read().await.is_ok());
}

/// News of one object, without the bookmarks between them.
async fn news(rig: &Rig) -> impl futures::Stream<Item = kube::Result<WatchEvent<ConfigMap>>> + Unpin {
    let params = WatchParams::default().fields("metadata.name=proxy-watch");
    let watch = rig.maps.watch(&params, "0").await.unwrap();
    let is_news = |event: &kube::Result<WatchEvent<ConfigMap>>| !matches!(event, Ok(WatchEvent::Bookmark(_)));
    watch.filter(move |event| std::future::ready(is_news(event))).boxed()
}

#[tokio::test]
async fn a_watch_ends_falls_silent_and_is_gone() {
    let rig = rig().await;
    let of_event =
        Trigger { name: Some("proxy-watch".into()), when: When::BeforeEvent, ..Trigger::default() };
    rig.arm(Trigger::default(), Action::EndWatch { millis: 100 });
    let mut watch = news(&rig).await;
    let end = timeout(SOON, watch.next()).await.unwrap();
    assert!(end.is_none(), "{end:?}");

    rig.arm(of_event.clone(), Action::Gone {});
    let mut watch = news(&rig).await;
    rig.create("proxy-watch").await.unwrap();
    let event = timeout(SOON, watch.next()).await.unwrap().unwrap();
    assert!(matches!(&event, Ok(WatchEvent::Error(status)) if status.code == 410), "{event:?}");

    rig.arm(of_event, Action::Hold { millis: Some(400) });
    let mut watch = news(&rig).await;
    assert!(timeout(SILENCE, watch.next()).await.is_err(), "held");
    assert!(matches!(timeout(SOON, watch.next()).await.unwrap(), Some(Ok(WatchEvent::Added(_)))));

    rig.arm(Trigger { verb: Some("watch".into()), ..Trigger::default() }, Action::Silence { millis: 0 });
    let mut watch = news(&rig).await;
    assert!(timeout(SILENCE, watch.next()).await.is_err(), "silent");
}

#[tokio::test]
async fn a_program_is_killed_at_the_exact_write() {
    let rig = rig().await;
    for (when, name, written) in [
        (When::BeforeForward, "proxy-kill-1", false),
        (When::AfterCommit, "proxy-kill-2", true),
        (When::AfterReply, "proxy-kill-3", true),
    ] {
        let mut program = tokio::process::Command::new("sleep")
            .arg("600")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        rig.identity.set_process(program.id());
        rig.arm(Trigger { when, ..Trigger::write() }, Action::Kill {});
        let answer = timeout(SILENCE, rig.maps.create(&PostParams::default(), &map(name))).await;
        assert_eq!(answer.is_ok(), when == When::AfterReply, "{when:?}");
        let status = timeout(SOON, program.wait()).await.unwrap().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{when:?}");
        assert_eq!(rig.exists(name).await, written, "{when:?}");
    }
}

#[tokio::test]
async fn an_identity_is_cut_off_and_comes_back() {
    let rig = rig().await;
    rig.create("proxy-gate").await.unwrap();
    rig.identity.set_gate(Gate::Silent);
    assert!(timeout(SILENCE, rig.maps.get("proxy-gate")).await.is_err());
    rig.identity.set_gate(Gate::Refused);
    assert!(timeout(SOON, rig.maps.get("proxy-gate")).await.unwrap().is_err());
    let other = rig.proxy.identity("other", Upstream::new(world::config().await)).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client(&other).await, "default");
    assert!(timeout(SOON, maps.get("proxy-gate")).await.unwrap().is_ok(), "nobody else is");
    rig.identity.set_gate(Gate::Open);
    assert!(timeout(SOON, rig.maps.get("proxy-gate")).await.unwrap().is_ok());
}

#[tokio::test]
async fn an_old_token_is_refused() {
    let rig = rig().await;
    rig.create("proxy-token").await.unwrap();
    rig.identity.rotate_token().unwrap();
    let refused = rig.maps.get("proxy-token").await.unwrap_err();
    assert!(matches!(&refused, kube::Error::Api(status) if status.code == 401), "{refused:?}");
    let fresh: Api<ConfigMap> = Api::namespaced(client(&rig.identity).await, "default");
    assert!(fresh.get("proxy-token").await.is_ok());
}

#[tokio::test]
async fn a_stranger_with_another_certificate_is_not_believed() {
    let rig = rig().await;
    rig.create("proxy-strange").await.unwrap();
    rig.arm(Trigger::default(), Action::Strange { millis: 400 });
    // The connection of this very request is reset with all others.
    assert!(timeout(SOON, rig.maps.get("proxy-strange")).await.unwrap().is_err());
    assert!(timeout(SOON, rig.maps.get("proxy-strange")).await.unwrap().is_err());
    let come_back = async {
        while rig.maps.get("proxy-strange").await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, come_back).await.unwrap();
}
