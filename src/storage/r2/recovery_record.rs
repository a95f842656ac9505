//! The record of a repository beside its packs in R2: what it takes to make the repository again
//! when its object is lost. Lines of text, refnames as they are:
//!
//! ```text
//! cairn record 2
//! id 0123456789abcdef
//! namespace acme
//! name widgets
//! created 1700000000000
//! pushed <time of the last push>
//! flags read-only public
//! head refs/heads/main
//! description "json"
//! source "json"
//! network <id of the fork network's first repository>
//! keep <seconds of unreachable objects> <of the reflog> <of superseded packs>
//! copies <settle_seconds> <cold_after_seconds> <cold_bytes_min> <ready_bytes_min>, each or -
//! pack <R2 key> <bytes> <objects>
//! shallow <id of a commit that is kept without its parents>
//! ref <id> <peeled id, or -> <name>
//! end <number of refs>
//! ```
//!
//! There may be very many refs: they are written and read as a stream, and only the rest is held.

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use crate::storage::repository::copies::SnapshotSettings;
use crate::storage::repository::phase::Phase;
use crate::storage::repository::ref_record::RefRecord;
use crate::storage::repository::store::RepositoryRecord;

/// The first line.
const FIRST: &str = "cairn record 2";

/// Bytes of a line: a refname has up to 4,096, a description up to 1,000, each six in JSON.
const LINE_BYTES_MAX: usize = 16 << 10;

/// A pack that the record names, in the order of publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedPack {
    /// The R2 object.
    pub r2_key: String,
    /// Bytes of the stored stream.
    pub pack_bytes: u64,
    /// Entries in the stream.
    pub object_count: u32,
}

/// What the record says, its refs apart.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub line: u64,
}

