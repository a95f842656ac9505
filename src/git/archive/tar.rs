//! Tar files, byte for byte as `git archive --format=tar` writes them (git's `archive-tar.c`): ustar headers,
//! pax records where those are too small (POSIX.1-2017, pax, "pax Interchange Format").

use gix_hash::oid;
use gix_object::bstr::{BStr, ByteSlice as _};
use tar::{EntryType, Header};

use super::walk::{ArchiveKind, Entry};
use crate::git::protocol::oid_hex;

/// Bytes of a record: all that is written is padded to it.
const RECORD_BYTES: usize = 512;

/// Bytes of a block: an archive is padded to it.
const BLOCK_BYTES: u64 = 20 * 512;

/// Bytes of a path that a header holds, before and behind a slash.
const NAME_BYTES: usize = 100;
const PREFIX_BYTES: usize = 155;

/// Bytes of a link's target that a header holds.
const LINK_BYTES: usize = 100;

/// The largest number of eleven octal digits: sizes and times.
const NUMBER_MAX: u64 = 0o777_7777_7777;

/// Modes with git's `tar.umask`, 0002.
const DIRECTORY_MODE: u32 = 0o775;
const FILE_MODE: u32 = 0o664;
const LINK_MODE: u32 = 0o777;
/// The mode of a header that is about another.
const PAX_MODE: u32 = 0o666;

/// Writes a tar file into a buffer that its caller empties.
#[derive(Debug)]
pub(crate) struct TarWriter {
    time_seconds: u64,
    written: u64,
}

impl TarWriter {
    /// Begins an archive whose entries are of this time; `commit` stands in its first header.
    pub(crate) fn begin(commit: Option<&oid>, time_seconds: i64, out: &mut Vec<u8>) -> Self {
        let time_seconds = u64::try_from(time_seconds).unwrap_or(0);
        let mut writer = Self {
            time_seconds: time_seconds.min(NUMBER_MAX),
            written: 0,
        };
        let mut records = Vec::new();
        if let Some(commit) = commit {
            push_record("comment", &oid_hex::hex(commit), &mut records);
        }
        if time_seconds > NUMBER_MAX {
            push_record("mtime", time_seconds.to_string().as_bytes(), &mut records);
        }
        if !records.is_empty() {
            let kind = EntryType::XGlobalHeader;
            writer.about(kind, b"pax_global_header", &records, out);
        }
        writer
    }

    /// Begins an entry with this path. A file's content of `size_bytes` comes next, a link's is its target.
    pub(crate) fn entry(
        &mut self,
        entry: &Entry,
        path: &BStr,
        (size_bytes, target): (u64, &[u8]),
        out: &mut Vec<u8>,
    ) {
        let (kind, mode) = match entry.kind {
            ArchiveKind::Directory => (EntryType::Directory, DIRECTORY_MODE),
            ArchiveKind::Link => (EntryType::Symlink, LINK_MODE),
            ArchiveKind::File { is_executable, .. } => {
                let mode = if is_executable {
                    DIRECTORY_MODE
                } else {
                    FILE_MODE
                };
                (EntryType::Regular, mode)
            }
        };
        let mut header = self.header(kind, mode);
        let mut records = Vec::new();
        let hex = oid_hex::hex(&entry.id);
        let fields = header.as_old_mut();
        if path.len() <= NAME_BYTES {
            put(&mut fields.name, path);
        } else if let Some((prefix, name)) = split(path) {
            put(&mut fields.name, name);
            if let Some(ustar) = header.as_ustar_mut() {
                put(&mut ustar.prefix, prefix);
            }
        } else {
            put(&mut fields.name, &[&hex[..], b".data"].concat());
            push_record("path", path, &mut records);
        }
        if kind == EntryType::Symlink {
            let field = &mut header.as_old_mut().linkname;
            if target.len() <= LINK_BYTES {
                put(field, target);
            } else {
                put(field, &[b"see ", &hex[..], b".paxheader"].concat());
                push_record("linkpath", target, &mut records);
            }
        }
        if kind == EntryType::Regular {
            if size_bytes > NUMBER_MAX {
                push_record("size", size_bytes.to_string().as_bytes(), &mut records);
            } else {
                header.set_size(size_bytes);
            }
        }
        if !records.is_empty() {
            let name = [&hex[..], b".paxheader"].concat();
            self.about(EntryType::XHeader, &name, &records, out);
        }
        header.set_cksum();
        self.write(header.as_bytes(), out);
    }

