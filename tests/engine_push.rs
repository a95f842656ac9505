//! Packs made by git, taken by the engine: every object, size, offset and base as git sees them.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::rc::Rc;

use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use cairn::git::pack::entries::{Base, EntryTable};
use cairn::git::pack::incoming::bases::{ExternalBase, ExternalBases};
use cairn::git::pack::incoming::objects::{IncomingObjects, Sources};
use cairn::git::pack::parser::PackParser;
use cairn::git::pack::parser::error::{PackError, Refusal};
use cairn::git::pack::resolver::{Resolver, Step};
use cairn::git::store::{
    PackId, PackRecord, PackStore, Part, Quarantine, ReadError, Shared, StoreError,
};
use gix_hash::{ObjectId, oid};

#[path = "support/plumbing.rs"]
mod plumbing;

use plumbing::git;

/// Numbers that look random and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// A bare repository with a history of edits, merges, tags, a binary file, and (at `noise_bytes`)
/// a blob that does not compress.
fn repository(commits: u64, noise_bytes: usize) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    git(
        directory.path(),
        &["init", "-q", "--bare", "-b", "main"],
        b"",
    );
    let mut numbers = Numbers(commits);
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut stream = Vec::new();
    for commit in 1..=commits {
        let message = format!("change {commit}\n");
        write!(
            stream,
            "commit refs/heads/main\nmark :{commit}\ncommitter A U Thor <a@example.com> {} +0000\n\
             data {}\n{message}",
            1_700_000_000 + commit,
            message.len()
        )
        .unwrap();
        if commit > 4 && commit % 7 == 0 {
            writeln!(stream, "merge :{}", commit - 3).unwrap();
        }
        for _ in 0..=numbers.below(3) {
            let path = format!("d{}/f{}", numbers.below(4), numbers.below(6));
            let lines = files.entry(path.clone()).or_default();
            for _ in 0..=numbers.below(20) {
                let place = numbers.below(lines.len() as u64 + 1);
                let line = format!("line {} of {path}", numbers.below(1 << 30));
                lines.insert(usize::try_from(place).unwrap(), line);
            }
            file(&mut stream, &path, lines.join("\n").as_bytes());
        }
        if commit == 2 && noise_bytes > 0 {
            let noise = |_| u8::try_from(numbers.below(256)).unwrap();
            let noise: Vec<u8> = (0..noise_bytes).map(noise).collect();
            file(&mut stream, "noise", &noise);
        }
    }
    write!(
        stream,
        "tag v1\nfrom :{commits}\ntagger A U Thor <a@example.com> 1700000000 +0000\ndata 4\none\n"
    )
    .unwrap();
    git(directory.path(), &["fast-import", "--quiet"], &stream);
    directory
}

fn file(stream: &mut Vec<u8>, path: &str, content: &[u8]) {
    writeln!(stream, "M 100644 inline {path}\ndata {}", content.len()).unwrap();
    stream.extend_from_slice(content);
    stream.push(b'\n');
}

/// Chunks and bases in memory.
#[derive(Default)]
struct Memory {
    chunks: RefCell<HashMap<u32, Shared>>,
    bases: HashMap<ObjectId, ExternalBase>,
}

impl Quarantine for Memory {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        Ok(PackId(1))
    }

    fn put_chunk(&self, _: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let before = self
            .chunks
            .borrow_mut()
            .insert(number, Rc::new(bytes.to_vec()));
        assert!(before.is_none(), "chunk {number} is written twice");
        Ok(())
    }

    fn put_part(&self, _: PackId, _: Part, _: u32, _: &[u8]) -> Result<(), StoreError> {
        unreachable!("the parser writes no parts")
    }
}

impl PackStore for Memory {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::default())
    }

    fn part(&self, pack_id: PackId, _: Part) -> Result<Shared, StoreError> {
        Err(StoreError::Missing {
            what: "part",
            pack: pack_id.0,
        })
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        let chunk = self.chunks.borrow().get(&number).cloned();
        chunk.ok_or(StoreError::Missing {
            what: "chunk",
            pack: pack_id.0,
        })
    }
}

impl ExternalBases for Memory {
    fn base(&self, id: &oid) -> Result<Option<ExternalBase>, ReadError> {
        Ok(self.bases.get(id).cloned())
    }
}

/// The objects that the observer saw: the position, and the kind and content of the object.
type Seen = BTreeMap<u32, (ObjectKind, Vec<u8>)>;

