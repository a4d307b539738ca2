//! Pods that go without being asked: the workspace comes back on the same step.

use kube::ResourceExt;
use kube::api::{DeleteParams, EvictParams};
use testing::live::{Class, LIMIT, LiveError, Look, until};

use super::journey::journey;

async fn comes_back(class: &Class, old: Option<String>) -> Result<(), LiveError> {
    until("another pod", LIMIT, async || {
        Ok(match class.pod("ana").await {
            Ok(pod) if pod.uid() != old => Look::Yes(()),
            Ok(pod) => Look::NotYet(format!("pod {:?}", pod.uid())),
            Err(error) => Look::NotYet(error.to_string()),
        })
    })
    .await?;
    class.answers("ana", "deploy").await?;
    class.ready("ana").await?;
    assert_eq!(class.get("ana").await?.status.unwrap().current_step.unwrap().id, "deploy");
    assert_eq!(class.shell("ana", "cat exercise.txt").await?, "step deploy");
    Ok(())
}

#[test]
fn a_deleted_pod_comes_back_on_its_step() {
    journey("deleted", async |class| {
        class.workshop(&["intro", "deploy"]).await?;
        class.start("ana").await?;
        class.step("ana", "deploy").await?;
        class.ready("ana").await?;
        let pods = class.world.objects::<k8s_openapi::api::core::v1::Pod>(&class.workspace("ana"));
        let old = class.pod("ana").await?.uid();
        pods.delete("workspace", &DeleteParams::default()).await.unwrap();
        comes_back(class, old).await
    });
}

#[test]
fn a_drain_takes_the_pod_without_force_and_it_comes_back() {
    journey("drain", async |class| {
        class.workshop(&["intro", "deploy"]).await?;
        class.start("ana").await?;
        class.step("ana", "deploy").await?;
        class.ready("ana").await?;
        let pod = class.pod("ana").await?;
        // The dry run says whether a drain would ask for --force.
        let node = pod.spec.as_ref().unwrap().node_name.clone().unwrap();
        let selector = format!("--pod-selector=workshop.platform/class={}", class.name);
        let drain = ["drain", &node, "--dry-run=server", "--delete-emptydir-data", &selector];
        let said = class.world.kubectl(&drain).await?;
        assert!(said.contains(&format!("evicting pod {}/workspace", class.workspace("ana"))), "{said}");

        let pods = class.world.objects::<k8s_openapi::api::core::v1::Pod>(&class.workspace("ana"));
        pods.evict("workspace", &EvictParams::default()).await.unwrap();
        comes_back(class, pod.uid()).await
    });
}
