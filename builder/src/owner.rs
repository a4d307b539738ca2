//! Who owns what a step writes (api.md, "Files of a step").

use oci::{Owner, RuntimeConfig};

use crate::tree::{Tree, TreeError};

/// The owners of one step, from the image below it.
#[derive(Debug)]
pub(crate) struct Owners {
    user: Result<Owner, String>,
    homes: Vec<String>,
}

impl Owners {
    /// Of an image with this config and these directories.
    ///
    /// # Errors
    /// When the way to a home leads through a file.
    pub(crate) fn of(config: &RuntimeConfig, tree: &Tree) -> Result<Self, TreeError> {
        let homes = [config.env("HOME").unwrap_or_default(), config.working_dir.as_str()];
        let homes =
            homes.into_iter().filter_map(|home| home.strip_prefix('/')).map(|home| tree.directory(home));
        // The root is nobody's home: everything would be the user's.
        let homes =
            homes.filter(|home| !home.as_ref().is_ok_and(String::is_empty)).collect::<Result<_, _>>()?;
        Ok(Self { user: numeric(&config.user), homes })
    }

    /// Owner of a file or new directory at this path (resolved, without a leading slash). A home that the step
    /// creates belongs to the user too.
    ///
    /// # Errors
    /// When it should be the user's and the user is no number; the text says what to do.
    pub(crate) fn owner(&self, path: &str) -> Result<Owner, String> {
        let within = |home: &String| {
            path.strip_prefix(home.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self.homes.iter().any(within) { self.user.clone() } else { Ok(Owner::ROOT) }
    }

    /// What an author should know: nothing of the steps will belong to the image's user.
    pub(crate) fn warning(&self) -> Option<String> {
        let user = self.user.as_ref().ok().filter(|user| user.uid != 0)?;
        self.homes.is_empty().then(|| {
            format!(
                "the base image runs as {}:{} and names neither HOME nor a working directory, so every file of the steps belongs to root; set HOME in its environment",
                user.uid, user.gid
            )
        })
    }
}

/// `1000`, `1000:1000`, or empty for root. A lone uid has a group of the same number, as Linux distributions do.
fn numeric(user: &str) -> Result<Owner, String> {
    if user.is_empty() {
        return Ok(Owner::ROOT);
    }
    let (uid, gid) = user.split_once(':').unwrap_or((user, user));
    match (uid.parse(), gid.parse()) {
        (Ok(uid), Ok(gid)) => Ok(Owner { uid, gid }),
        _ => Err(format!(
            "the image below runs as \"{user}\", and who that is stands in its files; use a base image whose user is a number, for example 1000:1000"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(user: &str, home: &str, working_dir: &str) -> Owners {
        let mut config = RuntimeConfig {
            user: user.to_owned(),
            working_dir: working_dir.to_owned(),
            ..RuntimeConfig::default()
        };
        if !home.is_empty() {
            config.set_env("HOME", home);
        }
        Owners::of(&config, &Tree::default()).unwrap()
    }

    #[test]
    fn what_is_in_a_home_is_the_users() {
        let owners = owners("1000:100", "/home/ana", "/work");
        let ana = Owner { uid: 1000, gid: 100 };
        for (path, owner) in [
            ("home/ana", ana),
            ("home/ana/a/b", ana),
            ("work/x", ana),
            ("home", Owner::ROOT),
            ("home/anabel", Owner::ROOT),
            ("etc/motd", Owner::ROOT),
        ] {
            assert_eq!(owners.owner(path), Ok(owner), "{path}");
        }
    }

    #[test]
    fn users_are_numbers_or_refused_where_it_matters() {
        assert_eq!(owners("", "/root", "").owner("root/x"), Ok(Owner::ROOT));
        assert_eq!(owners("7", "/h", "").owner("h/x"), Ok(Owner { uid: 7, gid: 7 }));
        let named = owners("node", "/home/node", "");
        assert_eq!(named.owner("etc/x"), Ok(Owner::ROOT));
        assert!(named.owner("home/node/x").unwrap_err().contains("runs as \"node\""));
    }

    #[test]
    fn the_root_is_no_home() {
        let owners = owners("1000", "", "/");
        assert_eq!(owners.owner("etc/x"), Ok(Owner::ROOT));
        assert!(owners.warning().unwrap().contains("set HOME"));
        assert_eq!(super::tests::owners("1000", "/h", "").warning(), None);
        assert_eq!(super::tests::owners("", "", "").warning(), None);
    }
}
