//! Images in a real registry.

use std::sync::Mutex;

use oci::{
    Artifact, Change, ChangeSet, Descriptor, Found, Image, ImageError, Layer, Manifest, Moved, NoProgress,
    Origin, Owner, Platform, Progress, Push, Pushed, Registry, RegistryOptions, Store, StoreError, Target,
    copy_image, media, pull_artifact, push_artifact,
};

use crate::real::RealRegistry;

pub fn layer(path: &str, text: &str) -> Layer {
    let mut files = ChangeSet::new();
    files.file(path, text, 0o644, Owner::ROOT).unwrap();
    files.layer().unwrap()
}

/// A base image of one layer.
pub async fn push_base(store: &dyn Store, repository: &str) -> (Image, Pushed) {
    let layer = layer("etc/base", "base");
    let mut image = Image::scratch(&Platform::linux("amd64"));
    image.add_layer(&layer, "base");
    image.config.config.set_env("PATH", "/bin");
    let push = Push { image: &image, layers: &[layer], origin: None };
    let pushed = push.to(store, repository, &["12"], &NoProgress).await.unwrap();
    (image, pushed)
}

async fn read(store: &dyn Store, repository: &str, tag: &str) -> Found {
    Image::read(store, repository, Target::Tag(tag), &Platform::linux("amd64")).await.unwrap()
}

#[tokio::test]
async fn a_step_on_a_base_mounts_what_is_there_and_sends_the_rest() {
    let registry = RealRegistry::start();
    let store = registry.open();
    let (base, base_pushed) = push_base(&store, "base").await;
    assert_eq!(read(&store, "base", "12").await.image, base);
    let mut step = read(&store, "base", "12").await.image;
    let own = layer("etc/motd", "welcome");
    step.add_layer(&own, "workshop: files");
    let origin = Some(Origin { store: &store, repository: "base" });
    let push = Push { image: &step, layers: std::slice::from_ref(&own), origin };

    let first = push.to(&store, "team/lesson", &["intro", "intro-2"], &NoProgress).await.unwrap();
    assert_eq!((first.traffic.mounted, first.traffic.uploaded), (1, 2), "{first:?}");
    assert!(!first.already_there);
    assert_eq!(first.digest, step.digest().unwrap());
    for tag in ["intro", "intro-2"] {
        let found = read(&store, "team/lesson", tag).await;
        assert_eq!((&found.image, &found.target.digest), (&step, &first.digest));
        assert_eq!(found.target, found.manifest);
    }

    let again = push.to(&store, "team/lesson", &["intro", "intro-2"], &NoProgress).await.unwrap();
    assert!(again.already_there && again.traffic.bytes == 0, "{again:?}");
    assert_ne!(first.digest, base_pushed.digest);
}

#[tokio::test]
async fn without_tags_an_image_is_found_by_its_digest() {
    let registry = RealRegistry::start();
    let store = registry.open();
    let own = layer("a", "a");
    let mut image = Image::scratch(&Platform::linux("amd64"));
    image.add_layer(&own, "a");
    let push = Push { image: &image, layers: &[own], origin: None };
    let pushed = push.to(&store, "x", &[], &NoProgress).await.unwrap();
    let found = store.resolve("x", Target::Digest(&pushed.digest)).await.unwrap().unwrap();
    assert_eq!((found.media_type.as_str(), &found.digest), (media::MANIFEST, &pushed.digest));
    assert!(push.to(&store, "x", &[], &NoProgress).await.unwrap().already_there);
}

/// Counts the bytes of each transfer.
#[derive(Default)]
struct Listener(Mutex<Vec<(u64, Option<Moved>)>>);

impl Progress for Listener {
    fn advanced(&self, _: &Descriptor, bytes: u64) {
        self.0.lock().unwrap().push((bytes, None));
    }
    fn finished(&self, blob: &Descriptor, moved: Moved) {
        self.0.lock().unwrap().push((blob.size, Some(moved)));
    }
}

