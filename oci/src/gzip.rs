//! Gzip whose bytes depend on the content alone, hashed on both sides while it is written.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use wire::Digest;

/// Level of every layer: a part of the format, since another one gives other digests.
const LEVEL: u32 = 6;
/// The compressor is always fed pieces of this size, so that its output cannot depend on how the tar was written.
const PIECE: usize = 64 * 1024;

/// What a finished layer hashes to.
pub(crate) struct Packed<W> {
    /// Of the bare tar.
    pub diff_id: Digest,
    /// Of the compressed bytes.
    pub digest: Digest,
    /// Length of the compressed bytes.
    pub size: u64,
    /// Where they went.
    pub out: W,
}

/// Takes the bytes of a tar.
pub(crate) struct Packer<W: Write> {
    piece: Vec<u8>,
    plain: Sha256,
    gzip: GzEncoder<Hashing<W>>,
}

impl<W: Write> Packer<W> {
    pub(crate) fn new(out: W) -> Self {
        let hashing = Hashing { hash: Sha256::new(), size: 0, out };
        // No name, no time; "unknown" as operating system is flate2's own constant.
        let gzip = GzBuilder::new().mtime(0).write(hashing, Compression::new(LEVEL));
        Self { piece: Vec::with_capacity(PIECE), plain: Sha256::new(), gzip }
    }

    fn compress_piece(&mut self) -> io::Result<()> {
        self.plain.update(&self.piece);
        self.gzip.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<Packed<W>> {
        self.compress_piece()?;
        let mut hashing = self.gzip.finish()?;
        hashing.out.flush()?;
        Ok(Packed {
            diff_id: Digest::from_sha256(&self.plain.finalize().into()),
            digest: Digest::from_sha256(&hashing.hash.finalize().into()),
            size: hashing.size,
            out: hashing.out,
        })
    }
}

impl<W: Write> Write for Packer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE.saturating_sub(self.piece.len());
        let (taken, _) = bytes.split_at(room.min(bytes.len()));
        self.piece.extend_from_slice(taken);
        if self.piece.len() == PIECE {
            self.compress_piece()?;
        }
        Ok(taken.len())
    }

    /// Does nothing: a flush in the middle would change the compressed bytes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hashes and counts what passes.
pub(crate) struct Hashing<W> {
    hash: Sha256,
    size: u64,
    out: W,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_writes_does_not_show() {
        let data: Vec<u8> = (0..300_000_u32).flat_map(|n| (n % 977).to_le_bytes()).collect();
        let pack = |step: usize| {
            let mut packer = Packer::new(Vec::new());
            data.chunks(step).for_each(|chunk| packer.write_all(chunk).unwrap());
            packer.finish().unwrap()
        };
        let (one, other) = (pack(7_001), pack(data.len()));
        assert_eq!(one.out, other.out);
        assert_eq!(one.digest, crate::descriptor::digest_of(&one.out));
        assert_eq!(one.diff_id, crate::descriptor::digest_of(&data));
        assert_eq!(one.size, one.out.len() as u64);
    }
}
