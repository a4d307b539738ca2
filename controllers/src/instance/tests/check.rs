//! Every refusal, with its exact words.

use api::conditions::{condition_type, reason};
use serde_json::json;

use super::fixture::{Fixture, digest, image};
use crate::children::pod::Asked;

fn refused(fixture: &Fixture) -> (&'static str, &'static str, String) {
    match fixture.check() {
        Err(refusal) => (refusal.condition, refusal.reason, refusal.message),
        Ok(checked) => panic!("not refused: {checked:?}"),
    }
}

fn settings(value: serde_json::Value) -> Fixture {
    Fixture::new().template("defaults", value)
}

#[test]
fn a_template_that_is_not_there() {
    let mut fixture = Fixture::new();
    fixture.template = None;
    assert_eq!(
        refused(&fixture),
        (
            condition_type::TEMPLATE_RESOLVED,
            reason::TEMPLATE_NOT_FOUND,
            "template \"shell\" does not exist; load it with kubectl workshop load, or list what there is with kubectl get workspacetemplates".to_owned()
        )
    );
}

#[test]
fn a_class_that_may_not_use_the_template() {
    let only_training = json!({"matchLabels": {"team": "training"}});
    for labels in [json!({}), json!({"team": "sales"})] {
        let mut fixture = Fixture::new().template("allowedClasses", only_training.clone());
        fixture.class_labels = Some(labels);
        assert_eq!(
            refused(&fixture),
            (
                condition_type::TEMPLATE_RESOLVED,
                reason::CLASS_NOT_ALLOWED,
                "namespace \"monday\" may not use template \"shell\": its labels do not match allowedClasses"
                    .to_owned()
            )
        );
    }
    let mut fixture = Fixture::new().template("allowedClasses", only_training);
    fixture.class_labels = Some(json!({"team": "training", "more": "1"}));
    assert!(fixture.check().is_ok());
}

#[test]
fn a_template_that_contradicts_itself() {
    let step = |after: &str, reference: &str| {
        json!([{"id": "one", "title": "One", "unlock": {"after": [after]},
            "image": {"reference": reference, "digest": digest(1)}}])
    };
    let (condition, reason, message) =
        refused(&Fixture::new().template("steps", step("zero", &image("one", 1))));
    assert_eq!((condition, reason), (condition_type::TEMPLATE_RESOLVED, reason::TEMPLATE_INVALID));
    assert_eq!(
        message,
        "the template contradicts itself: steps[0].unlock.after: \"zero\" is no step of this template"
    );
    let (_, reason, message) = refused(&Fixture::new().template("steps", json!([])));
    assert_eq!(reason, reason::TEMPLATE_INVALID);
    assert_eq!(message, "the template contradicts itself: steps: at least one step is required");
    let no_digest = json!([{"id": "one", "title": "One",
        "image": {"reference": "localhost:5000/w:one", "digest": "sha256:0"}}]);
    let (condition, _, message) = refused(&Fixture::new().template("steps", no_digest));
    assert_eq!(condition, condition_type::TEMPLATE_RESOLVED);
    assert!(message.starts_with("step \"one\": "), "{message}");
}

#[test]
fn overrides_that_the_policy_does_not_list_all_at_once() {
    let fixture = Fixture::new().spec("overrides", json!({"resources": {"cpu": "4", "memory": "8Gi"}}));
    assert_eq!(
        refused(&fixture),
        (
            condition_type::OVERRIDES_ACCEPTED,
            reason::OVERRIDE_NOT_ALLOWED,
            "overrides.resources.cpu: \"4\" is not allowed: the template's overridePolicy does not list it; \
             overrides.resources.memory: \"8Gi\" is not allowed: the template's overridePolicy does not list it \
             (template \"shell\")"
                .to_owned()
        )
    );
    let allowed = fixture.template(
        "overridePolicy",
        json!([
            {"path": "resources.cpu", "rule": {"atMost": "4"}},
            {"path": "resources.memory", "rule": {"free": {}}}
        ]),
    );
    assert_eq!(allowed.check().unwrap().effective.cpu, "4");
}