fn take<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
    memory: &Memory,
) -> Result<(IncomingObjects, Seen), PackError> {
    let mut seen = Seen::new();
    let mut observer = |position, _: &ObjectId, kind, content: &[u8]| -> Result<(), Refusal> {
        let before = seen.insert(position, (kind, content.to_vec()));
        assert!(before.is_none(), "position {position} is shown twice");
        Ok(())
    };
    let mut parser = PackParser::new(limits);
    for piece in pieces {
        parser.feed(piece, memory, &mut observer)?;
    }
    let mut resolver = Resolver::new(parser.finish_input()?);
    let sources = Sources {
        store: memory,
        bases: memory,
    };
    while resolver.step(100_000, sources, memory, &mut observer)? == Step::More {}
    Ok((resolver.finish(), seen))
}

/// The lines that `git verify-pack -v` would print for a table, in pack order. (It gives a delta's
/// own size where the table has its object's: that number is left out for deltas.)
fn lines(table: &EntryTable) -> Vec<String> {
    let line = |entry: cairn::git::pack::entries::Entry| {
        let mut line = format!("{} {}", entry.id, entry.kind.unwrap());
        if entry.base == Base::None {
            write!(line, " {}", entry.size_bytes).unwrap();
        }
        write!(line, " {} {}", entry.stored_bytes, entry.offset).unwrap();
        if let Some(base_id) = table.base_id(entry.base) {
            write!(line, " {} {base_id}", entry.depth).unwrap();
        }
        line
    };
    table.entries.iter().map(line).collect()
}

/// The same lines as git prints them.
fn lines_of_git(directory: &Path, pack: &[u8]) -> Vec<String> {
    std::fs::write(directory.join("test.pack"), pack).unwrap();
    git(directory, &["index-pack", "test.pack"], b"");
    let printed = git(directory, &["verify-pack", "-v", "test.pack"], b"");
    let mut lines = Vec::new();
    for line in String::from_utf8(printed).unwrap().lines() {
        let mut words: Vec<_> = line.split_whitespace().collect();
        if words.len() < 5 || words[0].len() != 40 {
            continue;
        }
        let offset: u64 = words[4].parse().unwrap();
        if words.len() > 5 {
            words.remove(2);
        }
        lines.push((offset, words.join(" ")));
    }
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

/// All objects of a repository, as bases.
fn all_objects(directory: &Path) -> HashMap<ObjectId, ExternalBase> {
    let arguments = ["cat-file", "--batch", "--batch-all-objects"];
    let printed = git(directory, &arguments, b"");
    let mut rest = printed.as_slice();
    let mut objects = HashMap::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|&byte| byte == b'\n').unwrap();
        let header = String::from_utf8(rest[..end].to_vec()).unwrap();
        let words: Vec<_> = header.split(' ').collect();
        let size: usize = words[2].parse().unwrap();
        let kind = match words[1] {
            "commit" => ObjectKind::Commit,
            "tree" => ObjectKind::Tree,
            "blob" => ObjectKind::Blob,
            _ => ObjectKind::Tag,
        };
        let content = Rc::new(rest[end + 1..end + 1 + size].to_vec());
        let id = ObjectId::from_hex(words[0].as_bytes()).unwrap();
        objects.insert(
            id,
            ExternalBase {
                kind,
                content,
                depth: 0,
            },
        );
        rest = &rest[end + 2 + size..];
    }
    objects
}

/// The packs that git makes of a whole repository, by the options.
fn packs(directory: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let forms: [(&str, &[&str]); 4] = [
        ("ofs-deltas", &["--delta-base-offset"]),
        ("ref-deltas", &[]),
        ("no deltas", &["--window=0", "--no-reuse-delta"]),
        (
            "long chains",
            &[
                "--delta-base-offset",
                "--no-reuse-delta",
                "--depth=400",
                "--window=60",
            ],
        ),
    ];
    let pack = |options: &[&str]| {
        let arguments = [&["pack-objects", "-q", "--all", "--stdout"], options].concat();
        git(directory, &arguments, b"")
    };
    forms
        .into_iter()
        .map(|(name, options)| (name, pack(options)))
        .collect()
}

#[test]
fn every_form_of_pack_gives_the_table_that_git_sees() {
    let repository = repository(60, 600_000);
    let directory = repository.path();
    let all = all_objects(directory);
    for (name, pack) in packs(directory) {
        let expected = lines_of_git(directory, &pack);
        for base_cache_bytes in [16 << 20, 20_000, 0] {
            let limits = Limits {
                base_cache_bytes,
                ..Limits::DEFAULT
            };
            let memory = Memory::default();
            let (objects, seen) = take(pack.chunks(65_536), limits, &memory).unwrap();
            assert_eq!(
                lines(&objects.table),
                expected,
                "{name}, cache of {base_cache_bytes}"
            );
            check_contents(&objects.table, &seen, &all);
            assert!(objects.table.external_bases.is_empty());
            assert_bytes_are_kept(objects, &memory, &pack);
        }
    }
}

