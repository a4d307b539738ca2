//! From an instance to a workspace that answers.

use api::v1::{Launch, Phase};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use testing::live::{Versions, Write};

use super::journey::journey;

#[test]
fn an_instance_becomes_a_workspace() {
    journey("first-day", async |class| {
        let images = class.workshop(&["intro", "deploy"]).await?;
        let namespace = class.workspace("ana");
        let versions = Versions::watch(class, "ana");
        versions.begun().await;
        let mark = class.world.mark().await?;
        let ready = class.start("ana").await?;
        class.answers("ana", "intro").await?;

        let status = ready.status.unwrap();
        assert_eq!(status.phase, Some(Phase::Running));
        assert_eq!(status.workspace_namespace.as_ref(), Some(&namespace));
        let current = status.current_step.unwrap();
        assert_eq!((current.id.as_str(), current.digest.as_str()), ("intro", images[0].digest.as_str()));
        assert_eq!(status.launch, Some(Launch::Cold));
        assert_eq!(status.history.len(), 1);
        assert!(status.started_at.is_some());

        // From the first reconcile on: the first version with a status is of a workspace that is not ready.
        let seen = versions.stop();
        let first =
            seen.iter().find_map(|instance| instance.status.as_ref()).expect("a version with a status");
        assert_eq!(first.phase, Some(Phase::Provisioning), "{first:?}");
        assert!(first.current_step.is_none());

        let namespaces: Api<Namespace> = Api::all(class.world.client.clone());
        let labels = namespaces.get(&namespace).await.unwrap().metadata.labels.unwrap();
        assert_eq!(labels["pod-security.kubernetes.io/enforce"], "restricted");
        assert_eq!(labels["workshop.platform/instance-uid"], ready.metadata.uid.unwrap());

        // Eight objects, the finalizer, and at most two status writes.
        let all = class.world.writes_since(mark).await?;
        let ours = all.of(|write| {
            write.is_operators()
                && (write.is_in(&namespace) || write.is_in(&class.name))
                && write.resource != "events"
        });
        for (verb, resource) in [
            ("create", "namespaces"),
            ("patch", "resourcequotas"),
            ("patch", "limitranges"),
            ("patch", "networkpolicies"),
            ("patch", "serviceaccounts"),
            ("create", "pods"),
            ("patch", "workspaceinstances"),
        ] {
            assert_eq!(ours.count(verb, resource), 1, "{verb} {resource}\n{ours}");
        }
        assert_eq!(ours.count("patch", "rolebindings"), 2, "the learner's and the operator's\n{ours}");
        let statuses = ours.count("patch", "workspaceinstances/status");
        assert!((1..=2).contains(&statuses), "{ours}");
        assert_eq!(ours.0.len(), 9 + statuses, "{ours}");
        // The namespace had its security level before anything was in it.
        let order = |wanted: &str| ours.0.iter().position(|write: &Write| write.resource == wanted).unwrap();
        assert!(order("namespaces") < order("resourcequotas") && order("networkpolicies") < order("pods"));

        // No credential of the cluster in the workspace.
        assert_eq!(class.shell("ana", "ls /var/run/secrets 2>/dev/null || echo none").await?, "none");
        Ok(())
    });
}
