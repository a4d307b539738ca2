//! Instances that go, at whatever moment.

use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use testing::live::{Class, LIMIT, LiveError, Look, template, until};

use super::journey::{journey, journey_alone};

async fn delete(class: &Class, name: &str) {
    class.instances().delete(name, &DeleteParams::default()).await.unwrap();
}

async fn all_gone(class: &Class, name: &str) -> Result<(), LiveError> {
    class.wait(name, "gone", |instance| instance.is_none()).await?;
    // The finalizer holds the instance until its namespace is gone.
    let namespaces: Api<Namespace> = Api::all(class.world.client.clone());
    let namespace = class.workspace(name);
    assert!(namespaces.get_opt(&namespace).await.unwrap().is_none(), "{namespace} outlived its instance");
    Ok(())
}

#[test]
fn an_instance_goes_in_the_middle_of_a_move() {
    journey("mid-move", async |class| {
        class.workshop(&["intro", "deploy"]).await?;
        class.start("ana").await?;
        class.step("ana", "deploy").await?;
        delete(class, "ana").await;
        all_gone(class, "ana").await
    });
}

#[test]
fn an_instance_goes_while_its_step_cannot_be_pulled() {
    journey("mid-pull", async |class| {
        let intro = class.world.images(&class.name, &["intro"]).await?.remove(0);
        let missing = class.world.step_image(&class.name, "missing", None)?;
        let steps = [&intro, &missing].map(|image| image.step(&class.world));
        class.load(template(&class.name, steps.to_vec())).await?;
        class.start("ana").await?;
        class.step("ana", "missing").await?;
        class.wait_for("ana", "Ready", "False", Some("ImagePullFailed")).await?;
        delete(class, "ana").await;
        all_gone(class, "ana").await
    });
}

#[test]
fn instances_go_before_they_are_ready() {
    journey("too-soon", async |class| {
        class.workshop(&["intro"]).await?;
        // At once, so that some deletions meet the operator's first write.
        let names: Vec<_> = (0..12).map(|number| format!("ana-{number}")).collect();
        for name in &names {
            class.create(&class.instance(name, &class.name)).await?;
            delete(class, name).await;
        }
        // When the finalizer is there, the namespace is on its way.
        class.create(&class.instance("bo", &class.name)).await?;
        class
            .wait("bo", "has a finalizer", |instance| {
                instance.is_some_and(|instance| !instance.finalizers().is_empty())
            })
            .await?;
        delete(class, "bo").await;
        for name in names.iter().map(String::as_str).chain(["bo"]) {
            class.wait(name, "gone", |instance| instance.is_none()).await?;
            namespace_goes(class, name).await?;
        }
        Ok(())
    });
}

#[test]
fn a_workspace_goes_though_its_instance_did_not_wait() {
    journey_alone("no-finalizer", async |class| {
        class.workshop(&["intro"]).await?;
        class.start("ana").await?;
        scale_operator(class, 0).await?;
        delete(class, "ana").await;
        let none = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        let stripped = class.instances().patch("ana", &PatchParams::default(), &none).await;
        // Whatever was found: the others need the operator.
        scale_operator(class, 1).await?;
        stripped.unwrap();
        class.wait("ana", "gone", |instance| instance.is_none()).await?;
        namespace_goes(class, "ana").await
    });
}

async fn scale_operator(class: &Class, replicas: u8) -> Result<(), LiveError> {
    let deployment = ["deployment/workshop-operator", "-n", "workshop-system"];
    let count = format!("--replicas={replicas}");
    class.world.kubectl(&["scale", deployment[0], deployment[1], deployment[2], &count]).await?;
    let pods: Api<Pod> = class.world.objects("workshop-system");
    let operators = ListParams::default().labels("app.kubernetes.io/component=operator");
    until(&format!("{replicas} operators"), LIMIT, async || {
        let left = pods.list(&operators).await.unwrap().items.len();
        Ok(if left == usize::from(replicas) { Look::Yes(()) } else { Look::NotYet(left.to_string()) })
    })
    .await
}

/// The namespace goes, though perhaps after its instance.
async fn namespace_goes(class: &Class, name: &str) -> Result<(), LiveError> {
    let namespaces: Api<Namespace> = Api::all(class.world.client.clone());
    let namespace = class.workspace(name);
    until(&format!("{namespace} is gone"), LIMIT, async || {
        Ok(match namespaces.get_opt(&namespace).await.unwrap() {
            None => Look::Yes(()),
            Some(left) => Look::NotYet(format!("{:?}", left.metadata)),
        })
    })
    .await
}

#[test]
fn a_name_is_used_again_at_once() {
    journey("again", async |class| {
        class.workshop(&["intro", "deploy"]).await?;
        let first = class.start("ana").await?;
        let old = class.pod("ana").await?.uid();
        class.step("ana", "deploy").await?;
        delete(class, "ana").await;
        let again = class.instance("ana", &class.name);
        let second = until("the name is free", LIMIT, async || {
            Ok(match class.instances().create(&PostParams::default(), &again).await {
                Ok(made) => Look::Yes(made),
                Err(error) => Look::NotYet(error.to_string()),
            })
        })
        .await?;
        assert_ne!(second.uid(), first.uid());
        let ready = class.ready("ana").await?;
        assert_eq!(ready.uid(), second.uid());
        class.answers("ana", "intro").await?;
        assert_ne!(class.pod("ana").await?.uid(), old);
        Ok(())
    });
}
