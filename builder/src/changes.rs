//! From the files of a step to the change set of its layer.

use oci::{Change, ChangeSet, RuntimeConfig};

use crate::owner::Owners;
use crate::plan::PlannedFile;
use crate::tree::{Node, Tree, parents};

const DIRECTORY_MODE: u32 = 0o755;

/// What the files change in an image with this config and these paths. The tree afterwards holds them.
///
/// # Errors
/// What does not fit, and what to do.
pub(crate) fn changes(
    files: &[PlannedFile],
    config: &RuntimeConfig,
    tree: &mut Tree,
) -> Result<ChangeSet, String> {
    let owners = Owners::of(config, tree).map_err(|error| error.to_string())?;
    let mut set = ChangeSet::new();
    for file in files {
        let refused = |reason: String| format!("{}: {reason}", file.path);
        let path =
            tree.resolve(file.path.trim_start_matches('/')).map_err(|error| refused(error.to_string()))?;
        if tree.get(&path) == Some(&Node::Directory) {
            return Err(refused(
                "is a directory in the image below; write a file in it, or choose another name".to_owned(),
            ));
        }
        for parent in parents(&path) {
            if tree.get(parent).is_none() {
                let owner = owners.owner(parent).map_err(refused)?;
                set.directory(parent, DIRECTORY_MODE, owner).map_err(|error| error.to_string())?;
                tree.put(parent, Node::Directory);
            }
        }
        let owner = owners.owner(&path).map_err(refused)?;
        let change = Change::File { content: file.content.clone(), mode: file.mode, owner };
        if set.insert(&path, change).map_err(|error| error.to_string())?.is_some() {
            return Err(refused(format!(
                "is the same file as another of this step: both are /{path} in the image"
            )));
        }
        tree.put(&path, Node::Other);
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use oci::Owner;

    use super::*;
    use crate::layers::{Entry, Listing};

    fn base() -> Tree {
        let mut tree = Tree::default();
        let entries = [
            ("etc", Entry::Directory),
            ("etc/passwd", Entry::Other),
            ("home/ana", Entry::Directory),
            ("usr/bin", Entry::Directory),
            ("bin", Entry::Link("usr/bin".to_owned())),
        ];
        tree.apply(&Listing { entries: entries.map(|(path, entry)| (path.to_owned(), entry)).into() });
        tree
    }

    fn made(paths: &[&str]) -> Result<Vec<String>, String> {
        let files: Vec<_> = paths
            .iter()
            .map(|path| PlannedFile { path: (*path).to_owned(), content: "x".into(), mode: 0o644 })
            .collect();
        let mut config = RuntimeConfig { user: "1000".to_owned(), ..RuntimeConfig::default() };
        config.set_env("HOME", "/home/ana");
        let set = changes(&files, &config, &mut base())?;
        let show = |(path, change): (&[u8], &Change)| {
            let path = String::from_utf8_lossy(path);
            match change {
                Change::Directory { mode, owner: Owner { uid, gid } } => {
                    format!("d {mode:o} {uid}:{gid} {path}")
                }
                Change::File { mode, owner: Owner { uid, gid }, .. } => {
                    format!("f {mode:o} {uid}:{gid} {path}")
                }
                other => format!("{other:?} {path}"),
            }
        };
        Ok(set.iter().map(show).collect())
    }

    #[test]
    fn only_new_directories_are_in_the_layer() {
        assert_eq!(
            made(&["/etc/motd", "/home/ana/a/b/c", "/srv/www/index.html"]).unwrap(),
            [
                "f 644 0:0 etc/motd",
                "d 755 1000:1000 home/ana/a",
                "d 755 1000:1000 home/ana/a/b",
                "f 644 1000:1000 home/ana/a/b/c",
                "d 755 0:0 srv",
                "d 755 0:0 srv/www",
                "f 644 0:0 srv/www/index.html",
            ]
        );
    }

    #[test]
    fn links_of_the_image_are_followed() {
        assert_eq!(made(&["/bin/hello"]).unwrap(), ["f 644 0:0 usr/bin/hello"]);
        let twice = made(&["/bin/hello", "/usr/bin/hello"]).unwrap_err();
        assert_eq!(
            twice,
            "/usr/bin/hello: is the same file as another of this step: both are /usr/bin/hello in the image"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(made(&["/etc"]).unwrap_err().starts_with("/etc: is a directory in the image below"));
        assert!(made(&["/etc/passwd/x"]).unwrap_err().contains("/etc/passwd is a file in the image below"));
        assert_eq!(made(&["/etc/passwd"]).unwrap(), ["f 644 0:0 etc/passwd"], "a file replaces a file");
    }
}
