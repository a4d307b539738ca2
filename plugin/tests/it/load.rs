//! From an artifact to a template, with a real registry and a real API server.

use std::path::PathBuf;

use api::v1::WorkspaceTemplate;
use artifact::{Pinned, Step, Workshop};
use kube::Api;
use kube::api::{Patch, PatchParams};
use oci::{ChangeSet, Image, NoProgress, Owner, Platform, Push, Store, Target};
use serde_json::json;
use wire::ImageReference;

use super::cluster::cluster;
use super::registry::RealRegistry;

/// A workshop whose step images are in the registry.
fn workshop(registry: &RealRegistry, name: &str, texts: &[&str]) -> Workshop {
    let store = registry.open();
    let image: ImageReference = format!("{}/team/{name}", store.name()).parse().unwrap();
    let push = |id: &str, text: &str| {
        let mut files = ChangeSet::new();
        files.file("/text", text, 0o644, Owner::ROOT).unwrap();
        let layer = files.layer().unwrap();
        let mut step = Image::scratch(&Platform::host());
        step.add_layer(&layer, "test");
        let push = Push { image: &step, layers: &[layer], origin: None };
        let pushed = cluster().block_on(push.to(&store, image.repository(), &[id], &NoProgress)).unwrap();
        Pinned { reference: image.with_tag(id).unwrap(), digest: pushed.digest }
    };
    let steps = texts.iter().enumerate().map(|(nth, text)| {
        let id = format!("step-{nth}");
        let (image, title) = (push(&id, text), (*text).to_owned());
        Step { id, title, markdown: format!("# {text}\n"), image, unlock: None, metadata: Default::default() }
    });
    let steps: Vec<Step> = steps.collect();
    let base = steps[0].image.clone();
    let settings = Default::default();
    Workshop {
        name: name.to_owned(),
        version: "v1".to_owned(),
        created_at: 0,
        image,
        base,
        settings,
        steps,
        assets: vec![],
    }
}

fn write(folder: &tempfile::TempDir, workshop: &Workshop) -> PathBuf {
    let path = folder.path().join("w.workshop");
    workshop.write(&path).unwrap();
    path
}

fn templates() -> Api<WorkspaceTemplate> {
    Api::all(cluster().client.clone())
}

#[test]
fn a_workshop_is_loaded_once_and_updated_with_care() {
    let (cluster, registry, folder) = (cluster(), RealRegistry::start(), tempfile::tempdir().unwrap());
    let first = workshop(&registry, "careful", &["one", "two"]);
    let file = write(&folder, &first);
    let made = cluster.expect(0, &format!("load {}", file.display()));
    assert!(
        made.out.contains(" pushed\nworkspacetemplate.workshop.platform/careful created\n"),
        "{}",
        made.out
    );
    let template = cluster.block_on(templates().get("careful")).unwrap();
    let pinned = template.spec.artifact.clone().unwrap();
    let found =
        cluster.block_on(registry.open().resolve("team/careful", Target::Tag("workshop.artifact"))).unwrap();
    assert_eq!(found.unwrap().digest.to_string(), pinned.digest);
    assert_eq!(template.spec.steps[1].image.digest, first.steps[1].image.digest.to_string());

    let again = cluster.expect(0, &format!("load {}", file.display()));
    assert!(
        again.out.contains(" is there already\n") && again.out.contains("careful unchanged\n"),
        "{}",
        again.out
    );
    let same = cluster.block_on(templates().get("careful")).unwrap();
    assert_eq!(same.metadata.resource_version, template.metadata.resource_version);

    let policy = json!({"spec": {"overridePolicy": [{"path": "lifecycle.ttl", "rule": {"atMost": "8h"}}]}});
    cluster.block_on(templates().patch("careful", &PatchParams::default(), &Patch::Merge(&policy))).unwrap();
    let file = write(&folder, &workshop(&registry, "careful", &["one", "two", "three"]));
    let changed = cluster.expect(0, &format!("load {} --pull-secret mirror", file.display()));
    assert!(changed.out.contains("careful configured\n"), "{}", changed.out);
    let template = cluster.block_on(templates().get("careful")).unwrap();
    assert_eq!((template.spec.steps.len(), template.spec.override_policy.len()), (3, 1));
    assert_eq!(template.spec.image_pull_secrets[0].name, "mirror");
}

#[test]
fn a_repository_is_enough_and_a_mirror_has_the_same_digests() {
    let (cluster, registry, mirror, folder) =
        (cluster(), RealRegistry::start(), RealRegistry::start(), tempfile::tempdir().unwrap());
    let original = workshop(&registry, "travels", &["one", "two"]);
    let file = write(&folder, &original);
    cluster.expect(0, &format!("load {}", file.display()));
    cluster.expect(0, &format!("load oci://{} --name from-registry", original.image.name()));
    let loaded = cluster.block_on(templates().get("from-registry")).unwrap();
    assert_eq!(loaded.spec, cluster.block_on(templates().get("travels")).unwrap().spec);

    let host = mirror.open().name().to_owned();
    let line = format!("load {} --name mirrored --registry {host}", file.display());
    let missing = cluster.expect(6, &line);
    assert!(missing.err.contains("has no image of step-0"), "{}", missing.err);
    workshop(&mirror, "travels", &["one", "two"]);
    cluster.expect(0, &line);
    let mirrored = cluster.block_on(templates().get("mirrored")).unwrap().spec;
    assert!(mirrored.steps.iter().all(|step| step.image.reference.starts_with(&host)), "{mirrored:?}");
    assert_eq!(mirrored.steps[0].image.digest, loaded.spec.steps[0].image.digest);
    let (here, there) = (mirrored.artifact.unwrap(), loaded.spec.artifact.unwrap());
    assert_eq!(here.digest, there.digest);
    assert!(here.reference.starts_with(&host), "{here:?}");
}

#[test]
fn a_dry_run_pushes_and_writes_nothing() {
    let (cluster, registry, folder) = (cluster(), RealRegistry::start(), tempfile::tempdir().unwrap());
    let file = write(&folder, &workshop(&registry, "dry", &["one"]));
    let dry = cluster.expect(0, &format!("load {} --dry-run=server", file.display()));
    assert!(
        dry.out.contains("would be pushed") && dry.out.contains("dry created (server dry run)"),
        "{}",
        dry.out
    );
    assert!(cluster.block_on(templates().get_opt("dry")).unwrap().is_none());
    let pushed =
        cluster.block_on(registry.open().resolve("team/dry", Target::Tag("workshop.artifact"))).unwrap();
    assert!(pushed.is_none(), "{pushed:?}");
}

#[test]
fn a_registry_that_does_not_run_is_told_in_plain_words() {
    let (registry, folder) = (RealRegistry::start(), tempfile::tempdir().unwrap());
    let file = write(&folder, &workshop(&registry, "away", &["one"]));
    let host = registry.open().name().to_owned();
    drop(registry);
    let ended = cluster().expect(1, &format!("load {}", file.display()));
    assert!(
        ended.err.contains("cannot load away") && ended.err.contains(&format!("registry {host}")),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("do:    check that it runs"), "{}", ended.err);
}

#[test]
fn a_damaged_artifact_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.workshop");
    std::fs::write(&file, vec![7_u8; 5000]).unwrap();
    let ended = cluster().expect(1, &format!("load {}", file.display()));
    assert!(ended.err.contains("cannot read the artifact"), "{}", ended.err);
    assert!(ended.err.contains("build compile"), "{}", ended.err);
}
