//! Suspended: the pod is gone, the namespace and the step are not.

use api::conditions::{condition_type, reason};
use api::names::{WORKSPACE, field_manager};
use api::v1::Phase;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::journey::journey;

#[test]
fn a_suspended_workspace_resumes_on_its_step() {
    journey("suspend", async |class| {
        class.workshop(&["intro", "deploy"]).await?;
        class.start("ana").await?;
        class.step("ana", "deploy").await?;
        class.ready("ana").await?;
        let namespaces: Api<Namespace> = Api::all(class.world.client.clone());
        let namespace = namespaces.get(&class.workspace("ana")).await.unwrap().uid();

        class.act("ana", field_manager::MODE, json!({"operatingMode": "Suspended"})).await?;
        let suspended = Some(reason::SUSPENDED);
        class.wait_for("ana", condition_type::SUSPENDED, "True", suspended).await?;
        let settled = class.wait("ana", "suspended for good", |instance| {
            instance.is_some_and(|instance| {
                let reconciling = testing::live::condition(instance, condition_type::RECONCILING);
                reconciling.is_some_and(|condition| condition.status == "False")
            })
        });
        let status = settled.await?.unwrap().status.unwrap();
        assert_eq!(status.phase, Some(Phase::Suspended));
        assert_eq!(status.current_step.unwrap().id, "deploy");
        let pods: Api<Pod> = class.world.objects(&class.workspace("ana"));
        assert!(pods.get_opt(WORKSPACE).await.unwrap().is_none());

        // A wish made meanwhile is the one that is resumed to.
        class.step("ana", "intro").await?;
        class.act("ana", field_manager::MODE, json!({"operatingMode": "Running"})).await?;
        class.ready("ana").await?;
        class.answers("ana", "intro").await?;
        assert_eq!(namespaces.get(&class.workspace("ana")).await.unwrap().uid(), namespace);
        Ok(())
    });
}
