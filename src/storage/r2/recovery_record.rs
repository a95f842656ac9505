//! The record of a repository beside its packs in R2: everything that it takes to make the
//! repository again when its object is lost. It has one line for each thing:
//!
//! ```text
//! {"cairn_record":3,"id":"0123456789abcdef","namespace":"acme","name":"widgets"}
//! {"repository":{"description":"…","settings":{"read_only":false,…},…}}
//! {"snapshots":{"settle_seconds":null,…}}
//! {"pack":{"r2_key":"packs/…","pack_bytes":264,"object_count":3}}
//! {"shallow":"<id of a commit that is kept without its parents>"}
//! head refs/heads/main
//! ref <id> <peeled id, or -> <name>
//! lfs <oid> <bytes>
//! end <number of refs> <number of lfs objects>
//! ```
//!
//! JSON has no place for refnames, which are bytes and not text, so they stand in lines of words.
//! There may be very many refs and objects of Git LFS: they are written and read as a stream, and only
//! the rest is held. A record without such objects is written as version 3, which knew of none: its last
//! line has the number of refs alone, and earlier releases read it. Version 2 had words in place of all JSON; [`recovery_record_v2`] still reads it.

use std::borrow::Cow;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use serde::{Deserialize, Serialize};

use super::recovery_record_head::RecordHead;
use super::recovery_record_v2;
use crate::git::lfs::LfsOid;
use crate::storage::repository::copies::SnapshotSettings;
use crate::storage::repository::lfs_life::NamedLfsObject;
use crate::storage::repository::ref_record::RefRecord;
use crate::storage::repository::store::RepositoryRecord;

/// The version of a record with objects of Git LFS, and that of one without.
const VERSION_LFS: u32 = 4;
const VERSION: u32 = 3;

/// Bytes of a line. The longest is that of the repository. It has up to 100 rules about refs, with four
/// operations and a pattern of 240 bytes, each two in JSON. Its hook has up to 20 patterns of 768 bytes, and
/// its description up to 1,000 characters, each six in JSON.
const LINE_BYTES_MAX: usize = 256 << 10;

/// A line of JSON, the first one apart.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Repository(Cow<'a, RepositoryRecord>),
    Snapshots(SnapshotSettings),
    Pack(Cow<'a, RecordedPack>),
    Shallow(String),
}

/// A pack that the record names, in the order of publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPack {
    /// The R2 object.
    pub(crate) r2_key: String,
    /// Bytes of the stored stream.
    pub(crate) pack_bytes: u64,
    /// Entries in the stream.
    pub(crate) object_count: u32,
}

/// A record without its refs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The repository; when its settings changed last is not kept.
    pub repository: RepositoryRecord,
    /// When packs go to R2.
    pub snapshots: SnapshotSettings,
    /// Its live packs.
    pub packs: Vec<RecordedPack>,
    /// Commits that are kept without their parents.
    pub shallow: Vec<ObjectId>,
}

/// The bytes are not a record of ours, or not a whole one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the record does not read")]
pub struct BadRecord {
    /// The line, from 1.
    pub(crate) line: u64,
}

fn write_line(parts: &[&[u8]], out: &mut Vec<u8>) {
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(part);
    }
    out.push(b'\n');
}

fn write_json(line: &impl Serialize, out: &mut Vec<u8>) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.push(b'\n');
    Ok(())
}

impl Record {
    /// The record up to its refs; whether objects of Git LFS will follow them.
    pub(crate) fn write(&self, has_lfs: bool) -> serde_json::Result<Vec<u8>> {
        let mut out = Vec::new();
        let repository = &self.repository;
        let head = RecordHead {
            version: if has_lfs { VERSION_LFS } else { VERSION },
            id: repository.id.clone(),
            namespace: repository.namespace.clone(),
            name: repository.name.clone(),
        };
        write_json(&head, &mut out)?;
        write_json(&Line::Repository(Cow::Borrowed(repository)), &mut out)?;
        write_json(&Line::Snapshots(self.snapshots), &mut out)?;
        for pack in &self.packs {
            write_json(&Line::Pack(Cow::Borrowed(pack)), &mut out)?;
        }
        for id in &self.shallow {
            write_json(&Line::Shallow(id.to_string()), &mut out)?;
        }
        write_line(&[b"head", repository.head.as_bytes()], &mut out);
        Ok(out)
    }
}

/// Writes a ref's line.
pub(crate) fn write_ref(reference: &RefRecord, out: &mut Vec<u8>) {
    let target = reference.target.to_string();
    let peeled = reference.peeled.map_or("-".to_owned(), |id| id.to_string());
    let name = reference.name.as_bytes();
    write_line(&[b"ref", target.as_bytes(), peeled.as_bytes(), name], out);
}

/// Writes the line of an object of Git LFS.
pub(crate) fn write_lfs_object((oid, bytes): &NamedLfsObject, out: &mut Vec<u8>) {
    let (oid, bytes) = (oid.to_string(), bytes.to_string());
    write_line(&[b"lfs", oid.as_bytes(), bytes.as_bytes()], out);
}

/// Writes the last line; a record of a repository with objects of Git LFS counts those too.
pub(crate) fn write_end(refs: u64, lfs_objects: Option<u64>, out: &mut Vec<u8>) {
    let refs = refs.to_string();
    match lfs_objects {
        None => write_line(&[b"end", refs.as_bytes()], out),
        Some(objects) => {
            write_line(
                &[b"end", refs.as_bytes(), objects.to_string().as_bytes()],
                out,
            );
        }
    }
}

