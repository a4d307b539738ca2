//! The text as a scraper reads it: names, units, labels, and how many series there are.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::conditions::reason;
use api::v1::Phase;
use kube::client::Body;
use tower::{Layer, Service};

use super::*;
use crate::instance::Stage;
use crate::instance::tests::fixture::{Fixture, digest, progress};
use crate::instance::tests::stores::{shown, stores_of};

/// Labels that may be there at all. Whoever adds one thinks of how many values it has.
const LABELS: [&str; 10] =
    ["phase", "kind", "result", "launch", "reason", "controller", "verb", "resource", "version", "le"];

/// The page of an operator that has seen everything there is to count, with 1,000 instances.
pub async fn full_page() -> String {
    let metrics = Metrics::default();
    for kind in ["forward", "back", "reset", "other"] {
        metrics.families.step_seconds.get_or_create(&[("kind", kind)]).observe(0.3);
    }
    for launch in ["warm", "cold"] {
        metrics.families.start_seconds.get_or_create(&[("launch", launch)]).observe(3.0);
    }
    for reason in reason::ALL {
        metrics.families.failures.get_or_create(&[("reason", reason)]).inc();
    }
    for result in ["succeeded", "failed"] {
        metrics.families.transitions.get_or_create(&[("result", result)]).inc();
    }
    for controller in [Controller::Instance, Controller::Template] {
        metrics.reconciled(controller, Duration::from_millis(3));
        for class in ["stale", "transient", "lasting"] {
            metrics.failed(controller, class);
        }
    }
    metrics.pulled(PullResult::Succeeded, Some(Duration::from_secs(4)));
    metrics.pulled(PullResult::Failed, None);
    requests_of_a_life(&metrics).await;
    let fixture = Fixture::new();
    let mut stores = stores_of(&fixture);
    stores.instances = shown((0..1000).map(played).collect());
    let server = crate::instance::tests::server::Server::default();
    crate::Context::new(server.client(), fixture.config, stores, metrics).metrics_text()
}

/// The instance of this number, in one of the phases.
fn played(number: usize) -> api::v1::WorkspaceInstance {
    let phases = [Phase::Running, Phase::Transitioning, Phase::Failed, Phase::Suspended];
    let mut fixture = Fixture::new().proven("one", 1);
    fixture.instance["metadata"]["name"] = format!("ana-{number}").into();
    fixture.status.as_mut().unwrap().phase = phases.get(number % 5).copied();
    fixture.object()
}

