//! The record of a repository beside its packs in R2: what it takes to make the repository again
//! when its object is lost. Lines of text, refnames as they are:
//!
//! ```text
//! cairn record 1
//! id 0123456789abcdef
//! namespace acme
//! name widgets
//! created 1700000000000
//! flags read-only public
//! head refs/heads/main
//! description "json"
//! source "json"
//! network <id of the fork network's first repository>
//! keep <seconds of unreachable objects> <of the reflog> <of superseded packs>
//! pack <R2 key> <bytes> <objects>
//! shallow <id of a commit that is kept without its parents>
//! ref <id> <peeled id, or -> <name>
//! ```

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::life::Phase;
use super::refs::RefRecord;
use super::repository::RepositoryRecord;

/// The first line.
const FIRST: &str = "cairn record 1";

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

/// What the record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The repository; the times of its last changes are not kept.
    pub repository: RepositoryRecord,
    /// Its live packs.
    pub packs: Vec<RecordedPack>,
    /// Commits that are kept without their parents.
    pub shallow: Vec<ObjectId>,
    /// Its refs, by name.
    pub refs: Vec<RefRecord>,
}

/// The flags of a repository, by name.
fn flags(repository: &RepositoryRecord) -> [(&'static str, bool); 4] {
    [
        ("read-only", repository.read_only),
        ("public", repository.public),
        ("deny-non-fast-forwards", repository.deny_non_fast_forwards),
        ("deny-deletes", repository.deny_deletes),
    ]
}

impl Record {
    /// The record as it is kept.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut line = |parts: &[&[u8]]| {
            out.extend(parts.join(&b' '));
            out.push(b'\n');
        };
        let repository = &self.repository;
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        line(&[FIRST.as_bytes()]);
        line(&[b"id", repository.id.as_bytes()]);
        line(&[b"namespace", repository.namespace.as_bytes()]);
        line(&[b"name", repository.name.as_bytes()]);
        line(&[b"created", repository.created_at.to_string().as_bytes()]);
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
        for pack in &self.packs {
            let (bytes, objects) = (pack.pack_bytes.to_string(), pack.object_count.to_string());
            let key = pack.r2_key.as_bytes();
            line(&[b"pack", key, bytes.as_bytes(), objects.as_bytes()]);
        }
        for id in &self.shallow {
            line(&[b"shallow", id.to_string().as_bytes()]);
        }
        for reference in &self.refs {
            let target = reference.target.to_string();
            let peeled = reference.peeled.map_or("-".to_owned(), |id| id.to_string());
            let name = reference.name.as_bytes();
            line(&[b"ref", target.as_bytes(), peeled.as_bytes(), name]);
        }
        out
    }

    /// Reads a record; `None` when it is not one of ours, or not whole.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = bytes.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
        if lines.next()? != FIRST.as_bytes() {
            return None;
        }
        let mut record = Self::empty();
        for line in lines {
            let (word, rest) = split(line)?;
            record.take(word, rest)?;
        }
        (!record.repository.id.is_empty() && !record.repository.head.is_empty()).then_some(record)
    }

    fn take(&mut self, word: &[u8], rest: &[u8]) -> Option<()> {
        let text = || Some(rest.to_str().ok()?.to_owned());
        let quoted = || serde_json::from_slice::<String>(rest).ok();
        let repository = &mut self.repository;
        match word {
            b"id" => repository.id = text()?,
            b"namespace" => repository.namespace = text()?,
            b"name" => repository.name = text()?,
            b"created" => repository.created_at = text()?.parse().ok()?,
            b"head" => repository.head = rest.into(),
            b"description" => repository.description = quoted()?,
            b"source" => repository.source = Some(quoted()?),
            b"network" => repository.network_id = Some(text()?),
            b"flags" => {
                let text = text()?;
                let set = |name: &str| text.split(' ').any(|flag| flag == name);
                repository.read_only = set("read-only");
                repository.public = set("public");
                repository.deny_non_fast_forwards = set("deny-non-fast-forwards");
                repository.deny_deletes = set("deny-deletes");
            }
            b"keep" => {
                let text = text()?;
                let mut words = text.split(' ');
                repository.prune_grace_seconds = words.next()?.parse().ok()?;
                repository.reflog_retention_seconds = words.next()?.parse().ok()?;
                repository.superseded_grace_seconds = words.next()?.parse().ok()?;
            }
            b"pack" => {
                let text = text()?;
                let mut words = text.split(' ');
                self.packs.push(RecordedPack {
                    r2_key: words.next()?.to_owned(),
                    pack_bytes: words.next()?.parse().ok()?,
                    object_count: words.next()?.parse().ok()?,
                });
            }
            b"shallow" => self.shallow.push(ObjectId::from_hex(rest).ok()?),
            b"ref" => {
                let (target, rest) = split(rest)?;
                let (peeled, name) = split(rest)?;
                let peeled = match peeled {
                    b"-" => None,
                    id => Some(ObjectId::from_hex(id).ok()?),
                };
                self.refs.push(RefRecord {
                    name: name.into(),
                    target: ObjectId::from_hex(target).ok()?,
                    peeled,
                });
            }
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
            },
            packs: Vec::new(),
            shallow: Vec::new(),
            refs: Vec::new(),
        }
    }
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.find_byte(b' ')?;
    Some((line.get(..at)?, line.get(at.saturating_add(1)..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let mut record = Record::empty();
        record.repository = RepositoryRecord {
            id: "0123456789abcdef".to_owned(),
            namespace: "acme".to_owned(),
            name: "widgets".to_owned(),
            description: "two\nlines \"quoted\"".to_owned(),
            head: "refs/heads/main".into(),
            public: true,
            deny_deletes: true,
            prune_grace_seconds: 5,
            reflog_retention_seconds: 6,
            superseded_grace_seconds: 7,
            source: Some("git:https://example.com/a".to_owned()),
            phase: Phase::Ready,
            network_id: Some("0123456789abcdef".to_owned()),
            created_at: 1_700_000_000_000,
            ..record.repository
        };
        record.packs.push(RecordedPack {
            r2_key: "packs/x/y.pack".to_owned(),
            pack_bytes: 1 << 40,
            object_count: 7,
        });
        let id = |byte: u8| ObjectId::from([byte; 20]);
        record.shallow = vec![id(3)];
        record.refs = vec![
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
        ];
        record
    }

    #[test]
    fn a_record_comes_back_as_it_went() {
        assert_eq!(Record::parse(&record().write()), Some(record()));
        let mut bare = record();
        bare.repository.source = None;
        bare.repository.description.clear();
        bare.repository.public = false;
        bare.repository.deny_deletes = false;
        bare.packs.clear();
        bare.shallow.clear();
        bare.refs.clear();
        assert_eq!(Record::parse(&bare.write()), Some(bare));
    }

    #[test]
    fn what_is_no_record_is_none() {
        let whole = record().write();
        for end in 0..whole.len() {
            let cut = Record::parse(whole.split_at(end).0);
            assert_ne!(cut, Some(record()), "cut at {end}");
        }
        for other in ["", "cairn record 2\n", "cairn record 1\nnonsense 1\n"] {
            assert_eq!(Record::parse(other.as_bytes()), None);
        }
    }
}
