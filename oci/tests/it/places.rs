//! A layout directory and memory, and what a push and a copy ask of a store.

use oci::{
    Descriptor, Image, Index, Layout, Memory, NoProgress, Origin, Platform, Push, Store, StoreError, Target,
    copy_image, media,
};

use crate::images::{layer, push_base};

#[tokio::test]
async fn a_layout_keeps_images_between_two_openings() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("layout");
    let (image, pushed) = push_base(&Layout::create(&root).unwrap(), "any").await;
    let again = Layout::open(&root).unwrap();
    let found = Image::read(&again, "other", Target::Tag("12"), &Platform::linux("amd64")).await.unwrap();
    assert_eq!((found.image, found.target.digest), (image, pushed.digest.clone()));
    let by_digest = again.resolve("any", Target::Digest(&pushed.digest)).await.unwrap().unwrap();
    assert_eq!(by_digest.media_type, media::MANIFEST);
    // A tag that moves leaves no second entry.
    push_base(&again, "any").await;
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(root.join("index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], "12");
    let left: Vec<_> = std::fs::read_dir(root.join("blobs/sha256")).unwrap().collect();
    assert_eq!(left.len(), 3, "layer, config, manifest and nothing temporary: {left:?}");
}

#[tokio::test]
async fn what_is_no_layout_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("precious"), "x").unwrap();
    let error = Layout::create(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Setting { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_layout_gives_no_damaged_blob() {
    let folder = tempfile::tempdir().unwrap();
    let store = Layout::create(folder.path()).unwrap();
    let (image, _) = push_base(&store, "any").await;
    let blob = &image.layers[0];
    std::fs::write(folder.path().join("blobs/sha256").join(blob.digest.hex()), "x").unwrap();
    let error = store.read_blob("any", blob, 10_000).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_push_that_changes_nothing_is_one_head_for_each_tag() {
    let store = Memory::new();
    let (image, _) = push_base(&store, "base").await;
    store.take_requests();
    let push = Push { image: &image, layers: &[], origin: None };
    let pushed = push.to(&store, "base", &["12", "12"], &NoProgress).await.unwrap();
    assert!(pushed.already_there);
    assert_eq!(store.take_requests(), ["HEAD base:12", "HEAD base:12"]);
}

#[tokio::test]
async fn a_missing_tag_alone_is_written_without_moving_a_blob() {
    let store = Memory::new();
    let (image, pushed) = push_base(&store, "base").await;
    store.take_requests();
    let push = Push { image: &image, layers: &[], origin: None };
    push.to(&store, "base", &["12", "new"], &NoProgress).await.unwrap();
    let writes: Vec<_> = store.take_requests().into_iter().filter(|line| !line.starts_with("HEAD")).collect();
    assert_eq!(writes, ["PUT base:new"]);
    assert_eq!(store.tags("base")["new"], pushed.digest);
}

#[tokio::test]
async fn a_blob_that_the_base_has_is_mounted_before_anything_is_sent() {
    let store = Memory::new();
    let (mut image, _) = push_base(&store, "base").await;
    let own = layer("own", "own");
    image.add_layer(&own, "own");
    store.take_requests();
    let origin = Some(Origin { store: &store, repository: "base" });
    let push = Push { image: &image, layers: std::slice::from_ref(&own), origin };
    push.to(&store, "step", &["1"], &NoProgress).await.unwrap();
    let seen = store.take_requests();
    let base = &image.layers[0].digest;
    assert!(seen.contains(&format!("MOUNT step blob {base} from base")), "{seen:?}");
    assert!(!seen.contains(&format!("PUT step blob {base}")), "{seen:?}");
    assert_eq!(seen.last().unwrap(), "PUT step:1");
}

#[tokio::test]
async fn an_index_is_copied_with_its_images_and_before_them_nothing_points_to_it() {
    let from = Memory::new();
    let (_, one) = push_base(&from, "base").await;
    let mut entry = from.resolve("base", Target::Digest(&one.digest)).await.unwrap().unwrap();
    entry.platform = Some(Platform::linux("amd64"));
    let index = Index::new(vec![entry]).to_raw().unwrap();
    from.put_manifest("base", &index, &["multi"]).await.unwrap();
    from.take_requests();

    let to = Memory::new();
    let origin = Origin { store: &from, repository: "base" };
    let copied =
        copy_image(origin, Target::Tag("multi"), &to, "copy", &["multi"], &NoProgress).await.unwrap();
    assert_eq!(copied.digest, index.descriptor.digest);
    let puts: Vec<_> = to.take_requests().into_iter().filter(|line| line.starts_with("PUT copy")).collect();
    assert_eq!(puts[puts.len() - 2..], [format!("PUT copy@{}", one.digest), "PUT copy:multi".to_owned()]);

    from.take_requests();
    let target = Target::Digest(&index.descriptor.digest);
    assert!(copy_image(origin, target, &to, "copy", &["multi"], &NoProgress).await.unwrap().already_there);
    assert_eq!((from.take_requests(), to.take_requests()), (vec![], vec!["HEAD copy:multi".to_owned()]));
}

#[tokio::test]
async fn a_tag_that_is_not_there_is_not_copied() {
    let (from, to) = (Memory::named("from.test"), Memory::new());
    let origin = Origin { store: &from, repository: "base" };
    let error = copy_image(origin, Target::Tag("9"), &to, "x", &["9"], &NoProgress).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "from.test/base:9: not found (no such tag); check the name, or push it first"
    );
}

#[tokio::test]
async fn a_layer_travels_from_a_layout_to_memory() {
    let folder = tempfile::tempdir().unwrap();
    let from = Layout::create(folder.path()).unwrap();
    let (image, _) = push_base(&from, "any").await;
    let to = Memory::new();
    let push = Push { image: &image, layers: &[], origin: Some(Origin { store: &from, repository: "any" }) };
    let pushed = push.to(&to, "base", &["12"], &NoProgress).await.unwrap();
    assert_eq!((pushed.traffic.uploaded, pushed.traffic.mounted), (2, 0));
    let missing = Descriptor::of("x", b"missing");
    assert!(to.read_blob("base", &missing, 100).await.unwrap_err().is_not_found());
}
