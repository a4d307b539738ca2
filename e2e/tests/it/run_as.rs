//! Both users of a workspace, on a node that can do user namespaces.

use api::v1::{RunAs, Settings};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use testing::live::{Class, LiveError, template};

use super::journey::journey;

async fn start_as(class: &Class, run_as: RunAs, level: &str) -> Result<(), LiveError> {
    let images = class.world.images(&class.name, &["intro", "deploy"]).await?;
    let mut template = template(&class.name, images.iter().map(|image| image.step(&class.world)).collect());
    template.spec.defaults = Settings { run_as: Some(run_as), ..template.spec.defaults };
    class.load(template).await?;
    let ready = class.start("ana").await?;
    assert_eq!(ready.status.unwrap().run_as, Some(run_as), "status says which user is in force");
    let namespaces: Api<Namespace> = Api::all(class.world.client.clone());
    let labels = namespaces.get(&class.workspace("ana")).await.unwrap().metadata.labels.unwrap();
    assert_eq!(labels["pod-security.kubernetes.io/enforce"], level);
    Ok(())
}

async fn edits_exercises(class: &Class) -> Result<(), LiveError> {
    for step in ["intro", "deploy"] {
        class.step("ana", step).await?;
        class.ready("ana").await?;
        class.answers("ana", step).await?;
        let edited =
            class.shell("ana", "echo mine >> exercise.txt && touch more.txt && cat exercise.txt").await?;
        assert_eq!(edited, format!("step {step}\nmine"));
    }
    Ok(())
}

#[test]
fn an_ordinary_user_edits_the_exercises() {
    journey("non-root", async |class| {
        start_as(class, RunAs::NonRoot, "restricted").await?;
        assert_eq!(class.shell("ana", "id -u; id -g").await?, "1000\n1000");
        edits_exercises(class).await?;
        let touched = class.shell("ana", "touch /etc/x 2>/dev/null || echo refused").await?;
        assert_eq!(touched, "refused");
        let capabilities = class.shell("ana", "grep CapEff /proc/self/status | cut -f 2").await?;
        assert_eq!(capabilities, "0000000000000000");
        Ok(())
    });
}

#[test]
fn root_is_root_inside_only() {
    journey("root", async |class| {
        start_as(class, RunAs::Root, "baseline").await?;
        assert_eq!(class.shell("ana", "id -u").await?, "0");
        edits_exercises(class).await?;
        let owner = "chown 1234:1234 exercise.txt && stat -c %u:%g exercise.txt";
        assert_eq!(class.shell("ana", owner).await?, "1234:1234");
        class.shell("ana", "echo x > /etc/x && mkdir /srv").await?;
        // Root of this namespace is an ordinary number outside.
        let map = class.shell("ana", "cat /proc/self/uid_map").await?;
        let numbers: Vec<u64> = map.split_whitespace().map(|word| word.parse().unwrap()).collect();
        assert_eq!(numbers[0], 0, "{map}");
        assert!(numbers[1] >= 65536, "root inside is {} outside: {map}", numbers[1]);
        Ok(())
    });
}
