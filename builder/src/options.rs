//! What a build is told beside the folder.

use std::env;
use std::path::PathBuf;

/// Options of a build.
#[derive(Clone, Debug)]
pub struct Options {
    /// Repository of the step images, instead of `workshop.image`.
    pub image: Option<String>,
    /// Image of the first step, instead of `base.image`.
    pub base: Option<String>,
    /// Take every step before this one as built.
    pub from_step: Option<String>,
    /// The workshop file, instead of `<folder>/<workshop.name>.workshop`.
    pub output: Option<PathBuf>,
    /// Folder that keeps the file lists of base layers, by digest. `None`: they are read every time.
    pub cache: Option<PathBuf>,
    /// What the steps run on.
    pub platform: oci::Platform,
    /// Time in the workshop file, in seconds since 1970 (`SOURCE_DATE_EPOCH`). Images always carry 0.
    pub created_at: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            image: None,
            base: None,
            from_step: None,
            output: None,
            cache: None,
            platform: oci::Platform::host(),
            created_at: 0,
        }
    }
}

/// `$XDG_CACHE_HOME/workshop`, else `~/.cache/workshop`; nothing where there is no home.
#[must_use]
pub fn default_cache() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let caches = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    caches.map(|caches| caches.join("workshop"))
}
