//! The images of the nodes, and what a node says of one that it cannot have.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::plan::{PullFault, key};

/// Images on every node, and how often each was asked for.
#[derive(Debug, Default)]
pub struct Images {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: HashSet<(String, String)>,
    asked: HashMap<(String, String), usize>,
}

impl Images {
    /// Whether the node has it.
    pub fn holds(&self, node: &str, image: &str) -> bool {
        self.lock().held.contains(&place(node, image))
    }

    /// The node has it now.
    pub fn hold(&self, node: &str, image: &str) {
        self.lock().held.insert(place(node, image));
    }

    /// The node asks its registry.
    pub fn ask(&self, node: &str, image: &str) {
        *self.lock().asked.entry(place(node, image)).or_default() += 1;
    }

    /// How often it did.
    pub fn asked(&self, node: &str, image: &str) -> usize {
        self.lock().asked.get(&place(node, image)).copied().unwrap_or_default()
    }

    /// Takes all others away from the node.
    pub fn keep(&self, node: &str, used: &HashSet<String>) {
        self.lock().held.retain(|(on, image)| on != node || used.contains(image));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(node: &str, image: &str) -> (String, String) {
    (node.to_owned(), key(image).to_owned())
}

/// What kubelet says of a failed pull, as `evalCRIPullErr` hands it on.
pub fn words(image: &str, fault: &PullFault) -> String {
    let name = untagged(image);
    let (code, said) = match fault {
        PullFault::NotFound => ("NotFound", format!("{name}: not found")),
        PullFault::Unauthorised => (
            "Unknown",
            format!(
                "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to {name}: 401 Unauthorized"
            ),
        ),
        PullFault::Unavailable => (
            "Unknown",
            format!("failed to do request: Head \"{name}\": dial tcp: connect: connection refused"),
        ),
        PullFault::TooManyRequests => {
            ("Unknown", format!("unexpected status from HEAD request to {name}: 429 Too Many Requests"))
        }
        PullFault::NoSpace => {
            return format!(
                "rpc error: code = Unknown desc = failed to pull and unpack image \"{name}\": failed to extract layer: write: no space left on device"
            );
        }
    };
    format!(
        "rpc error: code = {code} desc = failed to pull and unpack image \"{name}\": failed to resolve reference \"{name}\": {said}"
    )
}

/// containerd names an image by its digest alone, if there is one.
fn untagged(image: &str) -> String {
    let Some((name, digest)) = image.rsplit_once('@') else { return image.to_owned() };
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => format!("{repository}@{digest}"),
        _ => image.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_of_a_node_and_known_by_digest() {
        let images = Images::default();
        images.ask("one", "r/w:g1@sha256:a");
        images.hold("one", "r/w:g1@sha256:a");
        assert!(images.holds("one", "other/w@sha256:a") && !images.holds("two", "r/w@sha256:a"));
        assert_eq!((images.asked("one", "sha256:a"), images.asked("two", "sha256:a")), (1, 0));
        images.keep("two", &HashSet::new());
        assert!(images.holds("one", "sha256:a"));
        images.keep("one", &HashSet::new());
        assert!(!images.holds("one", "sha256:a"));
    }

    #[test]
    fn a_fault_names_the_image_as_the_runtime_does() {
        let said = words("h:5/w:g1@sha256:a", &PullFault::NotFound);
        assert!(said.contains("\"h:5/w@sha256:a\"") && said.ends_with("h:5/w@sha256:a: not found"), "{said}");
    }
}
