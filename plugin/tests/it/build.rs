//! From a folder to images, artifact and template, with a real registry and a real API server.

use std::fmt::Write as _;
use std::path::Path;

use api::v1::WorkspaceTemplate;
use kube::Api;
use oci::{ChangeSet, Image, NoProgress, Owner, Platform, Push, Store, Target};
use serde_json::Value;

use super::cluster::cluster;
use super::registry::RealRegistry;

/// Writes a workshop of these steps, on a small base image that is pushed to the registry.
fn workshop(registry: &RealRegistry, folder: &Path, steps: &[(&str, &str)]) {
    let store = registry.open();
    let mut files = ChangeSet::new();
    files.file("/etc/passwd", "root:x:0:0::/:/bin/sh\n", 0o644, Owner::ROOT).unwrap();
    let layer = files.layer().unwrap();
    let mut base = Image::scratch(&Platform::host());
    base.add_layer(&layer, "base");
    let push = Push { image: &base, layers: &[layer], origin: None };
    cluster().block_on(push.to(&store, "base", &["1"], &NoProgress)).unwrap();
    let host = store.name();
    let mut spec = format!(
        "version: v1\nworkshop: {{name: built, image: '{host}/team/built'}}\nbase: {{image: '{host}/base:1'}}\nsteps:\n"
    );
    for (id, text) in steps {
        writeln!(spec, "- id: {id}\n  title: Step {id}\n  files: [{{path: /home/text, content: '{text}'}}]")
            .unwrap();
    }
    std::fs::write(folder.join("step-spec.yaml"), spec).unwrap();
    std::fs::write(folder.join("workspace.yaml"), "version: v1\nlifecycle: {mode: ephemeral, ttl: 3h}\n")
        .unwrap();
}

#[test]
fn a_folder_becomes_a_template_in_two_commands() {
    let (cluster, registry, folder) = (cluster(), RealRegistry::start(), tempfile::tempdir().unwrap());
    workshop(&registry, folder.path(), &[("intro", "a"), ("pipes", "b")]);
    let compile = format!("build compile {}", folder.path().display());
    let cache = folder.path().join("cache");
    let run = |line: &str| {
        let mut command = cluster.command(line);
        command.env("XDG_CACHE_HOME", &cache);
        super::program::run(command)
    };
    let built = run(&compile);
    assert_eq!(built.code, Some(0), "{}", built.err);
    for id in ["intro", "pipes"] {
        let row = built.out.lines().find(|row| row.contains(id)).unwrap();
        let found =
            cluster.block_on(registry.open().resolve("team/built", Target::Tag(id))).unwrap().unwrap();
        assert!(
            row.starts_with("pushed") && row.contains(found.digest.short()) && row.ends_with('B'),
            "{row}"
        );
    }
    assert!(!built.err.contains('\u{1b}'), "{}", built.err);

    let again = run(&format!("{compile} -o json"));
    let report: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(report["steps"][1]["state"], "unchanged", "{report}");
    assert_eq!(report["artifact"]["changed"], false, "{report}");

    let file = folder.path().join("built.workshop");
    let loaded = cluster.expect(0, &format!("load {}", file.display()));
    assert!(loaded.out.contains("workspacetemplate.workshop.platform/built created"), "{}", loaded.out);
    let templates: Api<WorkspaceTemplate> = Api::all(cluster.client.clone());
    let template = cluster.block_on(templates.get("built")).unwrap();
    assert_eq!(template.spec.defaults.lifecycle.unwrap().ttl.as_deref(), Some("3h"));
    assert_eq!(template.spec.steps[1].image.digest, report["steps"][1]["digest"].as_str().unwrap());
    let made = cluster.expect(0, "create built-ana --template built --step pipes -n silent");
    assert!(made.out.contains("created"), "{}", made.out);
}

#[test]
fn every_fault_of_a_folder_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let spec = "version: v1\nworkshop: {name: w, image: 'localhost:1/w'}\nbase: {image: 'localhost:1/b:1'}\nsteps:\n- id: A B\n  title: x\n- title: y\n";
    std::fs::write(folder.path().join("step-spec.yaml"), spec).unwrap();
    std::fs::write(folder.path().join("workspace.yaml"), "version: v1\nlifecycle: {mode: forever}\n")
        .unwrap();
    let ended = cluster().expect(1, &format!("build compile {}", folder.path().display()));
    for told in [
        "steps[0].id: must be lowercase alphanumeric and hyphens only",
        "steps[1]: id is required",
        "lifecycle.mode: must be \"persistent\" or \"ephemeral\"",
        "step-spec.yaml:5:",
    ] {
        assert!(ended.err.contains(told), "{told} is not in {}", ended.err);
    }
}

#[test]
fn a_folder_without_a_specification_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let ended = cluster().expect(6, &format!("build compile {}", folder.path().display()));
    assert!(ended.err.contains("step-spec.yaml"), "{}", ended.err);
    cluster().expect(2, &format!("load {}", folder.path().display()));
}