/// Every request of the operator, each answered well, and in three bad ways.
async fn requests_of_a_life(metrics: &Metrics) {
    let instance = "/apis/workshop.platform/v1/namespaces/monday/workspaceinstances";
    let ws = "/api/v1/namespaces/ws-1";
    let mut asked: Vec<(&str, String)> = vec![
        ("POST", "/api/v1/namespaces".into()),
        ("PATCH", ws.into()),
        ("DELETE", ws.into()),
        ("GET", ws.into()),
        ("POST", format!("{ws}/pods")),
        ("PATCH", format!("{ws}/pods/workspace")),
        ("DELETE", format!("{ws}/pods/workspace")),
        ("GET", format!("{ws}/secrets/a")),
        ("PATCH", format!("{ws}/secrets/a")),
        ("PATCH", format!("{instance}/ana")),
        ("GET", format!("{instance}/ana")),
        ("PATCH", format!("{instance}/ana/status")),
        ("PATCH", "/apis/workshop.platform/v1/workspacetemplates/shell/status".into()),
        ("POST", "/apis/events.k8s.io/v1/namespaces/monday/events".into()),
        ("PATCH", "/apis/events.k8s.io/v1/namespaces/monday/events/ana.1".into()),
        ("GET", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b".into()),
        ("POST", "/apis/coordination.k8s.io/v1/namespaces/a/leases".into()),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/a/leases/b".into()),
    ];
    for kind in ["resourcequotas", "limitranges", "serviceaccounts", "networkpolicies", "rolebindings"] {
        asked.push(("PATCH", format!("{ws}/{kind}/workspace")));
    }
    for kind in ["pods", "namespaces", "nodes", "resourcequotas", "limitranges", "serviceaccounts"] {
        asked.push(("GET", format!("/api/v1/{kind}")));
        asked.push(("GET", format!("/api/v1/{kind}?watch=true")));
    }
    for path in [
        "workshop.platform/v1/workspaceinstances",
        "workshop.platform/v1/workspacetemplates",
        "networking.k8s.io/v1/networkpolicies",
        "rbac.authorization.k8s.io/v1/rolebindings",
    ] {
        asked.push(("GET", format!("/apis/{path}")));
        asked.push(("GET", format!("/apis/{path}?watch=true")));
    }
    for (method, path) in &asked {
        answered(metrics, method, path, 200).await;
    }
    for (method, path) in asked.iter().filter(|(method, _)| *method != "GET") {
        for code in [409, 500] {
            answered(metrics, method, path, code).await;
        }
    }
}

async fn answered(metrics: &Metrics, method: &str, path: &str, code: u16) {
    let inner = tower::service_fn(move |_: http::Request<Body>| async move {
        http::Response::builder().status(code).body(())
    });
    let request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    metrics.requests().layer().layer(inner).call(request).await.unwrap();
}

/// Name and labels of every sample.
fn samples(page: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        value.parse::<f64>().unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').unwrap();
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap();
            (key.to_owned(), value.trim_matches('"').to_owned())
        };
        (name.to_owned(), labels.split(',').filter(|text| !text.is_empty()).map(pair).collect())
    };
    lines.map(sample).collect()
}

/// Kind of every metric, by the name of its family.
fn kinds(page: &str) -> BTreeMap<String, String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    types.map(|line| line.split_once(' ').unwrap()).map(|(n, k)| (n.to_owned(), k.to_owned())).collect()
}

/// The family of a sample: its name without the suffix of its kind.
fn family<'a>(name: &'a str, kinds: &BTreeMap<String, String>) -> &'a str {
    let stems = ["_total", "_bucket", "_sum", "_count", "_info"].map(|suffix| name.strip_suffix(suffix));
    stems.into_iter().flatten().find(|stem| kinds.contains_key(*stem)).unwrap_or(name)
}

#[tokio::test]
async fn the_page_is_open_metrics_with_one_unit_and_known_labels() {
    let page = full_page().await;
    assert!(page.ends_with("# EOF\n"));
    let kinds = kinds(&page);
    for name in kinds.keys() {
        let help = page.lines().find(|line| line.starts_with(&format!("# HELP {name} ")));
        assert!(help.is_some_and(|help| help.ends_with('.')), "{name} says what it is: {help:?}");
        assert!(name.starts_with("workshop_"), "{name}");
        for unit in ["milliseconds", "minutes", "kilobytes", "percent"] {
            assert!(!name.contains(unit), "{name}: seconds, bytes and ratios only");
        }
        let is_time = name.ends_with("_seconds");
        assert_eq!(is_time, page.contains(&format!("# UNIT {name} seconds")), "{name}");
        assert_eq!(is_time, kinds.get(name).unwrap() == "histogram", "{name}: times are histograms");
    }
    let known: BTreeSet<_> = LABELS.into();
    for (name, labels) in samples(&page) {
        let kind = kinds.get(family(&name, &kinds)).unwrap_or_else(|| panic!("{name} has no TYPE"));
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
        for key in labels.keys() {
            assert!(known.contains(key.as_str()), "{name} has an unknown label {key}");
        }
    }
}

#[tokio::test]
async fn a_replica_has_at_most_300_series_and_none_of_them_names_a_workspace() {
    let samples = samples(&full_page().await);
    let distinct: BTreeSet<_> = samples.iter().collect();
    assert_eq!(samples.len(), distinct.len(), "every series stands once");
    assert!(samples.len() <= 300, "{} series", samples.len());
    for (name, labels) in &samples {
        let names = |value: &String| ["ana", "monday", "shell", "ws-1"].iter().any(|n| value.starts_with(n));
        assert!(!labels.values().any(names), "{name} {labels:?}");
    }
}

