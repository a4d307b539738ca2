//! A change set as a tar, byte for byte the same everywhere: ustar headers, pax only for what does
//! not fit, entries sorted bytewise by the path in the archive, times 0, owners by number.

use std::fs::File;
use std::io::{self, Read, Write};

use tar::{EntryType, Header};

use crate::change::{Change, ChangeSet, Content, WHITEOUT, show};
use crate::layer::LayerError;

const BLOCK: u64 = 512;
/// Bytes that the name and link fields of a header hold.
const NAME_FIELD: usize = 100;
/// Largest number that an owner field of seven octal digits holds.
const OWNER_FIELD: u32 = 0o7_777_777;
/// Largest number that a size field of eleven octal digits holds.
const SIZE_FIELD: u64 = 0o77_777_777_777;

/// Writes the whole archive with its end marker.
pub(crate) fn write(set: &ChangeSet, out: &mut impl Write) -> Result<(), LayerError> {
    set.check()?;
    let mut entries: Vec<_> = set.iter().map(|(path, change)| (archive_path(path, change), change)).collect();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (path, change) in entries {
        write_entry(set, &path, change, out)?;
    }
    out.write_all(&[0; 2 * BLOCK as usize])?;
    Ok(())
}

/// Directories carry a closing slash, deletions the whiteout's name.
fn archive_path(path: &[u8], change: &Change) -> Vec<u8> {
    let mut result = path.to_vec();
    match change {
        Change::Directory { .. } => result.push(b'/'),
        Change::Deletion => {
            let name_at = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
            result.splice(name_at..name_at, WHITEOUT.iter().copied());
        }
        _ => {}
    }
    result
}

fn write_entry(
    set: &ChangeSet,
    path: &[u8],
    change: &Change,
    out: &mut impl Write,
) -> Result<(), LayerError> {
    let none: &[u8] = &[];
    let (kind, link, content) = match change {
        Change::File { content, .. } => (EntryType::Regular, none, Some(content)),
        Change::Directory { .. } => (EntryType::Directory, none, None),
        Change::Symlink { target, .. } => (EntryType::Symlink, target.as_slice(), None),
        Change::HardLink { target } => (EntryType::Link, target.as_slice(), None),
        Change::Deletion => (EntryType::Regular, none, None),
    };
    // A link that carried anything else would change its file on unpacking.
    let described = if kind == EntryType::Link { set.get(link).unwrap_or(change) } else { change };
    let (mode, owner) = described.mode_and_owner();
    let size = content.map_or(0, Content::size);
    let mut pax = Pax::default();
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode & 0o7777);
    header.set_mtime(0);
    header.set_uid(u64::from(pax.number("uid", owner.uid, OWNER_FIELD)));
    header.set_gid(u64::from(pax.number("gid", owner.gid, OWNER_FIELD)));
    header.set_size(if size > SIZE_FIELD { pax.record("size", size.to_string().as_bytes()) } else { size });
    if let Some(ustar) = header.as_ustar_mut() {
        pax.text("path", path, &mut ustar.name);
        pax.text("linkpath", link, &mut ustar.linkname);
    }
    header.set_cksum();
    pax.write(out)?;
    out.write_all(header.as_bytes())?;
    if let Some(content) = content {
        copy_content(path, content, out)?;
        pad(size, out)?;
    }
    Ok(())
}

fn copy_content(path: &[u8], content: &Content, out: &mut impl Write) -> Result<(), LayerError> {
    match content {
        Content::Bytes(bytes) => out.write_all(bytes)?,
        Content::File { path: source, size } => {
            let read_error = |error| LayerError::Source { path: show(path), file: source.clone(), error };
            let file = File::open(source).map_err(read_error)?;
            // One byte more than promised tells a file that has grown.
            let mut limited = file.take(size.saturating_add(1));
            let copied = io::copy(&mut limited, out).map_err(read_error)?;
            if copied != *size {
                return Err(LayerError::Changed { path: show(path), file: source.clone(), size: *size });
            }
        }
    }
    Ok(())
}

