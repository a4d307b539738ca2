//! The operator asks for nothing that its roles do not give (goal G35). Run last, it judges all journeys.

use kube::api::DeleteParams;
use testing::live::Rights;

use super::journey::journey;

#[test]
fn the_operator_asks_for_nothing_beyond_its_rights() {
    journey("rights", async |class| {
        class.workshop(&["one", "two"]).await?;
        class.start("ana").await?;
        class.step("ana", "two").await?;
        class.ready("ana").await?;
        class.instances().delete("ana", &DeleteParams::default()).await.unwrap();
        class.wait("ana", "gone", |instance| instance.is_none()).await?;

        let rights = Rights::installed(&class.world).await?;
        let requests = class.world.operators_requests().await?;
        let beyond: Vec<_> =
            requests.iter().filter(|request| !rights.give(request)).map(ToString::to_string).collect();
        assert_eq!(beyond, [""; 0], "of {} different requests", requests.len());
        // The log holds what was done here, so an empty one proves nothing.
        let namespace = class.workspace("ana");
        for (verb, resource) in [("create", "pods"), ("patch", "pods"), ("patch", "rolebindings")] {
            let done = requests.iter().any(|request| {
                request.namespace == namespace && request.verb == verb && request.resource == resource
            });
            assert!(done, "{verb} {resource} in {namespace} is not in the log");
        }
        Ok(())
    });
}