/// What a fixture's status says of each instance decides the gauge, not what it once said.
#[test]
fn instances_are_counted_by_phase_and_a_missing_phase_is_pending() {
    let mut gauges = Gauges::default();
    gauges.count([Some(Phase::Running), None, Some(Phase::Running)].into_iter());
    let page = Metrics::default().text(&gauges);
    for line in [
        "workshop_instances{phase=\"Running\"} 2",
        "workshop_instances{phase=\"Pending\"} 1",
        "workshop_instances{phase=\"Failed\"} 0",
    ] {
        assert!(page.lines().any(|have| have == line), "{line} is not in\n{page}");
    }
}

#[test]
fn a_proof_is_timed_by_its_way_and_a_failure_counted_once() {
    let metrics = Metrics::default();
    let fixture = Fixture::new().proven("two", 2).step("one", 2);
    let template = fixture.template_object().unwrap();
    let waiting = fixture.status_in(&Stage::Swapping { image_present: true }, &progress(3));
    let failed = fixture.status_in(
        &Stage::StartFailed { reason: "CrashLoopBackOff".to_owned(), message: String::new() },
        &progress(3),
    );
    let proven = fixture.status_in(&Stage::Proven(digest(1)), &progress(4));
    let steps = [
        (fixture.status.as_ref(), &waiting, 3),
        (Some(&waiting), &failed, 3),
        (Some(&failed), &failed, 3),
        (Some(&failed), &proven, 4),
        (Some(&proven), &proven, 9),
        (None, &proven, 7),
    ];
    for (old, new, seconds) in steps {
        metrics.observe(&Change { old, new, took: Duration::from_secs(seconds), template: Some(&template) });
    }
    let mut reset = proven.clone();
    reset.reset_count = Some(1);
    let took = Duration::from_secs(1);
    metrics.observe(&Change { old: Some(&proven), new: &reset, took, template: None });
    metrics.failed(Controller::Instance, "stale");
    let page = metrics.text(&Gauges::default());
    for line in [
        "workshop_step_transition_duration_seconds_count{kind=\"back\"} 1",
        "workshop_step_transition_duration_seconds_sum{kind=\"back\"} 4.0",
        "workshop_step_transition_duration_seconds_count{kind=\"reset\"} 1",
        "workshop_start_duration_seconds_sum{launch=\"cold\"} 7.0",
        "workshop_transitions_total{result=\"succeeded\"} 2",
        "workshop_transitions_total{result=\"failed\"} 1",
        "workshop_failures_total{reason=\"StartFailed\"} 1",
        "workshop_reconcile_errors_total{controller=\"instance\",reason=\"stale\"} 1",
    ] {
        assert!(page.lines().any(|have| have == line), "{line} is not in\n{page}");
    }
    assert!(!page.contains("reason=\"Swapping\""), "work in progress is no failure");
}

/// The dashboard, the alerts and the document speak of metrics that exist, and the document of all.
#[tokio::test]
async fn dashboard_alerts_and_document_name_what_is_there() {
    let page = full_page().await;
    let (kinds, samples) = (kinds(&page), samples(&page));
    let mut known: BTreeSet<_> = samples.iter().map(|(name, _)| name.as_str()).collect();
    known.extend(kinds.keys().map(String::as_str));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = [
        "helm/workshop/files/dashboard.json",
        "helm/workshop/files/rules.yaml",
        "docs/platform/observability.md",
    ];
    for file in files {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let named = metrics_in(&text);
        assert!(named.len() >= 5, "{file} names {named:?}");
        for name in &named {
            assert!(known.contains(name), "{file} names {name}, which no operator has");
        }
        if file.ends_with(".md") {
            for family in kinds.keys() {
                let told = named.iter().any(|name| self::family(name, &kinds) == family);
                assert!(told, "{file} does not tell of {family}");
            }
        }
    }
}

/// Every word of a text that looks like a metric of ours.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("workshop_")).collect()
}
