//! The base image of the examples, made from Debian packages (D47).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use oci::{Blob, Descriptor, Layer, Platform, canonical_json, layer_from_tar};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wire::Digest;

use super::Assembled;
use super::error::Error;

/// Debian's release: the tag of the image.
pub(super) const RELEASE: &str = "12";
const SUITE: &str = "bookworm";

/// Everything that the layer is made of; its hash is the key of the cache.
///
/// Measured, as gzip layer: without `man-db` 24 MB, with it 28 MB, with `apt` 7 MB more. The set is that of
/// "essential" packages: `usr-is-merged` keeps the converter and with it all of Perl (18 MB) out.
#[derive(Serialize)]
struct Recipe {
    /// Raised when the way in which the layer is made changes.
    format: u32,
    suite: &'static str,
    architecture: String,
    packages: &'static [&'static str],
    /// What is left out of every package.
    without: &'static [&'static str],
    /// Shell commands, run at the end with the new root as `$1`.
    finish: &'static [&'static str],
}

const PACKAGES: &[&str] = &[
    "bash",
    "file",
    "findutils",
    "gawk",
    "grep",
    "less",
    "man-db",
    "nano",
    "passwd",
    "procps",
    "sed",
    "tree",
    "usr-is-merged",
    "vim-tiny",
];

