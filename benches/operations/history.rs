//! A history and its packs, made from a seed without git: the same bytes on every machine, so
//! that they cost the same everywhere.
//!
//! Each commit changes two files of different folders. New versions of files and trees are deltas
//! on the versions before: in the same pack by distance, in an earlier one by id (a thin pack).
//! Git makes the newest version whole; with this order a reader that wants only the newest pays
//! more.

use std::fmt::Write as _;

use cairn::git::hash::{PackHasher, object_id};
use cairn::git::object::ObjectKind;
use cairn::git::pack::entry::{self, EntryKind, PACK_HEADER_BYTES};
use flate2::{Compress, Compression, FlushCompress};
use gix_hash::ObjectId;

const FOLDERS: usize = 12;
const FILES_IN_FOLDER: usize = 16;
const LINES_IN_FILE: usize = 60;

/// The deltas that may stand on each other, as with `git repack`.
const DEPTH_MAX: u32 = 50;

/// An object, and where it lies.
struct Version {
    id: ObjectId,
    content: Vec<u8>,
    pack: u32,
    offset: u64,
    depth: u32,
}

/// A repository that grows.
pub struct History {
    root: Version,
    folders: Vec<Folder>,
    tip: Option<ObjectId>,
    commits: u32,
    packs: u32,
    random: Random,
}

struct Folder {
    tree: Version,
    files: Vec<Version>,
}

impl History {
    /// Nothing yet.
    pub fn new() -> Self {
        let folder = |_| Folder {
            tree: Version::none(),
            files: (0..FILES_IN_FOLDER).map(|_| Version::none()).collect(),
        };
        Self {
            root: Version::none(),
            folders: (0..FOLDERS).map(folder).collect(),
            tip: None,
            commits: 0,
            packs: 0,
            random: Random::new(7),
        }
    }

    /// The latest commit.
    pub fn tip(&self) -> ObjectId {
        self.tip.expect("a pack was made")
    }

    /// The content of each tree, as it is now.
    pub fn trees(&self) -> Vec<&[u8]> {
        let folders = self.folders.iter().map(|folder| &*folder.tree.content);
        folders.chain([&*self.root.content]).collect()
    }

    /// Makes commits, and gives the pack that a push of them sends.
    pub fn grow(&mut self, commits: u32) -> Vec<u8> {
        let mut pack = Pack::new(self.packs);
        self.packs += 1;
        for _ in 0..commits {
            if self.tip.is_none() {
                for folder in 0..FOLDERS {
                    self.change(folder, &(0..FILES_IN_FOLDER).collect::<Vec<_>>(), &mut pack);
                }
            } else {
                let folder = self.random.below(FOLDERS);
                let other = (folder + 1 + self.random.below(FOLDERS - 1)) % FOLDERS;
                for folder in [folder, other] {
                    let file = self.random.below(FILES_IN_FOLDER);
                    self.change(folder, &[file], &mut pack);
                }
            }
            self.commit(&mut pack);
        }
        pack.finish()
    }

    /// New versions of these files, and of their folder's tree.
    fn change(&mut self, folder: usize, files: &[usize], pack: &mut Pack) {
        let Folder { tree, files: all } = &mut self.folders[folder];
        for &file in files {
            let changed = self.random.below(LINES_IN_FILE);
            let value = self.random.next();
            let old = &all[file].content;
            let content = text(folder * FILES_IN_FOLDER + file, changed, value, old);
            all[file] = pack.put(ObjectKind::Blob, content, &all[file]);
        }
        let named = all.iter().enumerate();
        let content = named.fold(Vec::new(), |mut content, (number, file)| {
            content.extend(format!("100644 file{number:02}.rs\0").as_bytes());
            content.extend(file.id.as_slice());
            content
        });
        *tree = pack.put(ObjectKind::Tree, content, tree);
    }

    fn commit(&mut self, pack: &mut Pack) {
        let mut content = Vec::new();
        for (number, folder) in self.folders.iter().enumerate() {
            content.extend(format!("40000 folder{number:02}\0").as_bytes());
            content.extend(folder.tree.id.as_slice());
        }
        self.root = pack.put(ObjectKind::Tree, content, &self.root);
        let content = commit(&self.root.id, self.tip, self.commits);
        self.commits += 1;
        let placed = pack.put(ObjectKind::Commit, content, &Version::none());
        self.tip = Some(placed.id);
    }
}

/// A commit's content, with a message as people write them.
pub fn commit(tree: &ObjectId, parent: Option<ObjectId>, number: u32) -> Vec<u8> {
    let mut text = format!("tree {tree}\n");
    if let Some(parent) = parent {
        writeln!(text, "parent {parent}").expect("memory");
    }
    let time = 1_600_000_000 + number * 600;
    for role in ["author", "committer"] {
        writeln!(text, "{role} A U Thor <author@example.com> {time} +0200").expect("memory");
    }
    let why = "What was there before did too much; this does what is asked for.";
    write!(text, "\nparser: change {number} of many\n\n{why}\n").expect("memory");
    text.into_bytes()
}

