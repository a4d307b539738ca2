//! File lists of layers that somebody else made. A layer of ours holds only the directories that it creates
//! (api.md, "Files of a step"), so what the base has must be known: its layers are read once, headers only,
//! and the lists are kept by digest.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use oci::{Descriptor, Store, media};
use serde::{Deserialize, Serialize};
use tar::{Archive, EntryType};

use crate::error::BuildError;
use crate::progress::Progress;

/// Most paths of one layer; the largest known images have a tenth of it.
const MAX_ENTRIES: usize = 3_000_000;
/// Changes with the format of the lists.
const FOLDER: &str = "layer-lists-1";
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// What a layer does to one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Entry {
    Directory,
    /// A symbolic link, with its text.
    Link(String),
    /// A file or anything else.
    Other,
    /// The path of a lower layer is gone.
    Removed,
    /// What lower layers have below it is gone.
    Emptied,
}

/// The paths of a layer in its order, without leading slashes. Names that are not UTF-8 are left out: no
/// specification can name them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) entries: Vec<(String, Entry)>,
}

impl Listing {
    /// Reads the headers of a tar.
    pub(crate) fn read(tar: impl Read) -> io::Result<Self> {
        let mut entries = Vec::new();
        for entry in Archive::new(tar).entries()? {
            let entry = entry?;
            let Some(path) = std::str::from_utf8(&entry.path_bytes()).ok().and_then(clean) else { continue };
            let link = entry.link_name_bytes().and_then(|link| String::from_utf8(link.into_owned()).ok());
            entries.push(meaning(path, entry.header().entry_type(), link));
            if entries.len() > MAX_ENTRIES {
                return Err(io::Error::other(format!("it has more than {MAX_ENTRIES} paths")));
            }
        }
        Ok(Self { entries })
    }
}

fn meaning(path: String, kind: EntryType, link: Option<String>) -> (String, Entry) {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
    if name == OPAQUE {
        return (parent.to_owned(), Entry::Emptied);
    }
    if let Some(hidden) = name.strip_prefix(WHITEOUT) {
        let removed = if parent.is_empty() { hidden.to_owned() } else { format!("{parent}/{hidden}") };
        return (removed, Entry::Removed);
    }
    let entry = match (kind, link) {
        (EntryType::Directory, _) => Entry::Directory,
        (EntryType::Symlink, Some(target)) => Entry::Link(target),
        _ => Entry::Other,
    };
    (path, entry)
}

/// `./a//b/` to `a/b`; nothing for the root and for paths that leave it.
fn clean(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.is_empty() && !parts.contains(&"..")).then(|| parts.join("/"))
}

/// Where the layers of an image lie, and where their lists are kept.
pub(crate) struct Layers<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) repository: &'a str,
    pub(crate) cache: Option<&'a Path>,
}

impl Layers<'_> {
    /// The list of one layer: kept from before, or read from the registry.
    pub(crate) async fn list(
        &self,
        layer: &Descriptor,
        progress: &dyn Progress,
    ) -> Result<Listing, BuildError> {
        let kept = self.cache.map(|cache| cache.join(FOLDER).join(format!("{}.json", layer.digest.hex())));
        if let Some(listing) = kept.as_deref().and_then(load) {
            return Ok(listing);
        }
        progress.phase(&format!("reading the file list of layer {}", layer.digest.short()));
        let refused = |reason: String| BuildError::Layer { digest: layer.digest.clone(), reason };
        let unpack = unpacker(&layer.media_type).map_err(refused)?;
        let file = tempfile::NamedTempFile::new().map_err(|error| {
            refused(format!("no room for it in {}: {error}", std::env::temp_dir().display()))
        })?;
        self.store
            .save_blob(self.repository, layer, file.path(), progress)
            .await
            .map_err(|error| BuildError::Base(Box::new(error.into())))?;
        let listing =
            File::open(file.path()).and_then(|file| Listing::read(unpack(file))).map_err(|error| {
                refused(format!("its files cannot be listed: {error}; the image is damaged, push it again"))
            })?;
        if let Some(kept) = kept {
            // A cache that cannot be written costs time, nothing else.
            let _ = save(&kept, &listing);
        }
        Ok(listing)
    }
}

type Unpack = fn(File) -> Box<dyn Read>;

fn unpacker(media_type: &str) -> Result<Unpack, String> {
    match media::to_oci(media_type) {
        media::LAYER_GZIP => Ok(|file| Box::new(MultiGzDecoder::new(BufReader::new(file)))),
        media::LAYER => Ok(|file| Box::new(BufReader::new(file))),
        other => {
            Err(format!("it is packed as {other}, which cannot be listed; use a base image with gzip layers"))
        }
    }
}

fn load(path: &Path) -> Option<Listing> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn save(path: &PathBuf, listing: &Listing) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(listing)?)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tar(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, kind, link) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_size(if *kind == EntryType::Regular { 3 } else { 0 });
            header.set_mode(0o755);
            let data: &[u8] = if *kind == EntryType::Regular { b"abc" } else { b"" };
            if link.is_empty() {
                builder.append_data(&mut header, path, data).unwrap();
            } else {
                builder.append_link(&mut header, path, link).unwrap();
            }
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn headers_become_a_list() {
        let long = format!("usr/{}", "long/".repeat(40));
        let bytes = tar(&[
            ("./", EntryType::Directory, ""),
            ("./etc/", EntryType::Directory, ""),
            ("etc/motd", EntryType::Regular, ""),
            ("bin", EntryType::Symlink, "usr/bin"),
            ("etc/hard", EntryType::Link, "etc/motd"),
            (&long, EntryType::Directory, ""),
            ("etc/.wh.gone", EntryType::Regular, ""),
            ("etc/x/.wh..wh..opq", EntryType::Regular, ""),
            (".wh.top", EntryType::Regular, ""),
        ]);
        let expected = [
            ("etc", Entry::Directory),
            ("etc/motd", Entry::Other),
            ("bin", Entry::Link("usr/bin".to_owned())),
            ("etc/hard", Entry::Other),
            (long.trim_end_matches('/'), Entry::Directory),
            ("etc/gone", Entry::Removed),
            ("etc/x", Entry::Emptied),
            ("top", Entry::Removed),
        ];
        let listing = Listing::read(&bytes[..]).unwrap();
        assert_eq!(listing.entries, expected.map(|(path, entry)| (path.to_owned(), entry)));
        let json = serde_json::to_vec(&listing).unwrap();
        assert_eq!(serde_json::from_slice::<Listing>(&json).unwrap(), listing);
    }

    #[test]
    fn other_packings_are_refused_with_the_way_out() {
        assert!(unpacker("application/vnd.docker.image.rootfs.diff.tar.gzip").is_ok());
        let zstd = unpacker("application/vnd.oci.image.layer.v1.tar+zstd").err().unwrap();
        assert!(zstd.contains("use a base image with gzip layers"), "{zstd}");
    }

    #[test]
    fn a_damaged_layer_is_an_error() {
        assert!(Listing::read(&b"not a tar, but long enough to look like a header"[..]).is_err());
    }
}