/// Reads a record from pieces of any size.
#[derive(Debug, Default)]
pub struct RecordReader {
    record: Record,
    /// As the first line has it.
    version: u32,
    /// Whether its settings came, without which no repository is made.
    has_settings: bool,
    /// The beginning of a line whose end has not come.
    pending: Vec<u8>,
    refs: Vec<RefRecord>,
    lines: u64,
    refs_read: u64,
    last_ref: BString,
    lfs_objects: Vec<NamedLfsObject>,
    lfs_read: u64,
    last_lfs: Option<LfsOid>,
    ended: bool,
}

impl RecordReader {
    /// A reader of one record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece in.
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), BadRecord> {
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(piece);
        let mut rest = pending.as_slice();
        while let Some(at) = rest.find_byte(b'\n') {
            let (line, after) = rest.split_at(at);
            self.lines = self.lines.saturating_add(1);
            self.line(line).ok_or_else(|| self.bad())?;
            rest = after.get(1..).unwrap_or_default();
        }
        self.pending = rest.to_vec();
        if self.pending.len() > LINE_BYTES_MAX {
            self.lines = self.lines.saturating_add(1);
            return Err(self.bad());
        }
        Ok(())
    }

    /// The refs read since this was asked last, by name.
    pub fn take_refs(&mut self) -> Vec<RefRecord> {
        std::mem::take(&mut self.refs)
    }

    /// The objects of Git LFS read since this was asked last, by name.
    pub(crate) fn take_lfs_objects(&mut self) -> Vec<NamedLfsObject> {
        std::mem::take(&mut self.lfs_objects)
    }

    /// The repository's facts in the first lines.
    pub(crate) fn repository(&self) -> &RepositoryRecord {
        &self.record.repository
    }

    /// Everything but the refs and objects of Git LFS, once the record came whole.
    pub fn finish(self) -> Result<Record, BadRecord> {
        let repository = &self.record.repository;
        let is_whole = self.ended && self.pending.is_empty() && self.has_settings;
        if is_whole && !repository.id.is_empty() && !repository.head.is_empty() {
            return Ok(self.record);
        }
        Err(self.bad())
    }

    fn bad(&self) -> BadRecord {
        BadRecord { line: self.lines }
    }

    fn line(&mut self, line: &[u8]) -> Option<()> {
        if self.ended || line.len() > LINE_BYTES_MAX {
            return None;
        }
        if self.lines == 1 {
            return self.first(line);
        }
        if self.is_json() && line.starts_with(b"{") {
            return self.json(serde_json::from_slice(line).ok()?);
        }
        let (word, rest) = split(line)?;
        match word {
            b"ref" => self.reference(rest),
            b"lfs" if self.version == VERSION_LFS => self.lfs_object(rest),
            b"end" => {
                self.ended = true;
                let mut expect = Vec::new();
                let lfs_read = (self.version == VERSION_LFS).then_some(self.lfs_read);
                write_end(self.refs_read, lfs_read, &mut expect);
                (expect.strip_suffix(b"\n") == Some(line)).then_some(())
            }
            b"head" => {
                self.record.repository.head = rest.into();
                Some(())
            }
            word if self.version == recovery_record_v2::VERSION => {
                recovery_record_v2::read_line(&mut self.record, word, rest)
            }
            _ => None,
        }
    }

    fn first(&mut self, line: &[u8]) -> Option<()> {
        if line == recovery_record_v2::FIRST {
            self.version = recovery_record_v2::VERSION;
            self.has_settings = true;
            return Some(());
        }
        let head: RecordHead = serde_json::from_slice(line).ok()?;
        self.version = head.version;
        let repository = &mut self.record.repository;
        (repository.id, repository.namespace, repository.name) =
            (head.id, head.namespace, head.name);
        self.is_json().then_some(())
    }

    fn is_json(&self) -> bool {
        matches!(self.version, VERSION | VERSION_LFS)
    }

    fn json(&mut self, line: Line<'_>) -> Option<()> {
        match line {
            Line::Repository(repository) => {
                let known = std::mem::take(&mut self.record.repository);
                self.record.repository = RepositoryRecord {
                    id: known.id,
                    namespace: known.namespace,
                    name: known.name,
                    head: known.head,
                    ..repository.into_owned()
                };
                self.has_settings = true;
            }
            Line::Snapshots(settings) => self.record.snapshots = settings,
            Line::Pack(pack) => self.record.packs.push(pack.into_owned()),
            Line::Shallow(id) => {
                let id = ObjectId::from_hex(id.as_bytes()).ok()?;
                self.record.shallow.push(id);
            }
        }
        Some(())
    }

    fn reference(&mut self, line: &[u8]) -> Option<()> {
        let (target, rest) = split(line)?;
        let (peeled, name) = split(rest)?;
        let peeled = match peeled {
            b"-" => None,
            id => Some(ObjectId::from_hex(id).ok()?),
        };
        if *name <= **self.last_ref {
            return None;
        }
        self.last_ref = name.into();
        self.refs_read = self.refs_read.saturating_add(1);
        self.refs.push(RefRecord {
            name: name.into(),
            target: ObjectId::from_hex(target).ok()?,
            peeled,
        });
        Some(())
    }
}

impl RecordReader {
    fn lfs_object(&mut self, line: &[u8]) -> Option<()> {
        let (oid, bytes) = split(line)?;
        let oid = LfsOid::from_hex(oid)?;
        // The network is known by then, and the order is that of R2's lists.
        if !self.has_settings || self.last_lfs.is_some_and(|last| last >= oid) {
            return None;
        }
        self.last_lfs = Some(oid);
        self.lfs_read = self.lfs_read.saturating_add(1);
        self.lfs_objects
            .push((oid, bytes.to_str().ok()?.parse().ok()?));
        Some(())
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.find_byte(b' ')?;
    Some((line.get(..at)?, line.get(at.saturating_add(1)..)?))
}

#[cfg(test)]
mod tests;