#[tokio::test]
async fn a_large_layer_goes_from_file_to_file() {
    let registry = RealRegistry::start();
    let store = registry.open();
    let folder = tempfile::tempdir().unwrap();
    // Numbers that do not compress well, so that the layer has several pieces.
    let mut seed = 1_u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as u8
    };
    let noise: Vec<u8> = (0..3_000_000).map(|_| next()).collect();
    let mut files = ChangeSet::new();
    files.file("noise", noise, 0o644, Owner::ROOT).unwrap();
    let own = files.layer_into(&folder.path().join("layer")).unwrap();
    let mut image = Image::scratch(&Platform::linux("amd64"));
    image.add_layer(&own, "noise");
    let listener = Listener::default();
    let push = Push { image: &image, layers: std::slice::from_ref(&own), origin: None };
    let pushed = push.to(&store, "noise", &["1"], &listener).await.unwrap();
    let heard = listener.0.into_inner().unwrap();
    let advanced: u64 = heard.iter().filter(|(_, moved)| moved.is_none()).map(|(bytes, _)| bytes).sum();
    let finished: u64 =
        heard.iter().filter(|(_, moved)| *moved == Some(Moved::Uploaded)).map(|(b, _)| b).sum();
    assert_eq!(advanced, finished);
    assert!(pushed.traffic.bytes > advanced && advanced >= own.descriptor.size);

    let copy = folder.path().join("copy");
    store.save_blob("noise", &own.descriptor, &copy, &NoProgress).await.unwrap();
    assert_eq!(std::fs::read(copy).unwrap(), std::fs::read(folder.path().join("layer")).unwrap());
}

#[tokio::test]
async fn dockers_own_manifests_serve_as_a_base() {
    let registry = RealRegistry::start();
    let store = registry.open();
    let (image, _) = push_base(&store, "base").await;
    let found = store.read_manifest("base", Target::Tag("12")).await.unwrap();
    let oci::ManifestOrIndex::Manifest(mut manifest) = found.parse().unwrap() else { panic!("a manifest") };
    manifest.media_type = Some(media::DOCKER_MANIFEST.to_owned());
    manifest.config.media_type = media::DOCKER_CONFIG.to_owned();
    manifest.layers[0].media_type = media::DOCKER_LAYER_GZIP.to_owned();
    let raw = manifest.to_raw().unwrap();
    store.put_manifest("base", &raw, &["docker"]).await.unwrap();
    let list = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": media::DOCKER_INDEX,
        "manifests": [{
            "mediaType": media::DOCKER_MANIFEST, "digest": raw.descriptor.digest, "size": raw.descriptor.size,
            "platform": {"os": "linux", "architecture": "amd64"}
        }]
    });
    let bytes = oci::canonical_json(&list).unwrap();
    let list =
        oci::RawManifest { descriptor: Descriptor::of(media::DOCKER_INDEX, &bytes), bytes: bytes.into() };
    store.put_manifest("base", &list, &["list"]).await.unwrap();

    assert_eq!(read(&store, "base", "docker").await.image, image);
    let from_list = read(&store, "base", "list").await;
    assert_eq!(from_list.image, image);
    assert_eq!((from_list.target, from_list.manifest), (list.descriptor, raw.descriptor));
    let other = Image::read(&store, "base", Target::Tag("list"), &Platform::linux("arm64")).await;
    let message = other.unwrap_err().to_string();
    assert!(
        message.contains("base:list: no image for linux/arm64: the index offers linux/amd64"),
        "{message}"
    );
}

#[tokio::test]
async fn a_copy_between_registries_keeps_every_byte() {
    let (one, other) = (RealRegistry::start(), RealRegistry::start());
    let (from, to) = (one.open(), other.open());
    let (_, base) = push_base(&from, "base").await;
    let origin = Origin { store: &from, repository: "base" };
    let copied =
        copy_image(origin, Target::Tag("12"), &to, "mirror/base", &["12"], &NoProgress).await.unwrap();
    assert_eq!((copied.digest.clone(), copied.traffic.uploaded), (base.digest.clone(), 2));
    let again = copy_image(origin, Target::Digest(&base.digest), &to, "mirror/base", &["12"], &NoProgress)
        .await
        .unwrap();
    assert!(again.already_there);
    // Inside one registry nothing travels.
    let inside = Origin { store: &to, repository: "mirror/base" };
    let mounted = copy_image(inside, Target::Tag("12"), &to, "second", &["12"], &NoProgress).await.unwrap();
    assert_eq!((mounted.traffic.mounted, mounted.traffic.uploaded), (2, 0));
}

