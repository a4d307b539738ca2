mod fixture;
mod hostile;

use std::fs;

use fixture::workshop;

use super::*;

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out/shop.workshop");
    let written = workshop().write(&path).unwrap();
    assert!(written.changed);
    assert_eq!(Workshop::read(&path).unwrap(), workshop());
    let verified = verify(&path).unwrap();
    assert_eq!(verified.content_digest, written.content_digest);
    assert_eq!((verified.steps, verified.size), (3, written.size));
}

#[test]
fn equal_content_is_equal_bytes_and_is_not_written_again() {
    let mut other = workshop();
    other.assets.reverse();
    assert_eq!(
        workshop().to_bytes().unwrap(),
        other.to_bytes().unwrap(),
        "the order of assets means nothing"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.workshop");
    workshop().write(&path).unwrap();
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    assert!(!other.write(&path).unwrap().changed);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn the_content_digest_is_pinned() {
    // Another value here is another format: files of older releases would count as damaged.
    let digest = workshop().content_digest().unwrap();
    assert_eq!(digest.as_str(), "sha256:5ffbf5e8f6aa22af1183bc539cbcb6940eb3794332bbe2331eaad9323eff68e7");
}

#[test]
fn every_part_of_the_content_shows_in_the_digest() {
    let digest = |change: fn(&mut Workshop)| {
        let mut workshop = workshop();
        change(&mut workshop);
        workshop.content_digest().unwrap()
    };
    let changes: [fn(&mut Workshop); 9] = [
        |_| {},
        |w| w.created_at = 1,
        |w| w.settings.lifecycle = None,
        |w| w.steps[0].title.push('!'),
        |w| w.steps[0].markdown.push('!'),
        |w| w.steps[1].unlock = None,
        |w| drop(w.steps[0].metadata.remove("minutes")),
        |w| w.assets[0].bytes.push(0),
        |w| w.steps.swap(0, 1),
    ];
    let digests: std::collections::HashSet<_> = changes.into_iter().map(digest).collect();
    assert_eq!(digests.len(), 9);
}

#[test]
fn a_workshop_that_is_too_large_says_what_is() {
    let mut workshop = workshop();
    workshop.assets[1].bytes = vec![7; 6_000_000];
    let error = workshop.to_bytes().unwrap_err().to_string();
    assert!(error.contains("largest: assets/plan.png, 6000000 bytes"), "{error}");
}

#[test]
fn a_step_that_is_there_twice_is_refused() {
    let mut workshop = workshop();
    workshop.steps[1].id = "intro".to_owned();
    assert!(matches!(workshop.to_bytes(), Err(WriteError::Database(_))));
}

#[test]
fn the_template_has_steps_with_digests_and_the_settings() {
    let spec = workshop().template_spec(None);
    assert!(api::step_graph::faults(&spec).is_empty());
    assert_eq!(spec.steps.len(), 3);
    assert_eq!(spec.steps[1].image.reference, "localhost:5000/team/shop:deploy");
    assert_eq!(spec.steps[1].image.digest, format!("sha256:{}", "1".repeat(64)));
    assert_eq!(spec.steps[1].unlock.as_ref().unwrap().after, ["intro"]);
    assert_eq!(spec.defaults, workshop().settings);
}

#[tokio::test]
async fn a_registry_gives_back_what_was_published() {
    let store = oci::Memory::named("localhost:5000");
    let first = publish(&store, &workshop(), &oci::NoProgress).await.unwrap();
    assert_eq!(first.reference.to_string(), "localhost:5000/team/shop:workshop.artifact");
    let content = workshop().content_digest().unwrap();
    for target in
        [oci::Target::Tag(TAG), oci::Target::Tag(&digest_tag(&content)), oci::Target::Digest(&first.digest)]
    {
        let (fetched, digest) = fetch(&store, "team/shop", target).await.unwrap();
        assert_eq!((fetched, digest), (workshop(), first.digest.clone()));
    }
    assert!(publish(&store, &workshop(), &oci::NoProgress).await.unwrap().already_there);
}
