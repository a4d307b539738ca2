//! What is made, kept and taken away around the pod.

use api::names;
use api::v1::RunAs;
use serde_json::json;

use super::fixture::{Fixture, image};
use super::pod::PodFixture;
use crate::instance::gather::NamespaceSeen;
use crate::instance::plan::{NamespaceMove, Planned, PodMove};
use crate::instance::stage::Stage;
use crate::stores::Seals;

fn writes_nothing(planned: &Planned) -> bool {
    matches!(planned.namespace, NamespaceMove::Stay)
        && matches!(planned.pod, PodMove::Stay)
        && needed(planned).is_empty()
        && planned.pull_secrets.is_empty()
        && planned.pulls.is_empty()
        && planned.failed_pulls.is_empty()
}

fn needed(planned: &Planned) -> Vec<&'static str> {
    let children = &planned.children;
    [
        ("quota", children.resource_quota.is_some()),
        ("limits", children.limit_range.is_some()),
        ("policy", children.network_policy.is_some()),
        ("account", children.service_account.is_some()),
        ("binding", children.role_binding.is_some()),
        ("own rights", children.operator_binding.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, is_needed)| is_needed.then_some(name))
    .collect()
}

#[test]
fn a_workspace_is_made_whole_at_once() {
    let mut fixture = Fixture::new();
    fixture.namespace = None;
    fixture.seals = Some(Seals::default());
    let planned = fixture.plan();
    let NamespaceMove::Create(namespace) = &planned.namespace else { panic!("{:?}", planned.namespace) };
    let labels = namespace.metadata.labels.as_ref().unwrap();
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
    assert_eq!(labels[names::INSTANCE_UID_LABEL], "ana-1");
    assert_eq!(needed(&planned), ["quota", "limits", "policy", "account", "binding", "own rights"]);
    let PodMove::Create(pod) = &planned.pod else { panic!("{:?}", planned.pod) };
    let container = &pod.spec.as_ref().unwrap().containers[0];
    assert_eq!(container.image.as_deref(), Some(image("g1", 1).as_str()));
    let annotations = pod.metadata.annotations.as_ref().unwrap();
    assert_eq!(annotations[names::STEP_ANNOTATION], "one");
    assert_eq!(annotations[names::RESET_ANNOTATION], "0");
    assert_eq!(annotations[names::REPLACES_ANNOTATION], "");
    assert_eq!(planned.stage, Stage::Preparing);
}

#[test]
fn protections_follow_the_template_and_the_pod_does_not() {
    let before = Fixture::new().children().unwrap();
    let mut fixture = Fixture::new()
        .template("defaults", json!({"resources": {"cpu": "2"}}))
        .pod(PodFixture::running("one", 1))
        .proven("one", 1);
    let mark = |meta: &kube::core::ObjectMeta| crate::children::seal(meta).map(str::to_owned);
    fixture.seals = Some(Seals {
        resource_quota: mark(&before.resource_quota.metadata),
        limit_range: mark(&before.limit_range.metadata),
        network_policy: mark(&before.network_policy.metadata),
        service_account: mark(&before.service_account.metadata),
        role_binding: None,
        operator_binding: mark(&before.operator_binding.metadata),
    });
    let planned = fixture.plan();
    assert_eq!(needed(&planned), ["quota", "limits", "binding"]);
    assert!(matches!(planned.pod, PodMove::Stay));
}

#[test]
fn a_namespace_of_the_name_that_is_not_to_be_had_stops_everything() {
    let seen = |ours, deleting| NamespaceSeen {
        uid: "ns-0".to_owned(),
        ours,
        deleting,
        level: Some("restricted".to_owned()),
    };
    for (namespace, stage) in [
        (seen(false, false), Stage::NamespaceTaken),
        (seen(true, true), Stage::NamespaceTerminating),
        (seen(false, true), Stage::NamespaceTerminating),
    ] {
        let mut fixture = Fixture::new();
        fixture.seals = Some(Seals::default());
        fixture.namespace = Some(namespace);
        let planned = fixture.plan();
        assert!(writes_nothing(&planned));
        assert_eq!(planned.stage, stage);
    }
}