#[tokio::test]
async fn an_artifact_comes_back_as_it_went() {
    let registry = RealRegistry::start();
    let store = registry.open();
    let (_, base) = push_base(&store, "lesson").await;
    let subject = store.resolve("lesson", Target::Digest(&base.digest)).await.unwrap();
    let artifact = Artifact {
        artifact_type: "application/vnd.example.lesson.v1".into(),
        media_type: "application/vnd.example.lesson.v1+sqlite3".into(),
        title: "lesson.db".into(),
        subject,
        bytes: "SQLite format 3\0".into(),
    };
    let tags = ["workshop.artifact", "workshop.artifact-0123456789ab"];
    let pushed = push_artifact(&store, "lesson", &artifact, &tags, &NoProgress).await.unwrap();
    assert!(push_artifact(&store, "lesson", &artifact, &tags, &NoProgress).await.unwrap().already_there);
    let kind = artifact.artifact_type.as_str();
    let (found, descriptor) =
        pull_artifact(&store, "lesson", Target::Tag(tags[1]), kind, 1000).await.unwrap();
    assert_eq!((found, descriptor.digest), (artifact.clone(), pushed.digest));

    let small = pull_artifact(&store, "lesson", Target::Tag(tags[0]), kind, 15).await.unwrap_err();
    assert!(matches!(small, ImageError::Store(StoreError::TooLarge { size: 16, limit: 15, .. })), "{small}");
    let image = pull_artifact(&store, "lesson", Target::Tag("12"), kind, 1000).await.unwrap_err().to_string();
    assert!(image.contains("lesson:12: holds \"application/vnd.oci.image.config.v1+json\""), "{image}");
}

#[tokio::test]
async fn damaged_content_is_never_given_out() {
    let registry = RealRegistry::start();
    let store = registry.open();
    let (image, pushed) = push_base(&store, "base").await;
    let blob = &image.layers[0];
    let mut bytes = std::fs::read(registry.blob_file(&blob.digest)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(registry.blob_file(&blob.digest), &bytes).unwrap();
    let error = store.read_blob("base", blob, 10_000).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    let copy = tempfile::NamedTempFile::new().unwrap();
    let error = store.save_blob("base", blob, copy.path(), &NoProgress).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");

    let manifest = registry.blob_file(&pushed.digest);
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(manifest, text.replace("\"schemaVersion\":2", "\"schemaVersion\": 2")).unwrap();
    let error = store.read_manifest("base", Target::Digest(&pushed.digest)).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. } | StoreError::Answer { .. }), "{error}");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let registry = RealRegistry::start();
    let store = registry.open();
    let host = store.name().to_owned();
    assert!(store.resolve("nowhere", Target::Tag("1")).await.unwrap().is_none());
    let error = store.read_manifest("nowhere", Target::Tag("1")).await.unwrap_err();
    assert!(error.is_not_found());
    let message = error.to_string();
    assert!(message.starts_with(&format!("{host}/nowhere:1: not found (404 ")), "{message}");

    let image =
        Image { layers: vec![layer("a", "a").descriptor], ..Image::scratch(&Platform::linux("amd64")) };
    let push = Push { image: &image, layers: &[], origin: None };
    let error = push.to(&store, "x", &["1"], &NoProgress).await.unwrap_err().to_string();
    assert!(error.contains(image.layers[0].digest.as_str()) && error.contains("not found"), "{error}");
}

#[tokio::test]
async fn a_registry_that_is_gone_is_named_with_the_number_of_attempts() {
    let registry = RealRegistry::start();
    let host = registry.open().name().to_owned();
    drop(registry);
    let mut options = RegistryOptions::default();
    options.limits.attempts = 2;
    let store = Registry::open(&host, &options).unwrap();
    let error = store.resolve("x", Target::Tag("1")).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{host}/x:1: no answer from {host} after 2 attempts: ")), "{error}");
}

#[tokio::test]
async fn every_kind_of_change_is_accepted_by_a_registry() {
    let registry = RealRegistry::start();
    let store = registry.open();
    let mut files = ChangeSet::new();
    files.directory("d", 0o755, Owner::ROOT).unwrap();
    files.file("d/f", "x", 0o755, Owner { uid: 1000, gid: 1000 }).unwrap();
    files.insert("d/g", Change::HardLink { target: b"d/f".to_vec() }).unwrap();
    files.symlink("d/s", "f", Owner::ROOT).unwrap();
    files.delete("etc/motd").unwrap();
    let own = files.layer().unwrap();
    let mut image = Image::scratch(&Platform::linux("amd64"));
    image.add_layer(&own, "all");
    let push = Push { image: &image, layers: std::slice::from_ref(&own), origin: None };
    push.to(&store, "all", &["1"], &NoProgress).await.unwrap();
    let back = store.read_blob("all", &own.descriptor, 100_000).await.unwrap();
    let oci::Blob::Bytes(bytes) = &own.blob else { panic!("in memory") };
    assert_eq!(&back, bytes);
    // A manifest whose blobs are not there is the registry's to refuse, with its own words.
    let mut manifest = Manifest::new(own.descriptor.clone(), Vec::new());
    manifest.config.digest = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let error = store.put_manifest("all", &manifest.to_raw().unwrap(), &["2"]).await.unwrap_err().to_string();
    assert!(
        error.contains("400 ") && error.contains("MANIFEST_BLOB_UNKNOWN") || error.contains("404 "),
        "{error}"
    );
}
