//! Layers: a change set or a finished tar, as compressed bytes with their digests.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tar::{Archive, EntryType};
use thiserror::Error;
use wire::Digest;

use crate::change::{ChangeError, ChangeSet};
use crate::descriptor::Descriptor;
use crate::gzip::{Packed, Packer};
use crate::media;
use crate::tarball::{self, Pax};

/// Why a layer could not be written.
#[derive(Debug, Error)]
pub enum LayerError {
    /// The change set contradicts itself.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The source of a file cannot be read.
    #[error("/{path}: cannot read {}: {error}", file.display())]
    Source {
        /// Path in the image.
        path: String,
        /// File on this machine.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The source of a file has another length than it had.
    #[error("/{path}: {} is no longer {size} bytes long; it changed during the build, run it again", file.display())]
    Changed {
        /// Path in the image.
        path: String,
        /// File on this machine.
        file: PathBuf,
        /// Length in bytes that was promised.
        size: u64,
    },
    /// The layer's own file or the tar that it is made from.
    #[error("cannot write the layer: {0}")]
    Io(#[from] io::Error),
    /// An entry that a layer cannot hold.
    #[error(
        "{0}: entries of this kind (sparse files, volume labels) cannot be stored in a layer; write the tar without them"
    )]
    Kind(String),
}

/// Bytes of a blob, in memory or in a file.
#[derive(Clone, Debug)]
pub enum Blob {
    /// In memory.
    Bytes(Bytes),
    /// In a file, which must outlive its use.
    File(PathBuf),
}

/// A layer that is ready to be pushed.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Media type, digest and size of the compressed bytes.
    pub descriptor: Descriptor,
    /// Digest of the bare tar.
    pub diff_id: Digest,
    /// The compressed bytes.
    pub blob: Blob,
}

impl ChangeSet {
    /// The canonical layer, in memory.
    ///
    /// # Errors
    /// When paths contradict each other or a source cannot be read.
    pub fn layer(&self) -> Result<Layer, LayerError> {
        let mut packer = Packer::new(Vec::new());
        tarball::write(self, &mut packer)?;
        Ok(Layer::from_packed(packer.finish()?, |bytes| Blob::Bytes(bytes.into())))
    }

    /// The canonical layer, written to the file `into`, for sets that do not fit into memory.
    ///
    /// # Errors
    /// When paths contradict each other, a source cannot be read or the file cannot be written.
    pub fn layer_into(&self, into: &Path) -> Result<Layer, LayerError> {
        let mut packer = Packer::new(BufWriter::new(File::create(into)?));
        tarball::write(self, &mut packer)?;
        Ok(Layer::from_packed(packer.finish()?, |_| Blob::File(into.to_owned())))
    }

    /// Digest of the bare tar: what the set is, whatever the compressor. Serves as the key of the layer.
    ///
    /// # Errors
    /// When paths contradict each other or a source cannot be read.
    pub fn diff_id(&self) -> Result<Digest, LayerError> {
        let mut hash = Sha256::new();
        tarball::write(self, &mut hash)?;
        Ok(Digest::from_sha256(&hash.finalize().into()))
    }
}

impl Layer {
    fn from_packed<W>(packed: Packed<W>, blob: impl FnOnce(W) -> Blob) -> Self {
        Self {
            descriptor: Descriptor::new(media::LAYER_GZIP, packed.digest, packed.size),
            diff_id: packed.diff_id,
            blob: blob(packed.out),
        }
    }
}