#[test]
fn what_this_operator_does_not_run() {
    let without_namespaces = || {
        let mut fixture = settings(json!({"runAs": "Root"}));
        fixture.user_namespaces = false;
        fixture
    };
    for (fixture, reason, message) in [
        (
            Fixture::new().spec("members", json!([{"name": "bo"}])),
            reason::MEMBERS_NOT_ALLOWED,
            "members: needs isolation.mode: team",
        ),
        (
            settings(json!({"cluster": {"mode": "per-workspace"}})),
            reason::NOT_SUPPORTED,
            "cluster.mode: this operator runs no nested clusters; set it to none",
        ),
        (
            settings(json!({"lifecycle": {"mode": "persistent"}})),
            reason::NOT_SUPPORTED,
            "lifecycle.mode: this operator keeps no volumes; set it to ephemeral",
        ),
        (
            without_namespaces(),
            reason::NOT_SUPPORTED,
            "runAs: Root needs a node with user namespaces, and no node reports them",
        ),
        (
            settings(json!({"runAs": "RootWithoutUserNamespace"})),
            reason::NOT_SUPPORTED,
            "runAs: RootWithoutUserNamespace needs the operator's flag --allow-root-without-user-namespace",
        ),
    ] {
        assert_eq!(refused(&fixture), (condition_type::OVERRIDES_ACCEPTED, reason, message.to_owned()));
    }
}

#[test]
fn what_this_operator_runs() {
    assert!(settings(json!({"runAs": "Root"})).check().is_ok());
    let mut allowed = settings(json!({"runAs": "RootWithoutUserNamespace"}));
    allowed.config.allow_root_without_user_namespace = true;
    assert!(allowed.check().is_ok());
    let team = settings(json!({"isolation": {"mode": "team"}}));
    assert!(team.spec("members", json!([{"name": "bo"}])).check().is_ok());
}

#[test]
fn a_step_that_the_template_does_not_have() {
    let wanted = |text: &str| (condition_type::STEP_READY, reason::STEP_NOT_FOUND, text.to_owned());
    assert_eq!(
        refused(&Fixture::new().step("nine", 2)),
        wanted("step \"nine\" is not in template \"shell\"; it has one, two, three")
    );
    let removed = json!([{"id": "one", "title": "One",
        "image": {"reference": image("one", 1), "digest": digest(1)}}]);
    assert_eq!(
        refused(&Fixture::new().proven("two", 2).step("two", 2).template("steps", removed)),
        wanted("step \"two\" is not in template \"shell\"; it has one")
    );
}

#[test]
fn the_nearest_cause_comes_first() {
    let everything = settings(json!({"lifecycle": {"mode": "persistent"}}))
        .step("nine", 2)
        .spec("overrides", json!({"resources": {"cpu": "4"}}));
    assert_eq!(refused(&everything).1, reason::OVERRIDE_NOT_ALLOWED);
    let two = settings(json!({"lifecycle": {"mode": "persistent"}})).step("nine", 2);
    assert_eq!(refused(&two).1, reason::NOT_SUPPORTED);
}

#[test]
fn what_is_asked_for_when_every_rule_says_yes() {
    let first = Fixture::new().check().unwrap();
    assert_eq!(first.asked, Asked { step: "one".to_owned(), reset: 0 });
    assert_eq!((first.digest, first.next.unwrap().1), (digest(1), digest(2)));
    assert_eq!(first.image.name(), "localhost:5000/w");
    assert_eq!((first.effective.cpu.as_str(), first.effective.memory.as_str()), ("1", "1Gi"));
    let last = Fixture::new().step("three", 2).spec("resetCount", json!(4)).check().unwrap();
    assert_eq!(last.asked, Asked { step: "three".to_owned(), reset: 4 });
    assert!(last.next.is_none());
}
