//! What is where in an image: directories, links and the rest, by path. Paths have no leading slash; the root is "".

use std::collections::{BTreeMap, VecDeque};

use thiserror::Error;

use crate::layers::{Entry, Listing};

/// Links that are followed on the way to one path, as Linux does.
const MAX_LINKS: usize = 40;

/// Why a path leads nowhere.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum TreeError {
    /// Something in the middle is no directory.
    #[error("/{0} is a file in the image below, so nothing can be below it")]
    NotADirectory(String),
    /// A circle of links.
    #[error("/{0} leads through more than {MAX_LINKS} links")]
    Links(String),
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Directory,
    Link(String),
    /// A file or anything else.
    Other,
}

/// The paths of an image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// Puts a layer on top, as a runtime unpacks it: deletions concern what is below, and a path leads through
    /// the links that are there.
    pub(crate) fn apply(&mut self, layer: &Listing) {
        for (path, entry) in &layer.entries {
            let Ok(path) = self.resolve(path) else { continue };
            match entry {
                Entry::Removed => self.remove(&path),
                Entry::Emptied => self.empty(&path),
                _ => {}
            }
        }
        for (path, entry) in &layer.entries {
            // What cannot be unpacked is nowhere.
            let Ok(path) = self.resolve(path) else { continue };
            match entry {
                Entry::Directory => self.put(&path, Node::Directory),
                Entry::Link(target) => self.put(&path, Node::Link(target.clone())),
                Entry::Other => self.put(&path, Node::Other),
                Entry::Removed | Entry::Emptied => {}
            }
        }
    }

    /// What is at a resolved path. The root is always there.
    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        if path.is_empty() { Some(&Node::Directory) } else { self.nodes.get(path) }
    }

    /// Puts something at a resolved path; whatever is no directory takes what was below away. Parents that are
    /// missing become directories.
    pub(crate) fn put(&mut self, path: &str, node: Node) {
        if path.is_empty() {
            return;
        }
        if node != Node::Directory {
            self.empty(path);
        }
        for parent in parents(path) {
            self.nodes.entry(parent.to_owned()).or_insert(Node::Directory);
        }
        self.nodes.insert(path.to_owned(), node);
    }

    fn remove(&mut self, path: &str) {
        self.empty(path);
        self.nodes.remove(path);
    }

    fn empty(&mut self, path: &str) {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let range = self.nodes.range(prefix.clone()..);
        let below: Vec<String> =
            range.map(|(path, _)| path.clone()).take_while(|path| path.starts_with(&prefix)).collect();
        below.iter().for_each(|path| drop(self.nodes.remove(path)));
    }

    /// Where a path really is: links on the way are followed, one at the end is not.
    pub(crate) fn resolve(&self, path: &str) -> Result<String, TreeError> {
        match path.rsplit_once('/') {
            Some((parent, name)) => {
                let parent = self.directory(parent)?;
                Ok(if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") })
            }
            None => Ok(path.to_owned()),
        }
    }

    /// Where a directory really is: all links are followed. What is not there yet is taken as a directory.
    pub(crate) fn directory(&self, path: &str) -> Result<String, TreeError> {
        let mut open: VecDeque<String> = path.split('/').map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = open.pop_front() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    done.pop();
                    continue;
                }
                _ => done.push(part),
            }
            let here = done.join("/");
            match self.nodes.get(&here) {
                Some(Node::Link(target)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(TreeError::Links(path.to_owned()));
                    }
                    done.pop();
                    if target.starts_with('/') {
                        done.clear();
                    }
                    target.rsplit('/').for_each(|part| open.push_front(part.to_owned()));
                }
                Some(Node::Other) => return Err(TreeError::NotADirectory(here)),
                Some(Node::Directory) | None => {}
            }
        }
        Ok(done.join("/"))
    }
}

/// `a`, `a/b` of `a/b/c`.
pub(crate) fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(layers: &[&[(&str, Entry)]]) -> Tree {
        let mut tree = Tree::default();
        for layer in layers {
            let entries = layer.iter().map(|(path, entry)| ((*path).to_owned(), entry.clone())).collect();
            tree.apply(&Listing { entries });
        }
        tree
    }

    fn link(target: &str) -> Entry {
        Entry::Link(target.to_owned())
    }

    #[test]
    fn paths_follow_links_on_the_way() {
        let tree = tree(&[&[
            ("bin", link("usr/bin")),
            ("usr/bin", Entry::Directory),
            ("var/run", link("/run")),
            ("a/b", link("../c")),
            ("loop", link("loop")),
            ("file", Entry::Other),
        ]]);
        assert_eq!(tree.resolve("bin/x").as_deref(), Ok("usr/bin/x"));
        assert_eq!(tree.resolve("bin").as_deref(), Ok("bin"), "the last link is not followed");
        assert_eq!(tree.resolve("var/run/lock/x").as_deref(), Ok("run/lock/x"));
        assert_eq!(tree.resolve("a/b/x").as_deref(), Ok("c/x"));
        assert_eq!(tree.resolve("x").as_deref(), Ok("x"));
        assert_eq!(tree.resolve("loop/x"), Err(TreeError::Links("loop".to_owned())));
        assert_eq!(tree.resolve("file/x/y"), Err(TreeError::NotADirectory("file".to_owned())));
    }

    #[test]
    fn layers_delete_what_is_below_them_and_nothing_of_their_own() {
        let tree = tree(&[
            &[("a/old", Entry::Other), ("b/x", Entry::Other), ("c/x", Entry::Other), ("d", Entry::Directory)],
            &[
                ("a", Entry::Emptied),
                ("a/new", Entry::Other),
                ("b", Entry::Removed),
                ("c", Entry::Other),
                ("d", link("a")),
            ],
        ]);
        assert_eq!(tree.get("a"), Some(&Node::Directory));
        assert_eq!(tree.get("a/new"), Some(&Node::Other));
        for gone in ["a/old", "b", "b/x", "c/x"] {
            assert_eq!(tree.get(gone), None, "{gone}");
        }
        assert_eq!(tree.get("c"), Some(&Node::Other));
        assert_eq!(tree.resolve("d/new").as_deref(), Ok("a/new"));
        assert_eq!(tree.get(""), Some(&Node::Directory));
    }
}
