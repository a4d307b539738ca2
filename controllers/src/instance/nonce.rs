//! The reference of one transition: the same digest under a name that this pod never had, so that
//! kubelet restarts the container for certain and meets no crash back-off.

use wire::{Digest, ImageReference};

use super::seen::PodSeen;

/// `repository:g<generation>@digest`, with `-n` appended where this generation has named an image of
/// this pod before. It needs no memory: the same question has the same answer after a lost one.
#[must_use]
pub fn nonce(image: &ImageReference, generation: i64, seen: Option<&PodSeen>, digest: &Digest) -> String {
    let repair = match seen.map(|pod| (own_tag(&pod.image), pod.generation)) {
        None => None,
        Some((Some((named, count)), _)) => (named == generation).then(|| count.saturating_add(1)),
        // Somebody else named the image. The pod's own generation is above every `-n` so far, since
        // each of them took a change of the spec.
        Some((None, pod_generation)) => Some(pod_generation.unwrap_or(1)),
    };
    let repair = repair.map(|count| format!("-{count}")).unwrap_or_default();
    format!("{}:g{generation}{repair}@{digest}", image.name())
}

/// Generation and repair count of a tag of ours.
fn own_tag(image: &str) -> Option<(i64, i64)> {
    let (_, tag) = image.rsplit_once('@')?.0.rsplit_once(':')?;
    let tag = tag.strip_prefix('g')?;
    match tag.split_once('-') {
        None => Some((tag.parse().ok()?, 0)),
        Some((generation, count)) => Some((generation.parse().ok()?, count.parse().ok()?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seen: &str, pod_generation: Option<i64>) -> String {
        let pod = PodSeen { image: seen.to_owned(), generation: pod_generation, ..PodSeen::default() };
        let seen = (!seen.is_empty()).then_some(&pod);
        let image = "localhost:5000/w:two".parse().unwrap();
        let named = nonce(&image, 7, seen, &Digest::from_sha256(&[2; 32]));
        named.split_once('@').unwrap().0.to_owned()
    }

    #[test]
    fn a_transition_has_a_name_of_its_own() {
        let digest = Digest::from_sha256(&[1; 32]);
        for (seen, pod_generation, wanted) in [
            ("", None, "localhost:5000/w:g7"),
            ("localhost:5000/w:g6@", Some(3), "localhost:5000/w:g7"),
            ("localhost:5000/w:g6-4@", Some(3), "localhost:5000/w:g7"),
            ("localhost:5000/w:g7@", Some(3), "localhost:5000/w:g7-1"),
            ("localhost:5000/w:g7-1@", Some(5), "localhost:5000/w:g7-2"),
            ("localhost:5000/other:g7@", Some(3), "localhost:5000/w:g7-1"),
            ("localhost:5000/w:g70@", Some(3), "localhost:5000/w:g7"),
            ("localhost:5000/w:two@", Some(6), "localhost:5000/w:g7-6"),
            ("localhost:5000/w:g7-x@", Some(6), "localhost:5000/w:g7-6"),
            ("localhost:5000/w@", Some(6), "localhost:5000/w:g7-6"),
            ("localhost:5000/w:two@", None, "localhost:5000/w:g7-1"),
        ] {
            let seen = if seen.is_empty() { String::new() } else { format!("{seen}{digest}") };
            assert_eq!(after(&seen, pod_generation), wanted, "after {seen}");
        }
    }

    #[test]
    fn a_reference_without_a_digest_is_not_ours() {
        assert_eq!(after("localhost:5000/w:g7", Some(4)), "localhost:5000/w:g7-4");
    }
}