    /// Writes a piece of a file's content.
    pub(crate) fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.written = self.written.saturating_add(bytes.len() as u64);
        out.extend_from_slice(bytes);
    }

    /// Ends the content of an entry.
    pub(crate) fn pad(&mut self, out: &mut Vec<u8>) {
        let over = self.written.checked_rem(RECORD_BYTES as u64).unwrap_or(0);
        if over > 0 {
            let padding = RECORD_BYTES.saturating_sub(usize::try_from(over).unwrap_or(0));
            self.write(&vec![0; padding], out);
        }
    }

    /// Ends the archive: two empty records, and zeros up to the end of the block.
    pub(crate) fn finish(mut self, out: &mut Vec<u8>) {
        let over = self.written.checked_rem(BLOCK_BYTES).unwrap_or(0);
        let mut tail = BLOCK_BYTES.saturating_sub(over);
        if tail < 2 * RECORD_BYTES as u64 {
            tail = tail.saturating_add(BLOCK_BYTES);
        }
        self.write(&vec![0; usize::try_from(tail).unwrap_or(0)], out);
    }

    /// A header that is about the next one, or about all.
    fn about(&mut self, kind: EntryType, name: &[u8], records: &[u8], out: &mut Vec<u8>) {
        let mut header = self.header(kind, PAX_MODE);
        put(&mut header.as_old_mut().name, name);
        header.set_size(records.len() as u64);
        header.set_cksum();
        self.write(header.as_bytes(), out);
        self.write(records, out);
        self.pad(out);
    }

    fn header(&self, kind: EntryType, mode: u32) -> Header {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        header.set_mtime(self.time_seconds);
        if let Some(ustar) = header.as_ustar_mut() {
            put(&mut ustar.uname, b"root");
            put(&mut ustar.gname, b"root");
            ustar.set_device_major(0);
            ustar.set_device_minor(0);
        }
        header
    }
}

/// Writes a text at the beginning of a field that has room for it.
fn put(field: &mut [u8], text: &[u8]) {
    debug_assert!(text.len() <= field.len(), "a text is longer than its field");
    for (slot, byte) in field.iter_mut().zip(text) {
        *slot = *byte;
    }
}

/// Cuts a path at a slash, so that both sides fit (`get_path_prefix` of git).
fn split(path: &BStr) -> Option<(&[u8], &[u8])> {
    let text = path.strip_suffix(b"/").unwrap_or(path);
    let head = text.get(..text.len().min(PREFIX_BYTES))?;
    let slash = head.rfind_byte(b'/').filter(|slash| *slash > 0)?;
    let name = path.get(slash.checked_add(1)?..)?;
    (name.len() <= NAME_BYTES).then_some((path.get(..slash)?, name))
}

/// `<length> <keyword>=<value>\n`, the length with its own digits.
fn push_record(keyword: &str, value: &[u8], records: &mut Vec<u8>) {
    let rest = keyword.len().saturating_add(value.len()).saturating_add(3);
    let mut length = rest.saturating_add(1);
    while length != rest.saturating_add(length.to_string().len()) {
        length = rest.saturating_add(length.to_string().len());
    }
    records.extend_from_slice(format!("{length} {keyword}=").as_bytes());
    records.extend_from_slice(value);
    records.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_length() {
        for (bytes, length) in [(1, "9 "), (89, "98 "), (90, "99 "), (91, "101 ")] {
            let mut records = Vec::new();
            push_record("path", &vec![b'a'; bytes], &mut records);
            assert!(records.starts_with(length.as_bytes()), "{bytes}");
            assert_eq!(records.len(), length.trim().parse::<usize>().unwrap());
        }
    }

    #[test]
    fn an_archive_is_padded_to_a_block() {
        for (bytes, total) in [
            (0, 10_240),
            (9216, 10_240),
            (9217, 20_480),
            (10_240, 20_480),
        ] {
            let mut out = Vec::new();
            let mut writer = TarWriter::begin(None, 0, &mut out);
            writer.write(&vec![1; bytes], &mut out);
            writer.pad(&mut out);
            writer.finish(&mut out);
            assert_eq!(out.len(), total, "{bytes}");
        }
    }
}
