use artifact::Workshop;
use oci::{Memory, Platform};
use serde_json::json;

use super::support::{Folder, build, image, registry, top_layer};
use crate::{BuildError, Options, Outcome, Stores};

const STEPS: &str = "- id: one
  title: One
  env: {LESSON: first, HOME: /home/ana}
  files:
  - {path: /etc/motd, content: hello}
  - {path: /home/ana/work/run.sh, content: \"#!/bin/sh\\n\"}
- id: two
  title: Two
  files:
  - {path: /home/ana/work/more/x, content: x}
  - {path: /bin/tool, content: \"#!/bin/sh\\n\"}
- id: three
  title: Three
";

fn folder() -> Folder {
    let folder = Folder::with(STEPS);
    folder.put("workspace.yaml", "version: v1\nlifecycle: {ttl: 2h}\n");
    folder.put("steps/one.md", "---\nminutes: 5\n---\n# One\n");
    folder.put("steps/two.md", "---\nunlock: {after: [one]}\n---\n# Two\n");
    folder.put("steps/two.checks.yaml", "checks:\n- {id: a, title: A, run: exit 0, message: M}\n");
    folder.put("assets/plan.png", b"\x89PNG");
    folder
}

#[tokio::test]
async fn layers_hold_what_a_step_creates_with_the_owners_of_the_image_below() {
    let (folder, store) = (folder(), registry().await);
    let built = build(&folder.plan(), &store).await;
    assert_eq!(
        top_layer(&store, &built.steps[0]).await,
        ["f 644 0:0 etc/motd", "d 755 1000:1000 home/ana/work", "f 755 1000:1000 home/ana/work/run.sh",]
    );
    assert_eq!(
        top_layer(&store, &built.steps[1]).await,
        [
            "d 755 1000:1000 home/ana/work/more",
            "f 644 1000:1000 home/ana/work/more/x",
            "f 755 0:0 usr/bin/tool"
        ],
        "what the step before created is there, and /bin is a link"
    );
}

#[tokio::test]
async fn every_step_is_in_the_registry_under_both_tags() {
    let (folder, store) = (folder(), registry().await);
    let built = build(&folder.plan(), &store).await;
    for step in &built.steps {
        assert_eq!(step.outcome, Outcome::Pushed);
        assert_eq!(step.reference.to_string(), format!("registry.test:5000/team/shop:{}", step.id));
        assert_eq!(step.pinned.tag(), Some(format!("{}-sha256-{}", step.id, step.digest.short()).as_str()));
        for tag in [step.reference.tag().unwrap(), step.pinned.tag().unwrap()] {
            let found = oci::Store::resolve(&store, "team/shop", oci::Target::Tag(tag)).await.unwrap();
            assert_eq!(found.unwrap().digest, step.digest);
        }
    }
    assert_eq!(
        built.steps[1].digest, built.steps[2].digest,
        "no step name in an image: equal content is equal"
    );
    assert_eq!(built.steps[2].own_bytes, 0);
    let whole = |n: usize| built.steps[n].own_bytes + built.steps[n].shared_bytes;
    assert_eq!(built.steps[1].shared_bytes, whole(0));
    let requests = store.take_requests();
    assert_eq!(requests.iter().filter(|request| request.starts_with("MOUNT ")).count(), 2, "{requests:#?}");
}

#[tokio::test]
async fn the_config_says_what_runs_and_nothing_of_the_step() {
    let (folder, store) = (folder(), registry().await);
    let built = build(&folder.plan(), &store).await;
    let config = image(&store, &built.steps[0]).await.config;
    assert_eq!(config.created.as_deref(), Some("1970-01-01T00:00:00Z"));
    assert_eq!(
        config.config.env,
        ["HOME=/home/ana", "LESSON=first", r#"WORKSHOP_ENTRYPOINT=["/usr/bin/serve","--all"]"#]
    );
    assert_eq!(
        config.config.entrypoint,
        ["/usr/bin/serve", "--all"],
        "without an agent it starts as its base"
    );
    assert_eq!(config.config.user, "1000:1000");
    let text = serde_json::to_string(&config).unwrap();
    assert!(!text.contains("\"one\"") && !text.contains("shop\""), "{text}");
}

#[tokio::test]
async fn digests_are_pinned() {
    let (folder, store) = (folder(), registry().await);
    let digests: Vec<_> =
        build(&folder.plan(), &store).await.steps.into_iter().map(|step| step.digest).collect();
    // Other values here mean that every workshop is pushed and pulled again after an update of the program.
    assert_eq!(
        digests.iter().map(|digest| digest.short()).collect::<Vec<_>>(),
        ["480d7608c0fc", "29e9984f3be4", "29e9984f3be4"]
    );
}

#[tokio::test]
async fn a_second_run_writes_nothing_anywhere() {
    let (folder, store) = (folder(), registry().await);
    let cache = tempfile::tempdir().unwrap();
    let options = Options {
        cache: Some(cache.path().into()),
        platform: Platform::linux("amd64"),
        ..Options::default()
    };
    let first = build(&folder.plan_with(&options), &store).await;
    assert!(first.artifact_changed);
    store.take_requests();
    let second = build(&folder.plan_with(&options), &store).await;
    assert!(second.steps.iter().all(|step| step.outcome == Outcome::Unchanged));
    assert!(!second.artifact_changed);
    assert_eq!(second.content_digest, first.content_digest);
    let requests = store.take_requests();
    let other: Vec<_> = requests.iter().filter(|request| !request.starts_with("HEAD ")).collect();
    assert!(other.iter().all(|request| request.starts_with("GET base")), "{other:#?}");
    assert_eq!(other.len(), 2, "manifest and config of the base, and no layer: {other:#?}");
}

#[tokio::test]
async fn the_same_folder_gives_the_same_on_another_machine() {
    let (one, other) = (folder(), folder());
    // Another order of keys, other times, other comments; the same content.
    other.put(
        "step-spec.yaml",
        std::fs::read_to_string(other.path("step-spec.yaml"))
            .unwrap()
            .replace("{LESSON: first, HOME: /home/ana}", "{HOME: /home/ana, LESSON: first} # x"),
    );
    let (here, there) =
        (build(&one.plan(), &registry().await).await, build(&other.plan(), &registry().await).await);
    assert_eq!(here.steps, there.steps);
    assert_eq!(std::fs::read(here.artifact_path).unwrap(), std::fs::read(there.artifact_path).unwrap());
}

#[tokio::test]
async fn the_workshop_file_holds_the_rest() {
    let (folder, store) = (folder(), registry().await);
    let built = build(&folder.plan(), &store).await;
    assert_eq!(built.artifact_path, folder.path("shop.workshop"));
    let workshop = Workshop::read(&built.artifact_path).unwrap();
    assert_eq!(workshop.content_digest().unwrap(), built.content_digest);
    assert_eq!(workshop.base, built.base);
    assert_eq!(workshop.base.reference.to_string(), "registry.test:5000/base:1");
    assert_eq!(workshop.settings.lifecycle.as_ref().unwrap().ttl.as_deref(), Some("2h"));
    assert_eq!(workshop.assets[0].path, "assets/plan.png");
    let [one, two, three] = &workshop.steps[..] else { panic!() };
    assert_eq!((one.markdown.as_str(), &one.metadata["minutes"]), ("# One\n", &json!(5)));
    assert_eq!(two.unlock.as_ref().unwrap().after, ["one"]);
    assert_eq!(two.metadata["checks"][0]["id"], json!("a"));
    assert_eq!(two.metadata["imageTag"], json!(built.steps[1].pinned.to_string()));
    assert_eq!((three.markdown.as_str(), three.metadata.len()), ("", 1), "a step needs no text");
    assert_eq!(two.image.digest, built.steps[1].digest);
}

#[tokio::test]
async fn a_build_can_begin_in_the_middle() {
    let (folder, store) = (folder(), registry().await);
    let whole = build(&folder.plan(), &store).await;
    folder.put(
        "step-spec.yaml",
        std::fs::read_to_string(folder.path("step-spec.yaml")).unwrap().replace("more/x", "other/x"),
    );
    let options =
        Options { from_step: Some("two".into()), platform: Platform::linux("amd64"), ..Options::default() };
    let part = build(&folder.plan_with(&options), &store).await;
    assert_eq!(
        part.steps.iter().map(|step| step.outcome).collect::<Vec<_>>(),
        [Outcome::Taken, Outcome::Pushed, Outcome::Pushed]
    );
    assert_eq!(part.steps[0].digest, whole.steps[0].digest);
    assert_eq!(part.steps[0].own_bytes, whole.steps[0].own_bytes);
    assert_eq!(
        top_layer(&store, &part.steps[1]).await[0],
        "d 755 1000:1000 home/ana/work/other",
        "the directories of the step that was taken are known"
    );
    let again = build(&folder.plan(), &store).await;
    assert_eq!(
        again.steps[1..].iter().map(|s| &s.digest).collect::<Vec<_>>(),
        part.steps[1..].iter().map(|s| &s.digest).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_step_that_is_not_built_cannot_be_taken() {
    let (folder, store) = (folder(), registry().await);
    let options =
        Options { from_step: Some("two".into()), platform: Platform::linux("amd64"), ..Options::default() };
    let plan = folder.plan_with(&options);
    let error =
        crate::build(&plan, Stores { target: &store, base: &store }, &crate::NoProgress).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "--from-step: step \"one\" is not built (registry.test:5000/team/shop:one is not in the registry); build once without --from-step"
    );
    assert!(!folder.path("shop.workshop").exists(), "nothing is written");
}

#[tokio::test]
async fn a_base_in_another_registry_is_copied() {
    let (folder, base) = (folder(), registry().await);
    let target = Memory::named("other.test:5000");
    let options = Options {
        image: Some("other.test:5000/shop".into()),
        platform: Platform::linux("amd64"),
        ..Options::default()
    };
    let plan = folder.plan_with(&options);
    let built =
        crate::build(&plan, Stores { target: &target, base: &base }, &crate::NoProgress).await.unwrap();
    assert_eq!(
        built.steps[0].digest,
        build(&folder.plan(), &base).await.steps[0].digest,
        "a place is no content"
    );
    image(&target, &built.steps[2]).await;
}

#[tokio::test]
async fn files_that_do_not_fit_stop_the_build_with_the_step() {
    let folder = Folder::with("- {id: a, title: A, files: [{path: /home/ana, content: x}]}\n");
    let (store, plan) = (registry().await, folder.plan());
    let error =
        crate::build(&plan, Stores { target: &store, base: &store }, &crate::NoProgress).await.unwrap_err();
    assert!(matches!(error, BuildError::Step { .. }));
    assert!(
        error.to_string().starts_with("step \"a\": /home/ana: is a directory in the image below"),
        "{error}"
    );
}

#[tokio::test]
async fn a_large_file_takes_the_other_way_to_the_same_layer() {
    let folder = Folder::with("- {id: a, title: A, files: [{path: /big, source: big}]}\n");
    folder.put("big", vec![7; 33 << 20]);
    let store = registry().await;
    let built = build(&folder.plan(), &store).await;
    assert_eq!(top_layer(&store, &built.steps[0]).await, ["f 644 0:0 big"]);
}