/// Sizes are those of the objects, and every commit, tree and tag was shown with its content.
fn check_contents(table: &EntryTable, seen: &Seen, all: &HashMap<ObjectId, ExternalBase>) {
    for (position, entry) in (0..).zip(table.entries.iter()) {
        let object = &all[&entry.id];
        assert_eq!(entry.size_bytes as usize, object.content.len());
        let shown = seen.get(&position).map(|(kind, content)| (*kind, content));
        let expected = (object.kind != ObjectKind::Blob).then_some((object.kind, &*object.content));
        assert_eq!(shown, expected);
    }
}

fn assert_bytes_are_kept(objects: IncomingObjects, memory: &Memory, pack: &[u8]) {
    let received = objects.pack.finish();
    assert_eq!(received.pack_bytes, pack.len() as u64);
    let mut kept = Vec::new();
    for number in 0..received.chunk_count {
        kept.extend_from_slice(&memory.chunk(PackId(1), number).unwrap());
    }
    kept.extend(received.tail);
    assert!(kept == pack);
}

#[test]
fn every_split_of_the_input_gives_the_same() {
    let repository = repository(12, 0);
    for (name, pack) in packs(repository.path()) {
        let limits = Limits {
            base_cache_bytes: 30_000,
            ..Limits::DEFAULT
        };
        let (whole, seen) = take([pack.as_slice()], limits, &Memory::default()).unwrap();
        let (by_byte, seen_by_byte) = take(pack.chunks(1), limits, &Memory::default()).unwrap();
        assert_eq!(by_byte.table.entries, whole.table.entries, "{name}");
        assert_eq!(seen_by_byte, seen, "{name}");
        for seed in 0..20 {
            let (mut numbers, mut pieces, mut rest) = (Numbers(seed), Vec::new(), pack.as_slice());
            while !rest.is_empty() {
                let length = usize::try_from(numbers.below(700)).unwrap().min(rest.len());
                let (piece, later) = rest.split_at(length);
                pieces.push(piece);
                rest = later;
            }
            let (split, seen_split) = take(pieces, limits, &Memory::default()).unwrap();
            assert_eq!(
                split.table.entries, whole.table.entries,
                "{name}, seed {seed}"
            );
            assert_eq!(seen_split, seen, "{name}, seed {seed}");
        }
    }
}

#[test]
fn thin_packs_find_their_bases_outside() {
    let repository = repository(80, 0);
    let directory = repository.path();
    let all = all_objects(directory);
    for option in ["--delta-base-offset", "--no-reuse-delta"] {
        let arguments = ["pack-objects", "-q", "--thin", "--revs", "--stdout", option];
        let pack = git(directory, &arguments, b"main\n^main~30\n");
        let sent: HashSet<ObjectId> = {
            let arguments = [
                "rev-list",
                "--objects",
                "--no-object-names",
                "main",
                "^main~30",
            ];
            let printed = String::from_utf8(git(directory, &arguments, b"")).unwrap();
            printed
                .lines()
                .map(|line| ObjectId::from_hex(line.as_bytes()).unwrap())
                .collect()
        };
        let mut memory = Memory::default();
        // Without the bases the pack is refused in git's words.
        let refusal = take([pack.as_slice()], Limits::DEFAULT, &memory)
            .err()
            .unwrap();
        assert!(refusal.to_string().starts_with("pack has "), "{refusal}");
        assert!(
            refusal.to_string().contains(" unresolved deltas"),
            "{refusal}"
        );

        let outside = all.iter().filter(|(id, _)| !sent.contains(*id));
        memory.bases = outside.map(|(id, base)| (*id, base.clone())).collect();
        let (objects, seen) = take([pack.as_slice()], Limits::DEFAULT, &memory).unwrap();
        let ids: HashSet<_> = objects.table.entries.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, sent);
        check_contents(&objects.table, &seen, &all);
        let external_bases = &objects.table.external_bases;
        assert!(external_bases.len() > 5);
        let distinct: HashSet<_> = external_bases.iter().collect();
        assert_eq!(distinct.len(), external_bases.len());
        assert!(distinct.iter().all(|id| memory.bases.contains_key(*id)));
    }
}

#[test]
fn content_of_any_object_can_be_read_again() {
    let repository = repository(40, 300_000);
    let directory = repository.path();
    let all = all_objects(directory);
    let (_, pack) = packs(directory).swap_remove(3);
    let limits = Limits {
        base_cache_bytes: 10_000,
        ..Limits::DEFAULT
    };
    let memory = Memory::default();
    let (mut objects, _) = take([pack.as_slice()], limits, &memory).unwrap();
    let sources = Sources {
        store: &memory,
        bases: &memory,
    };
    for (id, object) in &all {
        let position = objects.table.find(id).unwrap();
        let (kind, content) = objects.content(position, sources).unwrap();
        assert_eq!((kind, content), (object.kind, Rc::clone(&object.content)));
    }
}