#[test]
fn the_level_of_the_namespace_follows_the_pod_that_is_there_or_comes() {
    let root = || Fixture::new().template("defaults", json!({"runAs": "Root"}));
    let one = || PodFixture::running("one", 1);
    for (name, fixture, level, wanted) in [
        ("as it should be", Fixture::new(), Some("restricted"), None),
        ("no label at all", Fixture::new().pod(one()), None, Some("restricted")),
        ("loosened by hand", Fixture::new().pod(one()), Some("privileged"), Some("restricted")),
        ("a root pod comes", root(), Some("restricted"), Some("baseline")),
        ("the pod from before the change stays", root().pod(one()), Some("restricted"), None),
        ("a root pod stays", Fixture::new().pod(one().root()), Some("baseline"), None),
        ("a root pod is gone", Fixture::new(), Some("baseline"), Some("restricted")),
    ] {
        let mut fixture = fixture;
        fixture.namespace.as_mut().unwrap().level = level.map(str::to_owned);
        let planned = fixture.plan().namespace;
        match (planned, wanted) {
            (NamespaceMove::Stay, None) => {}
            (NamespaceMove::SetLevel { uid, level }, Some(wanted)) => {
                assert_eq!((uid.as_str(), level), ("ns-1", wanted), "{name}");
            }
            (planned, _) => panic!("{name}: {planned:?}"),
        }
    }
    assert_eq!(PodFixture::running("one", 1).root().build().spec.unwrap().host_users, Some(false));
    assert_eq!(root().check().unwrap().effective.run_as, RunAs::Root);
}

#[test]
fn what_runs_goes_on_running_when_a_rule_says_no() {
    let fixture = Fixture::new().pod(PodFixture::running("two", 2)).step("nine", 2).proven("two", 2);
    let planned = fixture.plan();
    assert!(writes_nothing(&planned));
    assert!(matches!(planned.stage, Stage::Refused(_)));
}

#[test]
fn a_settled_workspace_is_left_alone() {
    let held = crate::instance::pulled::Pulled::Held;
    let fixture = Fixture::new()
        .pod(PodFixture::running("one", 1))
        .proven("one", 1)
        .pull(1, held.clone())
        .pull(2, held);
    let planned = fixture.plan();
    assert!(writes_nothing(&planned), "{planned:?}");
    assert_eq!(planned.stage, Stage::Proven(super::fixture::digest(1)));
}

#[test]
fn pull_secrets_are_copied_before_a_pod_and_when_its_pull_fails() {
    let with = |fixture: Fixture| fixture.template("imagePullSecrets", json!([{"name": "team"}]));
    assert_eq!(with(Fixture::new()).plan().pull_secrets, ["team"]);
    let running = PodFixture::running("one", 1);
    assert!(with(Fixture::new().pod(running.clone())).plan().pull_secrets.is_empty());
    let failing = running.waiting("ErrImagePull", "401 Unauthorized");
    assert_eq!(with(Fixture::new().pod(failing)).plan().pull_secrets, ["team"]);
}

/// The pod's move and the stage, in a word and in words.
fn outcome(fixture: &Fixture) -> (&'static str, Stage) {
    let planned = fixture.plan();
    let word = match planned.pod {
        PodMove::Stay => "stay",
        PodMove::Create(_) => "create",
        PodMove::Swap(_) => "swap",
        PodMove::Delete { uid } => {
            assert_eq!(uid, "pod-1");
            "delete"
        }
    };
    (word, planned.stage)
}

fn lost(message: &str) -> Stage {
    Stage::PodLost { message: message.to_owned(), node: Some("node-1".to_owned()) }
}

#[test]
fn a_pod_that_goes_or_ended_is_made_again() {
    let pod = || PodFixture::running("one", 1);
    for (pod, wanted) in [
        (pod().deleting(), ("stay", lost("the pod is being deleted"))),
        (pod().finished("Failed", Some("Evicted")), ("delete", lost("the pod ended: Evicted"))),
        (pod().finished("Failed", None), ("delete", lost("the pod ended: Failed"))),
        (pod().finished("Succeeded", None), ("delete", lost("the pod ended: Succeeded"))),
        // Deleted is more than ended: there is nothing left to ask for.
        (pod().finished("Failed", Some("Evicted")).deleting(), ("stay", lost("the pod is being deleted"))),
    ] {
        assert_eq!(outcome(&Fixture::new().pod(pod)), wanted);
    }
    assert_eq!(outcome(&Fixture::new().proven("one", 1)), ("create", Stage::Preparing));
}

#[test]
fn suspension_takes_the_pod_and_resumption_makes_one() {
    let suspended = || Fixture::new().spec("operatingMode", json!("Suspended")).proven("one", 1);
    let pod = || PodFixture::running("one", 1);
    for (fixture, wanted) in [
        (suspended().pod(pod()), ("delete", Stage::Suspending)),
        (suspended().pod(pod().finished("Failed", None)), ("delete", Stage::Suspending)),
        (suspended().pod(pod().deleting()), ("stay", Stage::Suspending)),
        (suspended(), ("stay", Stage::Suspended)),
        (Fixture::new().proven("one", 1).pod(pod().deleting()), ("stay", lost("the pod is being deleted"))),
        (Fixture::new().proven("one", 1), ("create", Stage::Preparing)),
        (Fixture::new().proven("one", 1).step("two", 3), ("create", Stage::Preparing)),
    ] {
        assert_eq!(outcome(&fixture), wanted);
    }
}
