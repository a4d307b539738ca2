//! Instances that go, at whatever moment.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use testing::live::{Class, LIMIT, LiveError, Look, template, until};

use super::journey::journey;

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
fn an_instance_goes_before_it_is_ready() {
    journey("too-soon", async |class| {
        class.workshop(&["intro"]).await?;
        class.create(&class.instance("ana", &class.name)).await?;
        delete(class, "ana").await;
        all_gone(class, "ana").await?;
        class.create(&class.instance("ana", &class.name)).await?;
        class
            .wait("ana", "has a namespace", |instance| {
                instance.is_some_and(|instance| !instance.finalizers().is_empty())
            })
            .await?;
        delete(class, "ana").await;
        all_gone(class, "ana").await
    });
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