/// The flags of a repository, by name.
fn flags(repository: &RepositoryRecord) -> [(&'static str, bool); 5] {
    [
        ("read-only", repository.read_only),
        ("public", repository.public),
        ("deny-non-fast-forwards", repository.deny_non_fast_forwards),
        ("deny-deletes", repository.deny_deletes),
        ("fsck-strict", repository.fsck_strict),
    ]
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

impl Record {
    /// The record up to its refs.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = |parts: &[&[u8]]| write_line(parts, &mut out);
        let repository = &self.repository;
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        line(&[FIRST.as_bytes()]);
        line(&[b"id", repository.id.as_bytes()]);
        line(&[b"namespace", repository.namespace.as_bytes()]);
        line(&[b"name", repository.name.as_bytes()]);
        line(&[b"created", repository.created_at.to_string().as_bytes()]);
        if let Some(pushed) = repository.last_push_at {
            line(&[b"pushed", pushed.to_string().as_bytes()]);
        }
        let set = flags(repository).into_iter().filter(|(_, set)| *set);
        let set: Vec<_> = set.map(|(name, _)| name).collect();
        line(&[b"flags", set.join(" ").as_bytes()]);
        line(&[b"head", repository.head.as_bytes()]);
        line(&[b"description", quoted(&repository.description).as_bytes()]);
        if let Some(network_id) = &repository.network_id {
            line(&[b"network", network_id.as_bytes()]);
        }
        if let Some(source) = &repository.source {
            line(&[b"source", quoted(source).as_bytes()]);
        }
        let keep = [
            repository.prune_grace_seconds,
            repository.reflog_retention_seconds,
            repository.superseded_grace_seconds,
        ];
        let keep = keep.map(|seconds| seconds.to_string()).join(" ");
        line(&[b"keep", keep.as_bytes()]);
        line(&[b"copies", copies(&self.snapshots).as_bytes()]);
        for pack in &self.packs {
            let (bytes, objects) = (pack.pack_bytes.to_string(), pack.object_count.to_string());
            let key = pack.r2_key.as_bytes();
            line(&[b"pack", key, bytes.as_bytes(), objects.as_bytes()]);
        }
        for id in &self.shallow {
            line(&[b"shallow", id.to_string().as_bytes()]);
        }
        out
    }
}

/// Writes a ref's line.
pub fn write_ref(reference: &RefRecord, out: &mut Vec<u8>) {
    let target = reference.target.to_string();
    let peeled = reference.peeled.map_or("-".to_owned(), |id| id.to_string());
    let name = reference.name.as_bytes();
    write_line(&[b"ref", target.as_bytes(), peeled.as_bytes(), name], out);
}

/// Writes the last line.
pub fn write_end(refs: u64, out: &mut Vec<u8>) {
    write_line(&[b"end", refs.to_string().as_bytes()], out);
}

fn copies(settings: &SnapshotSettings) -> String {
    let seconds = |set: Option<u32>| set.map(u64::from);
    let all = [
        seconds(settings.settle_seconds),
        seconds(settings.cold_after_seconds),
        settings.cold_bytes_min,
        settings.ready_bytes_min,
    ];
    all.map(|set| set.map_or("-".to_owned(), |set| set.to_string()))
        .join(" ")
}

/// Reads a record from pieces of any size.
#[derive(Debug)]
pub struct RecordReader {
    record: Record,
    /// The beginning of a line whose end has not come.
    pending: Vec<u8>,
    refs: Vec<RefRecord>,
    lines: u64,
    refs_read: u64,
    last_ref: BString,
    ended: bool,
}

impl RecordReader {
    /// A reader of one record.
    pub fn new() -> Self {
        Self {
            record: Record::empty(),
            pending: Vec::new(),
            refs: Vec::new(),
            lines: 0,
            refs_read: 0,
            last_ref: BString::default(),
            ended: false,
        }
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

    /// Everything but the refs, once the record came whole.
    pub fn finish(self) -> Result<Record, BadRecord> {
        let repository = &self.record.repository;
        let whole = self.ended && self.pending.is_empty();
        if whole && !repository.id.is_empty() && !repository.head.is_empty() {
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
            return (line == FIRST.as_bytes()).then_some(());
        }
        let (word, rest) = split(line)?;
        match word {
            b"ref" => self.reference(rest),
            b"end" => {
                self.ended = true;
                (rest.to_str().ok()?.parse() == Ok(self.refs_read)).then_some(())
            }
            word => self.record.take(word, rest),
        }
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

impl Default for RecordReader {
    fn default() -> Self {
        Self::new()
    }
}

impl Record {
    fn take(&mut self, word: &[u8], rest: &[u8]) -> Option<()> {
        let text = || rest.to_str().ok();
        let owned = || Some(rest.to_str().ok()?.to_owned());
        let quoted = || serde_json::from_slice::<String>(rest).ok();
        let repository = &mut self.repository;
        match word {
            b"id" => repository.id = owned()?,
            b"namespace" => repository.namespace = owned()?,
            b"name" => repository.name = owned()?,
            b"created" => repository.created_at = text()?.parse().ok()?,
            b"pushed" => repository.last_push_at = Some(text()?.parse().ok()?),
            b"head" => repository.head = rest.into(),
            b"description" => repository.description = quoted()?,
            b"source" => repository.source = Some(quoted()?),
            b"network" => repository.network_id = Some(owned()?),
            b"flags" => {
                let text = text()?;
                let set = |name: &str| text.split(' ').any(|flag| flag == name);
                repository.read_only = set("read-only");
                repository.public = set("public");
                repository.deny_non_fast_forwards = set("deny-non-fast-forwards");
                repository.deny_deletes = set("deny-deletes");
                repository.fsck_strict = set("fsck-strict");
            }
            b"keep" => {
                let mut words = text()?.split(' ');
                repository.prune_grace_seconds = words.next()?.parse().ok()?;
                repository.reflog_retention_seconds = words.next()?.parse().ok()?;
                repository.superseded_grace_seconds = words.next()?.parse().ok()?;
            }
            b"copies" => {
                let mut words = text()?.split(' ');
                self.snapshots = SnapshotSettings {
                    settle_seconds: set_or_not(words.next()?)?,
                    cold_after_seconds: set_or_not(words.next()?)?,
                    cold_bytes_min: set_or_not(words.next()?)?,
                    ready_bytes_min: set_or_not(words.next()?)?,
                };
            }
            b"pack" => {
                let mut words = text()?.split(' ');
                self.packs.push(RecordedPack {
                    r2_key: words.next()?.to_owned(),
                    pack_bytes: words.next()?.parse().ok()?,
                    object_count: words.next()?.parse().ok()?,
                });
            }
            b"shallow" => self.shallow.push(ObjectId::from_hex(rest).ok()?),
            _ => return None,
        }
        Some(())
    }

    fn empty() -> Self {
        Self {
            repository: RepositoryRecord {
                id: String::new(),
                namespace: String::new(),
                name: String::new(),
                description: String::new(),
                head: BString::default(),
                read_only: false,
                public: false,
                deny_non_fast_forwards: false,
                deny_deletes: false,
                fsck_strict: false,
                prune_grace_seconds: 0,
                reflog_retention_seconds: 0,
                superseded_grace_seconds: 0,
                source: None,
                created_at: 0,
                updated_at: 0,
                last_push_at: None,
                phase: Phase::Ready,
                network_id: None,
                is_importing: false,
                is_recovering: false,
            },
            snapshots: SnapshotSettings::default(),
            packs: Vec::new(),
            shallow: Vec::new(),
        }
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.find_byte(b' ')?;
    Some((line.get(..at)?, line.get(at.saturating_add(1)..)?))
}

#[expect(
    clippy::option_option,
    reason = "what is not a setting differs from one not set"
)]
fn set_or_not<T: std::str::FromStr>(word: &str) -> Option<Option<T>> {
    if word == "-" {
        return Some(None);
    }
    word.parse().ok().map(Some)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> Record {
        let empty = Record::empty();
        Record {
            repository: RepositoryRecord {
                id: "0123456789abcdef".to_owned(),
                namespace: "acme".to_owned(),
                name: "widgets".to_owned(),
                description: "two\nlines \"quoted\"".to_owned(),
                head: "refs/heads/main".into(),
                public: true,
                deny_deletes: true,
                fsck_strict: true,
                prune_grace_seconds: 5,
                reflog_retention_seconds: 6,
                superseded_grace_seconds: 7,
                source: Some("git:https://example.com/a".to_owned()),
                network_id: Some("0123456789abcdef".to_owned()),
                created_at: 1_700_000_000_000,
                last_push_at: Some(1_700_000_000_001),
                ..empty.repository
            },
            snapshots: SnapshotSettings {
                settle_seconds: Some(0),
                cold_bytes_min: Some(1 << 40),
                ..SnapshotSettings::default()
            },
            packs: vec![RecordedPack {
                r2_key: "packs/x/y.pack".to_owned(),
                pack_bytes: 1 << 40,
                object_count: 7,
            }],
            shallow: vec![ObjectId::from([3; 20])],
        }
    }

    fn refs() -> Vec<RefRecord> {
        let id = |byte: u8| ObjectId::from([byte; 20]);
        vec![
            RefRecord {
                name: b"refs/heads/\xff\xfe".as_slice().into(),
                target: id(1),
                peeled: None,
            },
            RefRecord {
                name: "refs/tags/v1".into(),
                target: id(2),
                peeled: Some(id(1)),
            },
        ]
    }

    fn written(record: &Record, refs: &[RefRecord]) -> Vec<u8> {
        let mut out = record.write();
        for reference in refs {
            write_ref(reference, &mut out);
        }
        write_end(refs.len() as u64, &mut out);
        out
    }

    fn read(bytes: &[u8], piece: usize) -> Result<(Record, Vec<RefRecord>), BadRecord> {
        let (mut reader, mut refs) = (RecordReader::new(), Vec::new());
        for piece in bytes.chunks(piece) {
            reader.feed(piece)?;
            refs.extend(reader.take_refs());
        }
        Ok((reader.finish()?, refs))
    }

    #[test]
    fn a_record_comes_back_as_it_went_in_pieces_of_any_size() {
        let whole = written(&record(), &refs());
        for piece in [1, 7, 64, whole.len()] {
            assert_eq!(read(&whole, piece), Ok((record(), refs())));
        }
        let mut bare = record();
        bare.repository.source = None;
        bare.repository.last_push_at = None;
        bare.repository.description.clear();
        bare.repository.public = false;
        bare.repository.deny_deletes = false;
        bare.repository.fsck_strict = false;
        bare.snapshots = SnapshotSettings::default();
        bare.packs.clear();
        bare.shallow.clear();
        assert_eq!(read(&written(&bare, &[]), 10), Ok((bare, Vec::new())));
    }

    #[test]
    fn what_is_no_record_or_not_whole_is_refused() {
        let whole = written(&record(), &refs());
        for end in 0..whole.len() {
            assert!(read(whole.split_at(end).0, 100).is_err(), "cut at {end}");
        }
        let head = "cairn record 2\nid 0123456789abcdef\nhead refs/heads/main\n";
        assert!(read(format!("{head}end 0\n").as_bytes(), 9).is_ok());
        let long = format!("{head}head {}\nend 0\n", "x".repeat(LINE_BYTES_MAX));
        for other in [
            "",
            "cairn record 1\n",
            "cairn record 2\nnonsense 1\n",
            "cairn record 2\nend 0\n",
            &format!("{head}end 1\n"),
            &format!("{head}end 0\nend 0\n"),
            &long,
        ] {
            assert!(read(other.as_bytes(), 50).is_err(), "{other}");
        }
        let mut unsorted = refs();
        unsorted.reverse();
        assert!(read(&written(&record(), &unsorted), 50).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>(), tail in "[a-z]{1,8} [ -~]{0,40}\n") {
            let _ = read(&bytes, 3);
            let _ = read(format!("{FIRST}\n{tail}").as_bytes(), 3);
        }
    }
}