/// A layer from a finished tar, streamed into the file `into`: order, names, modes, owners, links and
/// extended attributes stay as they are; every time becomes `mtime` (seconds since the epoch).
///
/// # Errors
/// When the tar cannot be read, holds a sparse file, or the file cannot be written.
pub fn layer_from_tar(tar: impl Read, into: &Path, mtime: u64) -> Result<Layer, LayerError> {
    let mut packer = Packer::new(BufWriter::new(File::create(into)?));
    let mut archive = Archive::new(tar);
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let mut header = entry.header().clone();
        match header.entry_type() {
            EntryType::XHeader => {
                let mut records = Vec::new();
                entry.read_to_end(&mut records)?;
                pax_without_times(&records)?.write(&mut packer)?;
                continue;
            }
            // A global header holds defaults for times and comments only in practice; its
            // records would apply to entries whose own are kept.
            EntryType::XGlobalHeader => continue,
            EntryType::GNUSparse => return Err(LayerError::Kind(name_of(&header))),
            _ => {}
        }
        header.set_mtime(mtime);
        header.set_cksum();
        packer.write_all(header.as_bytes())?;
        let size = io::copy(&mut entry, &mut packer)?;
        io::copy(&mut io::repeat(0).take(size.next_multiple_of(512) - size), &mut packer)?;
    }
    packer.write_all(&[0; 1024])?;
    Ok(Layer::from_packed(packer.finish()?, |_| Blob::File(into.to_owned())))
}

fn name_of(header: &tar::Header) -> String {
    String::from_utf8_lossy(&header.path_bytes()).into_owned()
}

