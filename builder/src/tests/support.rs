use std::fs;
use std::path::{Path, PathBuf};

use oci::{ChangeSet, Image, Memory, NoProgress, Owner, Platform, Push};
use tempfile::TempDir;

use crate::{Built, BuiltStep, Options, Plan, Stores};

/// A workshop's folder that goes away with the test.
pub(super) struct Folder(TempDir);

pub(super) const HEAD: &str = "version: v1
workshop: {name: shop, image: registry.test:5000/team/shop}
base: {image: registry.test:5000/base:1}
steps:
";

impl Folder {
    /// With these steps in its specification.
    pub(super) fn with(steps: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.put("step-spec.yaml", format!("{HEAD}{steps}"));
        folder
    }

    pub(super) fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn plan(&self) -> Plan {
        self.plan_with(&Options { platform: Platform::linux("amd64"), ..Options::default() })
    }

    pub(super) fn plan_with(&self, options: &Options) -> Plan {
        crate::plan(self.0.path(), options).unwrap()
    }

    /// What is wrong with it; the folder's own name left out.
    pub(super) fn faults(&self) -> Vec<String> {
        let text = crate::plan(self.0.path(), &Options::default()).unwrap_err().to_string();
        text.lines().map(|line| line.replace(&format!("{}/", self.0.path().display()), "")).collect()
    }
}

/// A registry with a base image: a user 1000 with a home, and `/bin` as a link.
pub(super) async fn registry() -> Memory {
    let store = Memory::named("registry.test:5000");
    let ana = Owner { uid: 1000, gid: 1000 };
    let mut lower = ChangeSet::new();
    for path in ["etc", "home", "usr", "usr/bin"] {
        lower.directory(path, 0o755, Owner::ROOT).unwrap();
    }
    lower.symlink("bin", "usr/bin", Owner::ROOT).unwrap();
    lower.file("etc/passwd", "ana:x:1000:1000::/home/ana:/bin/sh\n", 0o644, Owner::ROOT).unwrap();
    let mut upper = ChangeSet::new();
    upper.directory("home/ana", 0o700, ana).unwrap();
    let layers = [lower.layer().unwrap(), upper.layer().unwrap()];
    let mut image = Image::scratch(&Platform::linux("amd64"));
    layers.iter().for_each(|layer| image.add_layer(layer, "base"));
    image.config.created = Some("2024-05-06T07:08:09Z".to_owned());
    image.config.config.user = "1000:1000".to_owned();
    image.config.config.set_env("HOME", "/home/ana");
    image.config.config.entrypoint = vec!["/usr/bin/serve".to_owned(), "--all".to_owned()];
    let push = Push { image: &image, layers: &layers, origin: None };
    push.to(&store, "base", &["1"], &NoProgress).await.unwrap();
    store.take_requests();
    store
}

pub(super) async fn build(plan: &Plan, store: &Memory) -> Built {
    crate::build(plan, Stores { target: store, base: store }, &crate::NoProgress).await.unwrap()
}

/// The image of a built step.
pub(super) async fn image(store: &Memory, step: &BuiltStep) -> Image {
    let target = oci::Target::Digest(&step.digest);
    Image::read(store, step.reference.repository(), target, &Platform::linux("amd64")).await.unwrap().image
}

/// The topmost layer as lines: kind, mode, owner, path.
pub(super) async fn top_layer(store: &Memory, step: &BuiltStep) -> Vec<String> {
    let image = image(store, step).await;
    let layer = image.layers.last().unwrap();
    let bytes = oci::Store::read_blob(store, step.reference.repository(), layer, 1 << 20).await.unwrap();
    let mut archive = tar::Archive::new(flate2::read::MultiGzDecoder::new(&bytes[..]));
    let entries = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let (header, path) = (entry.header(), entry.path().unwrap().display().to_string());
        let (mode, uid, gid) = (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        assert_eq!(header.mtime().unwrap(), 0);
        let kind = if header.entry_type().is_dir() { "d" } else { "f" };
        format!("{kind} {mode:o} {uid}:{gid} {}", path.trim_end_matches('/'))
    });
    entries.collect()
}

pub(super) fn repository_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
