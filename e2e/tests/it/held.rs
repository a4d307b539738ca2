//! What was pulled is held (D57): without the registry, after a restart of the operator and with every
//! unused image removed, a move runs the new step or leaves the old one usable.

use api::conditions::{condition_type, reason};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams};
use testing::live::{Answers, Class, LIMIT, LiveError, Look, until};

use super::journey::journey_alone;

#[test]
fn the_next_step_outlives_the_registry_and_the_operator() {
    journey_alone("held", async |class| {
        let images = class.workshop(&["one", "two", "three"]).await?;
        class.start("ana").await?;
        class.held(&images[1]).await?;
        class.world.cluster(&["part", "registry", "stop"]).await?;
        let told = without_registry(class).await;
        // Whatever was found: the others need the registry.
        class.world.cluster(&["part", "registry", "start"]).await?;
        told?;
        class.ready("ana").await?;
        class.answers("ana", "three").await
    });
}

async fn without_registry(class: &Class) -> Result<(), LiveError> {
    restart_operator(class).await?;
    class.world.cluster(&["image-gc"]).await?;
    class.step("ana", "two").await?;
    class.ready("ana").await?;
    class.answers("ana", "two").await?;

    // Nobody has pulled the third.
    let answers = Answers::watch(class.address("ana").await?);
    class.step("ana", "three").await?;
    let failed = Some(reason::IMAGE_PULL_FAILED);
    class.wait_for("ana", condition_type::STEP_READY, "False", failed).await?;
    class.shell("ana", "echo mine >> exercise.txt").await?;
    let counts = answers.stop();
    assert!(matches!(&counts[..], [(step, count)] if step == "two" && *count > 0), "{counts:?}");
    Ok(())
}

async fn restart_operator(class: &Class) -> Result<(), LiveError> {
    let pods = class.world.objects::<Pod>("workshop-system");
    let operators = ListParams::default().labels("app.kubernetes.io/component=operator");
    let old: Vec<_> = pods.list(&operators).await.unwrap().iter().map(ResourceExt::name_any).collect();
    pods.delete_collection(&DeleteParams::default(), &operators).await.unwrap();
    until("another operator is ready", LIMIT, async || {
        let now = pods.list(&operators).await.unwrap();
        let ready = |pod: &&Pod| {
            let conditions =
                pod.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
            !old.contains(&pod.name_any())
                && conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True")
        };
        Ok(match now.iter().find(ready) {
            Some(_) => Look::Yes(()),
            None => Look::NotYet(format!("{:?}", now.iter().map(ResourceExt::name_any).collect::<Vec<_>>())),
        })
    })
    .await
}