/// The records of an extended header, those of times left out.
fn pax_without_times(records: &[u8]) -> Result<Pax, LayerError> {
    let mut kept = Pax::default();
    for (key, value) in Pax::parse(records)? {
        if !matches!(key, "mtime" | "atime" | "ctime") {
            kept.record(key, value);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::change::{Change, Owner};

    /// One of everything, in an order that is not that of the archive.
    fn torture() -> ChangeSet {
        let owner = Owner { uid: 1000, gid: 1000 };
        let mut set = ChangeSet::new();
        set.symlink("home/ana/link", "../target with space", owner).unwrap();
        set.file("home/ana/run", "#!/bin/sh\n", 0o4755, owner).unwrap();
        set.directory("home/ana", 0o750, owner).unwrap();
        set.file("home/ana-b", "sorts between", 0o600, Owner::ROOT).unwrap();
        set.file(format!("long/{}", "d/".repeat(98)), vec![0; 513], 0o644, Owner::ROOT).unwrap();
        set.symlink("long/link", "t".repeat(200), Owner::ROOT).unwrap();
        set.file("odd/ä ö\n'\"*", "", 0o644, Owner { uid: 3_000_000, gid: 0 }).unwrap();
        set.file(b"odd/\xff\xfe".as_slice(), "not UTF-8", 0o644, Owner::ROOT).unwrap();
        // Enough, and neither random nor empty, for the compressor to show what it does.
        let words: String =
            (0..40_000_u32).map(|n| format!("{} ", n.wrapping_mul(2_654_435_761) >> 20)).collect();
        set.file("usr/words", words, 0o644, Owner::ROOT).unwrap();
        set.delete("etc/motd").unwrap();
        set.delete("gone").unwrap();
        set.insert("home/ana/same", Change::HardLink { target: b"/home/ana/run".to_vec() }).unwrap();
        set
    }

    /// A change of either digest is a change of the layer format: every image of every workshop gets
    /// a new digest by it.
    #[test]
    fn golden_digests() {
        let layer = torture().layer().unwrap();
        assert_eq!(
            (layer.diff_id.as_str(), layer.descriptor.digest.as_str()),
            (
                "sha256:e505ea9d8ac4b58f0e793ef63e4b613d36635ea0a697fc4bfdb2021b25a253f1",
                "sha256:dcb0bbf789969f86d28bbda83a18e4f99b653a880cfd525cca351751f5218c97"
            )
        );
        // The same bytes as everybody's: 1024 zeros.
        let empty = ChangeSet::new().layer().unwrap();
        assert_eq!(
            empty.diff_id.as_str(),
            "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
        );
        assert_eq!(
            empty.descriptor.digest.as_str(),
            "sha256:75eb48369c0d0b1260b7db5c5f831d5f8b1b9b322b64191c96cb147437e7f404"
        );
    }

    #[test]
    fn file_and_memory_agree() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("layer");
        let (one, other) = (torture().layer().unwrap(), torture().layer_into(&path).unwrap());
        assert_eq!(one.descriptor, other.descriptor);
        assert_eq!(one.diff_id, torture().diff_id().unwrap());
        let Blob::Bytes(bytes) = one.blob else { panic!("in memory") };
        assert_eq!(bytes, std::fs::read(path).unwrap());
    }

    fn unpack(layer: &Layer) -> Vec<u8> {
        let bytes = match &layer.blob {
            Blob::Bytes(bytes) => bytes.to_vec(),
            Blob::File(path) => std::fs::read(path).unwrap(),
        };
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(Cursor::new(bytes)).read_to_end(&mut tar).unwrap();
        tar
    }

    #[test]
    fn another_reader_sees_what_was_written() {
        let tar = unpack(&torture().layer().unwrap());
        let mut archive = Archive::new(Cursor::new(tar));
        let seen: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                assert_eq!(header.mtime().unwrap(), 0);
                (
                    entry.path_bytes().into_owned(),
                    header.mode().unwrap(),
                    entry.link_name_bytes().map(|name| name.len()),
                )
            })
            .collect();
        let long = format!("long/{}d", "d/".repeat(97)).into_bytes();
        let want: Vec<(Vec<u8>, u32, Option<usize>)> = vec![
            (b"etc/.wh.motd".to_vec(), 0, None),
            (b".wh.gone".to_vec(), 0, None),
            (b"home/ana-b".to_vec(), 0o600, None),
            (b"home/ana/".to_vec(), 0o750, None),
            (b"home/ana/link".to_vec(), 0o777, Some(20)),
            (b"home/ana/run".to_vec(), 0o4755, None),
            (b"home/ana/same".to_vec(), 0o4755, Some(12)),
            (long, 0o644, None),
            (b"long/link".to_vec(), 0o777, Some(200)),
            ("odd/ä ö\n'\"*".as_bytes().to_vec(), 0o644, None),
            (b"odd/\xff\xfe".to_vec(), 0o644, None),
            (b"usr/words".to_vec(), 0o644, None),
        ];
        let mut want = want;
        want.sort();
        assert_eq!(seen, want);
    }

    #[test]
    fn a_finished_tar_changes_in_its_times_only() {
        let directory = tempfile::tempdir().unwrap();
        let canonical = unpack(&torture().layer().unwrap());
        let again = layer_from_tar(Cursor::new(&canonical), &directory.path().join("same"), 0).unwrap();
        assert_eq!(unpack(&again), canonical);
        let later = layer_from_tar(Cursor::new(&canonical), &directory.path().join("later"), 7).unwrap();
        let tar = unpack(&later);
        let mut archive = Archive::new(Cursor::new(tar));
        assert!(archive.entries().unwrap().all(|entry| entry.unwrap().header().mtime().unwrap() == 7));
    }

    #[test]
    fn times_leave_an_extended_header_and_attributes_stay() {
        let mut records = Pax::default();
        records.record("mtime", b"1.5");
        records.record("SCHILY.xattr.security.capability", b"\x01\x00\n\x02");
        let mut tar = Vec::new();
        records.write(&mut tar).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_path("bin/ping").unwrap();
        header.set_size(0);
        header.set_mtime(99);
        header.set_cksum();
        tar.extend_from_slice(header.as_bytes());
        tar.extend_from_slice(&[0; 1024]);
        let directory = tempfile::tempdir().unwrap();
        let layer = layer_from_tar(Cursor::new(tar), &directory.path().join("layer"), 0).unwrap();
        let tar = unpack(&layer);
        let mut archive = Archive::new(Cursor::new(tar));
        let mut entries = archive.entries().unwrap().raw(true);
        let mut records = Vec::new();
        entries.next().unwrap().unwrap().read_to_end(&mut records).unwrap();
        let kept = Pax::parse(&records).unwrap();
        assert_eq!(kept, [("SCHILY.xattr.security.capability", b"\x01\x00\n\x02".as_slice())]);
        assert_eq!(entries.next().unwrap().unwrap().header().mtime().unwrap(), 0);
    }
}