const WITHOUT: &[&str] = &[
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/lintian/*",
    "/usr/share/locale/*",
    // Manual pages in other languages than English.
    "/usr/share/man/??/*",
    "/usr/share/man/??_*",
    "/usr/share/man/??.*",
    "/usr/share/man/???/*",
];

const FINISH: &[&str] = &[
    "chroot \"$1\" groupadd --gid 1000 learner",
    "chroot \"$1\" useradd --uid 1000 --gid 1000 --create-home --shell /bin/bash learner",
    // The day of the last change of a password, for which not every tool takes the fixed time.
    "sed -i 's/^\\([^:]*:[^:]*\\):[0-9]*:/\\1:0:/' \"$1/etc/shadow\"",
    // What belongs to the machine that the image is made on.
    "rm -rf \"$1/etc/hostname\" \"$1/etc/resolv.conf\" \"$1\"/etc/apt/sources.list*",
    // Copies that tools keep of the last state, caches and logs.
    "rm -f \"$1\"/etc/passwd- \"$1\"/etc/group- \"$1\"/etc/shadow- \"$1\"/etc/gshadow- \"$1\"/etc/subuid- \"$1\"/etc/subgid-",
    "find \"$1/var/cache\" \"$1/var/log\" \"$1/var/lib/apt\" -type f -delete",
    "find \"$1/var/lib/dpkg\" -maxdepth 1 -name '*-old' -delete",
];

impl Recipe {
    fn shell() -> Self {
        Self {
            format: 1,
            suite: SUITE,
            architecture: Platform::host().architecture,
            packages: PACKAGES,
            without: WITHOUT,
            finish: FINISH,
        }
    }

    fn key(&self) -> String {
        // A recipe of texts and numbers always has a JSON form; an empty one would be a key as well.
        let bytes = canonical_json(self).unwrap_or_default();
        Digest::from_sha256(&Sha256::digest(bytes).into()).short().to_owned()
    }
}

/// The image: the packages, and the learner as user.
pub(super) fn shell() -> Result<Assembled, Error> {
    let recipe = Recipe::shell();
    let folder = cache()?.join("base");
    let layer = match Cached::read(&folder, &recipe.key())? {
        Some(layer) => layer,
        None => make(&recipe, &folder)?,
    };
    let mut assembled = Assembled::new(layer, "workshop: debian packages");
    let config = &mut assembled.image.config.config;
    config.set_env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    config.set_env("HOME", "/home/learner");
    config.set_env("USER", "learner");
    config.set_env("LANG", "C.UTF-8");
    config.user = "1000:1000".to_owned();
    config.working_dir = "/home/learner".to_owned();
    config.cmd = vec!["bash".to_owned()];
    Ok(assembled)
}

/// What is kept of a layer beside its bytes.
#[derive(Serialize, Deserialize)]
struct Cached {
    descriptor: Descriptor,
    diff_id: Digest,
}

impl Cached {
    fn paths(folder: &Path, key: &str) -> (PathBuf, PathBuf) {
        (folder.join(format!("{key}.tar.gz")), folder.join(format!("{key}.json")))
    }

    /// The record is written last, so a layer without one is not whole.
    fn read(folder: &Path, key: &str) -> Result<Option<Layer>, Error> {
        let (blob, record) = Self::paths(folder, key);
        if !record.is_file() || !blob.is_file() {
            return Ok(None);
        }
        let text = std::fs::read(&record).map_err(Error::file(&record))?;
        let Self { descriptor, diff_id } =
            serde_json::from_slice(&text).map_err(|source| Error::Damaged { path: record, source })?;
        Ok(Some(Layer { descriptor, diff_id, blob: Blob::File(blob) }))
    }

    fn write(folder: &Path, key: &str, layer: &Layer) -> Result<(), Error> {
        let (_, record) = Self::paths(folder, key);
        let cached = Self { descriptor: layer.descriptor.clone(), diff_id: layer.diff_id.clone() };
        let text =
            serde_json::to_vec(&cached).map_err(|source| Error::Damaged { path: record.clone(), source })?;
        let file = tempfile::NamedTempFile::new_in(folder).map_err(Error::file(folder))?;
        std::fs::write(file.path(), text).map_err(Error::file(&record))?;
        file.persist(&record).map(drop).map_err(|error| Error::file(record)(error.error))
    }
}

/// The tar goes from the tool through the compressor into the cache; it is never held as a whole.
fn make(recipe: &Recipe, folder: &Path) -> Result<Layer, Error> {
    std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let log = tempfile::NamedTempFile::new().map_err(Error::Runtime)?;
    let stderr = log.reopen().map_err(Error::Runtime)?;
    let program = "mmdebstrap";
    let mut command = command(recipe);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
    let mut child = command.spawn().map_err(|source| Error::Tool { program, source })?;
    let file = tempfile::NamedTempFile::new_in(folder).map_err(Error::file(folder))?;
    let layer = child.stdout.take().map(|tar| layer_from_tar(tar, file.path(), 0));
    let status = child.wait().map_err(Error::Runtime)?;
    if !status.success() {
        return Err(Error::Failed { program, status, output: tail(log.path()) });
    }
    let mut layer = layer.transpose()?.ok_or_else(|| Error::Failed {
        program,
        status,
        output: "it wrote no archive".to_owned(),
    })?;
    let (path, _) = Cached::paths(folder, &recipe.key());
    file.persist(&path).map_err(|error| Error::file(&path)(error.error))?;
    layer.blob = Blob::File(path);
    Cached::write(folder, &recipe.key(), &layer)?;
    Ok(layer)
}

fn command(recipe: &Recipe) -> Command {
    let mut command = Command::new("mmdebstrap");
    command
        .env("SOURCE_DATE_EPOCH", "0")
        .env("LC_ALL", "C.UTF-8")
        .args(["--variant=essential", "--format=tar", "--skip=output/dev"])
        .arg("--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr")
        .arg("--aptopt=APT::Install-Recommends \"false\"")
        .arg(format!("--architectures={}", recipe.architecture))
        .arg(format!("--include={}", recipe.packages.join(",")));
    for path in recipe.without {
        command.arg(format!("--dpkgopt=path-exclude={path}"));
    }
    for line in recipe.finish {
        command.arg(format!("--customize-hook={line}"));
    }
    command.args([recipe.suite, "-"]).args(sources_of_host());
    command
}

/// The package sources of a host of the same release; elsewhere none, and the tool takes its own.
fn sources_of_host() -> Vec<PathBuf> {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !release.lines().any(|line| line == format!("VERSION_CODENAME={SUITE}")) {
        return Vec::new();
    }
    let folder = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten();
    let mut files: Vec<_> = folder.map(|entry| entry.path()).filter(|path| is_source(path)).collect();
    files.sort();
    files.extend(Some(PathBuf::from("/etc/apt/sources.list")).filter(|path| path.is_file()));
    files
}

/// Only files that apt reads too, and only Debian's own: a source of other packages has nothing for this image.
fn is_source(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    let debian = path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("debian"));
    matches!(extension, Some("list" | "sources")) && debian
}

fn tail(path: &Path) -> String {
    let mut text = String::new();
    // Without a log the exit status has to do.
    let _ = File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

fn cache() -> Result<PathBuf, Error> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("WORKSHOP_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|path| path.join("workshop-platform")))
        .or_else(|| variable("HOME").map(|path| path.join(".cache/workshop-platform")))
        .ok_or(Error::NoCache)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_recipe_has_another_key() {
        let (one, mut other) = (Recipe::shell(), Recipe::shell());
        assert_eq!(one.key(), other.key());
        other.format += 1;
        assert_ne!(one.key(), other.key());
    }

    #[test]
    fn a_layer_without_its_record_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("k.tar.gz"), "half").unwrap();
        assert!(Cached::read(folder.path(), "k").unwrap().is_none());
        let layer = oci::ChangeSet::new().layer().unwrap();
        Cached::write(folder.path(), "k", &layer).unwrap();
        let found = Cached::read(folder.path(), "k").unwrap().unwrap();
        assert_eq!((found.descriptor, found.diff_id), (layer.descriptor, layer.diff_id));
    }
}