fn pad(size: u64, out: &mut impl Write) -> io::Result<()> {
    let rest = size.next_multiple_of(BLOCK) - size;
    io::copy(&mut io::repeat(0).take(rest), out).map(drop)
}

/// Records of an extended header (POSIX pax), in the order in which they are asked for.
#[derive(Default)]
pub(crate) struct Pax(Vec<u8>);

impl Pax {
    /// Adds a record and gives zero, the value of a field that a record replaces.
    pub(crate) fn record(&mut self, key: &str, value: &[u8]) -> u64 {
        let body = 1 + key.len() + 1 + value.len() + 1;
        // The length counts its own digits.
        let mut length = body + 1;
        while length != body + length.to_string().len() {
            length = body + length.to_string().len();
        }
        self.0.extend_from_slice(format!("{length} {key}=").as_bytes());
        self.0.extend_from_slice(value);
        self.0.push(b'\n');
        0
    }

    fn number(&mut self, key: &str, value: u32, limit: u32) -> u32 {
        if value <= limit {
            return value;
        }
        self.record(key, value.to_string().as_bytes());
        0
    }

    /// Puts a text into its field; one that is too long goes into a record, and its beginning into the field.
    fn text(&mut self, key: &str, value: &[u8], field: &mut [u8; NAME_FIELD]) {
        if value.len() > NAME_FIELD {
            self.record(key, value);
        }
        field.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
    }

    /// Takes records apart. A value may hold any byte, line ends too, so only the lengths count.
    pub(crate) fn parse(mut records: &[u8]) -> io::Result<Vec<(&str, &[u8])>> {
        let broken =
            || io::Error::new(io::ErrorKind::InvalidData, "an extended header of the tar is damaged");
        let mut result = Vec::new();
        while !records.is_empty() {
            let digits = records.iter().position(|byte| *byte == b' ').ok_or_else(broken)?;
            let length = records.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok());
            let length: usize = length.and_then(|text| text.parse().ok()).ok_or_else(broken)?;
            let record = records.get(digits + 1..length).ok_or_else(broken)?;
            let record = record.strip_suffix(b"\n").ok_or_else(broken)?;
            let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(broken)?;
            let (key, value) = record.split_at(equals);
            let key = std::str::from_utf8(key).map_err(|_| broken())?;
            result.push((key, value.get(1..).unwrap_or_default()));
            records = records.get(length..).unwrap_or_default();
        }
        Ok(result)
    }

    /// Writes the records as an entry of their own, if there are any.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let size = self.0.len() as u64;
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::XHeader);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        if let Some(ustar) = header.as_ustar_mut() {
            ustar.name.iter_mut().zip(b"PaxHeaders/0").for_each(|(to, from)| *to = *from);
        }
        header.set_cksum();
        out.write_all(header.as_bytes())?;
        out.write_all(&self.0)?;
        pad(size, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Owner;

    #[test]
    fn the_length_of_a_record_counts_itself() {
        for size in [1, 80, 90, 91, 92, 93, 94, 990, 991, 992, 993, 994] {
            let mut pax = Pax::default();
            pax.record("path", &vec![b'x'; size]);
            let text = String::from_utf8(pax.0).unwrap();
            let length: usize = text.split_once(' ').unwrap().0.parse().unwrap();
            assert_eq!(length, text.len());
        }
    }

    #[test]
    fn records_come_apart_and_damaged_ones_are_refused() {
        let mut pax = Pax::default();
        pax.record("a", b"1\n2=3 ");
        pax.record("b", b"");
        assert_eq!(Pax::parse(&pax.0).unwrap(), [("a", b"1\n2=3 ".as_slice()), ("b", b"")]);
        for text in ["x", "9 a=b\n", "6 a=bc", "5 abc\n", "0 a=b\n", "999999999999999999999 a=b\n"] {
            assert!(Pax::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_source_that_changed_its_length_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"four").unwrap();
        for size in [3, 5] {
            let mut set = ChangeSet::new();
            let content = Content::File { path: file.path().to_owned(), size };
            set.file("a", content, 0o644, Owner::ROOT).unwrap();
            assert!(matches!(write(&set, &mut Vec::new()), Err(LayerError::Changed { .. })), "{size}");
        }
    }
}