/// The lines of a file, one of them changed.
fn text(file: usize, changed: usize, value: u64, old: &[u8]) -> Vec<u8> {
    let old = String::from_utf8_lossy(old);
    let mut before = old.lines();
    let mut text = String::new();
    for line in 0..LINES_IN_FILE {
        match before.next().filter(|_| line != changed) {
            Some(kept) => writeln!(text, "{kept}"),
            None => writeln!(
                text,
                "    let line_{line} = file_{file}.read({:x})?;",
                value >> 40
            ),
        }
        .expect("memory");
    }
    text.into_bytes()
}

impl Version {
    fn none() -> Self {
        Self {
            id: ObjectId::null(gix_hash::Kind::Sha1),
            content: Vec::new(),
            pack: 0,
            offset: 0,
            depth: 0,
        }
    }
}

/// A pack that is being made.
struct Pack {
    number: u32,
    bytes: Vec<u8>,
    count: u32,
    compress: Compress,
}

impl Pack {
    fn new(number: u32) -> Self {
        Self {
            number,
            bytes: entry::write_pack(0).to_vec(),
            count: 0,
            compress: Compress::new(Compression::default(), true),
        }
    }

    /// Adds an object: as a delta on `old`, if that is there.
    fn put(&mut self, kind: ObjectKind, content: Vec<u8>, old: &Version) -> Version {
        let id = object_id(kind, &content).expect("no collision");
        let offset = self.bytes.len() as u64;
        let is_delta = !old.content.is_empty() && old.depth < DEPTH_MAX;
        let (entry_kind, payload) = if !is_delta {
            (EntryKind::Whole(kind), content.clone())
        } else if old.pack == self.number {
            let distance = offset - old.offset;
            let delta = delta(&old.content, &content);
            (EntryKind::OfsDelta { distance }, delta)
        } else {
            let delta = delta(&old.content, &content);
            (EntryKind::RefDelta { base_id: old.id }, delta)
        };
        entry::write(&entry_kind, payload.len() as u64, &mut self.bytes);
        self.bytes.extend(deflate(&mut self.compress, &payload));
        self.count += 1;
        Version {
            id,
            content,
            pack: self.number,
            offset,
            depth: if is_delta { old.depth + 1 } else { 0 },
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.bytes[..PACK_HEADER_BYTES].copy_from_slice(&entry::write_pack(self.count));
        let mut hasher = PackHasher::default();
        hasher.update(&self.bytes);
        self.bytes.extend(hasher.finish());
        self.bytes
    }
}

/// The zlib stream of these bytes.
pub fn deflate(compress: &mut Compress, bytes: &[u8]) -> Vec<u8> {
    compress.reset();
    let mut deflated = Vec::with_capacity(bytes.len() + 64);
    compress
        .compress_vec(bytes, &mut deflated, FlushCompress::Finish)
        .expect("room for what does not shrink");
    deflated
}

/// The delta that copies the common beginning and end, and inserts the part between.
fn delta(base: &[u8], result: &[u8]) -> Vec<u8> {
    let alike = |(one, other): &(&u8, &u8)| one == other;
    let head = std::iter::zip(base, result).take_while(alike).count();
    let (base_rest, rest) = (&base[head..], &result[head..]);
    let tail = std::iter::zip(base_rest.iter().rev(), rest.iter().rev());
    let tail = tail.take_while(alike).count();
    let mut delta = Vec::new();
    size(base.len(), &mut delta);
    size(result.len(), &mut delta);
    copy(0, head, &mut delta);
    for piece in rest[..rest.len() - tail].chunks(127) {
        delta.push(u8::try_from(piece.len()).expect("at most 127"));
        delta.extend(piece);
    }
    copy(base.len() - tail, tail, &mut delta);
    delta
}

/// A size in a delta: seven bits a byte, the lowest first.
fn size(mut size: usize, delta: &mut Vec<u8>) {
    while size > 0x7f {
        delta.push(u8::try_from(size & 0x7f).expect("seven bits") | 0x80);
        size >>= 7;
    }
    delta.push(u8::try_from(size).expect("seven bits"));
}

/// A copy of at most 16 MiB, with all seven bytes of its place and length.
pub fn copy(offset: usize, length: usize, delta: &mut Vec<u8>) {
    if length > 0 {
        delta.push(0xff);
        delta.extend(&u32::try_from(offset).expect("small").to_le_bytes());
        delta.extend(&u32::try_from(length).expect("small").to_le_bytes()[..3]);
    }
}

/// Knuth's generator of 64 bits, of which the upper ones are good.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        self.0
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from((self.next() >> 33) % end as u64).expect("below a usize")
    }
}
