//! Wishes that cannot be: each has its reason, what runs goes on, and each heals when its cause goes.

use std::collections::BTreeMap;

use api::conditions::{condition_type, reason};
use api::v1::{NoArguments, OverrideRule, Resources, SettingPath, SettingRule, Settings, WorkspaceInstance};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use testing::live::{Class, LiveError, condition, template};

use super::journey::journey;

fn message(instance: &WorkspaceInstance, type_: &str) -> String {
    condition(instance, type_).unwrap().message.clone()
}

fn namespaces(class: &Class) -> Api<Namespace> {
    Api::all(class.world.client.clone())
}

#[test]
fn an_unknown_step_is_named_and_the_old_one_runs_on() {
    journey("no-step", async |class| {
        class.workshop(&["intro", "deploy"]).await?;
        class.start("ana").await?;
        let container = class.container("ana").await?.container_id;
        class.step("ana", "nowhere").await?;
        let not_found = Some(reason::STEP_NOT_FOUND);
        let said = class.wait_for("ana", condition_type::STEP_READY, "False", not_found).await?;
        let message = message(&said, condition_type::STEP_READY);
        for part in ["\"nowhere\"", "intro", "deploy"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
        assert_eq!(said.status.unwrap().current_step.unwrap().id, "intro");
        class.answers("ana", "intro").await?;
        class.step("ana", "intro").await?;
        class.ready("ana").await?;
        assert_eq!(class.container("ana").await?.container_id, container, "the learner lost nothing");
        Ok(())
    });
}

#[test]
fn an_unknown_template_is_waited_for() {
    journey("no-template", async |class| {
        class.create(&class.instance("ana", &class.name)).await?;
        let not_found = Some(reason::TEMPLATE_NOT_FOUND);
        let said = class.wait_for("ana", condition_type::TEMPLATE_RESOLVED, "False", not_found).await?;
        assert!(message(&said, condition_type::READY).contains(&class.name));
        assert!(namespaces(class).get_opt(&class.workspace("ana")).await.unwrap().is_none());
        class.workshop(&["intro"]).await?;
        class.ready("ana").await?;
        class.answers("ana", "intro").await
    });
}

#[test]
fn an_override_needs_a_rule() {
    journey("override", async |class| {
        class.workshop(&["intro"]).await?;
        let mut ana = class.instance("ana", &class.name);
        let more = Resources { cpu: None, memory: Some("96Mi".to_owned()) };
        ana.spec.overrides = Some(Settings { resources: Some(more), ..Settings::default() });
        class.create(&ana).await?;
        refused(class, "does not list it").await?;

        // Locked by name is no different from not listed.
        let path = SettingPath::ResourcesMemory;
        class.load(with_rule(class, path, SettingRule::Locked(NoArguments {})).await?).await?;
        refused(class, "locks it").await?;

        class.load(with_rule(class, path, SettingRule::AtMost("128Mi".to_owned())).await?).await?;
        class.ready("ana").await?;
        let spec = class.pod("ana").await?.spec.unwrap();
        let limits = spec.containers[0].resources.as_ref().unwrap().limits.as_ref().unwrap();
        assert_eq!(limits["memory"].0, "96Mi");
        Ok(())
    });
}

/// The override is refused, with this word in the message; nothing is made.
async fn refused(class: &Class, word: &str) -> Result<(), LiveError> {
    let what = format!("refused with {word}");
    let found = class.wait("ana", &what, |instance| {
        instance.and_then(|instance| condition(instance, condition_type::OVERRIDES_ACCEPTED)).is_some_and(
            |found| {
                found.status == "False"
                    && found.reason == reason::OVERRIDE_NOT_ALLOWED
                    && found.message.contains("resources.memory")
                    && found.message.contains(word)
            },
        )
    });
    found.await?;
    assert!(namespaces(class).get_opt(&class.workspace("ana")).await.unwrap().is_none());
    Ok(())
}

async fn with_rule(
    class: &Class,
    path: SettingPath,
    rule: SettingRule,
) -> Result<api::v1::WorkspaceTemplate, LiveError> {
    let old = class.templates().get(&class.name).await.unwrap();
    let mut changed = template(&class.name, old.spec.steps);
    changed.spec.override_policy = vec![OverrideRule { path, rule }];
    Ok(changed)
}

#[test]
fn a_namespace_of_somebody_else_is_left_alone() {
    journey("taken", async |class| {
        class.workshop(&["intro"]).await?;
        let name = class.workspace("ana");
        let mut theirs = Namespace::default();
        theirs.metadata.name = Some(name.clone());
        theirs.metadata.labels = Some(BTreeMap::from([("owner".to_owned(), "somebody".to_owned())]));
        let theirs = namespaces(class).create(&PostParams::default(), &theirs).await.unwrap();
        let mut thing = ConfigMap::default();
        thing.metadata.name = Some("thing".to_owned());
        let things: Api<ConfigMap> = class.world.objects(&name);
        things.create(&PostParams::default(), &thing).await.unwrap();

        let mark = class.world.mark().await?;
        class.create(&class.instance("ana", &class.name)).await?;
        let taken = Some(reason::NAMESPACE_TAKEN);
        class.wait_for("ana", condition_type::NAMESPACE_READY, "False", taken).await?;
        class.instances().delete("ana", &DeleteParams::default()).await.unwrap();
        class.wait("ana", "gone", |instance| instance.is_none()).await?;
        let now = namespaces(class).get(&name).await.unwrap();
        assert_eq!((now.uid(), now.labels().get("owner")), (theirs.uid(), Some(&"somebody".to_owned())));
        assert!(now.metadata.deletion_timestamp.is_none());
        assert!(things.get("thing").await.is_ok());
        // Asking for the name is the only thing that was tried.
        let tried =
            class.world.writes_since(mark).await?.of(|write| write.is_operators() && write.is_in(&name));
        assert!(tried.0.iter().all(|write| write.verb == "create" && write.code == 409), "{tried}");

        // It heals when the name is free.
        class.create(&class.instance("ana", &class.name)).await?;
        class.wait_for("ana", condition_type::NAMESPACE_READY, "False", taken).await?;
        namespaces(class).delete(&name, &DeleteParams::default()).await.unwrap();
        class.ready("ana").await?;
        class.answers("ana", "intro").await
    });
}
