//! Trees edited at random, beside the trees that `git fast-import` and `git update-index` make of
//! the same edits.

use std::collections::BTreeMap;
use std::io::Write as _;

use cairn::git::edit::change::{Action, Change, ChangeFault, EditError, Object};
use cairn::git::edit::plan::plan;
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use crate::memory::Memory;
use crate::refused_trees::put;
use crate::support::history::Random;
use crate::support::scratch::Scratch;

/// Names whose order as files and as directories differs, and names that have to be quoted.
const NAMES: [&[u8]; 10] = [
    b"a",
    b"b",
    b"a.b",
    b"a-",
    b"ab",
    b"a0",
    b"\xff\xfe",
    "\u{e9}".as_bytes(),
    b"a b",
    b"q\"\n\t",
];

/// Files of a tree by path: the model.
type Files = BTreeMap<Vec<u8>, (EntryKind, ObjectId)>;

/// One request and its result.
struct Made {
    deleted: Vec<Vec<u8>>,
    /// In order: files put, and files moved (a moved directory, file by file).
    put: Vec<(Vec<u8>, EntryKind, ObjectId)>,
    tree: ObjectId,
}

#[test]
fn two_thousand_random_edits_give_the_trees_that_fast_import_gives() {
    compare_with_fast_import(1, 2_000);
}

#[test]
#[ignore = "a longer run, by name"]
fn fifty_thousand_random_edits_give_the_trees_that_fast_import_gives() {
    for seed in 2..27 {
        compare_with_fast_import(seed, 2_000);
    }
}

#[test]
fn random_edits_give_the_trees_that_update_index_gives() {
    let scratch = Scratch::new();
    let git = scratch.repository("index");
    let mut edits = Edits::new(7);
    for _ in 0..60 {
        let before = edits.files.clone();
        let Some(made) = edits.edit() else { continue };
        git.run_with(&["read-tree", "--empty"], b"");
        let mut info = Vec::new();
        for (path, (kind, id)) in &before {
            index_line(&mut info, Some((*kind, *id)), path);
        }
        for gone in &made.deleted {
            for path in before.keys().filter(|path| is_at_or_below(path, gone)) {
                index_line(&mut info, None, path);
            }
        }
        for (path, kind, id) in &made.put {
            index_line(&mut info, Some((*kind, *id)), path);
        }
        git.run_with(
            &["update-index", "--add", "--replace", "-z", "--index-info"],
            &info,
        );
        let tree = git.run(&["write-tree", "--missing-ok"]);
        assert_eq!(tree, made.tree.to_string(), "{before:?}");
    }
}

fn index_line(info: &mut Vec<u8>, entry: Option<(EntryKind, ObjectId)>, path: &[u8]) {
    match entry {
        Some((kind, id)) => write!(info, "{:o} {id}\t", kind as u16).unwrap(),
        None => write!(info, "0 {}\t", ObjectId::null(gix_hash::Kind::Sha1)).unwrap(),
    }
    info.extend_from_slice(path);
    info.push(0);
}

/// Edits trees, one after the other, and has one process of git do the same.
fn compare_with_fast_import(seed: u64, requests: u32) {
    let scratch = Scratch::new();
    let git = scratch.repository("import");
    let mut edits = Edits::new(seed);
    let mut stream = Vec::new();
    let mut trees = Vec::new();
    let mut refused = 0;
    for content in &edits.blobs {
        writeln!(stream, "blob\ndata {}", content.len()).unwrap();
        stream.extend_from_slice(content);
        stream.push(b'\n');
    }
    while trees.len() < requests as usize {
        let Some(made) = edits.edit() else {
            refused += 1;
            continue;
        };
        writeln!(
            stream,
            "commit refs/heads/main\ncommitter A <a> {} +0000\ndata 0\n",
            1_700_000_000 + trees.len()
        )
        .unwrap();
        for path in &made.deleted {
            stream.extend_from_slice(b"D ");
            quote(&mut stream, path);
        }
        for (path, kind, id) in &made.put {
            write!(stream, "M {:o} {id} ", *kind as u16).unwrap();
            quote(&mut stream, path);
        }
        trees.push(made.tree.to_string());
    }
    git.run_with(&["fast-import", "--quiet"], &stream);
    let theirs = git.run(&["log", "--reverse", "--format=%T", "main"]);
    for (number, (ours, theirs)) in trees.iter().zip(theirs.lines()).enumerate() {
        assert_eq!(ours, theirs, "seed {seed}, edit {number}");
    }
    assert_eq!(trees.len(), theirs.lines().count());
    assert!(refused < requests, "{refused} of {requests} were refused");
}

/// As fast-import reads a path in quotes.
fn quote(stream: &mut Vec<u8>, path: &[u8]) {
    stream.push(b'"');
    for byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' => stream.push(*byte),
            _ => write!(stream, "\\{byte:03o}").unwrap(),
        }
    }
    stream.extend_from_slice(b"\"\n");
}

fn is_at_or_below(path: &[u8], directory: &[u8]) -> bool {
    let rest = path.strip_prefix(directory);
    rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// A tree that is edited at random.
struct Edits {
    random: Random,
    memory: Memory,
    blobs: Vec<Vec<u8>>,
    blob_ids: Vec<ObjectId>,
    files: Files,
    tree: Option<ObjectId>,
}

impl Edits {
    fn new(seed: u64) -> Self {
        let mut memory = Memory::new();
        let blobs: Vec<Vec<u8>> = (0..40)
            .map(|n| format!("blob {n}\n").into_bytes())
            .collect();
        let add = |content: &Vec<u8>| {
            memory
                .objects
                .add(ObjectKind::Blob, content.clone())
                .unwrap()
        };
        Self {
            blob_ids: blobs.iter().map(add).collect(),
            blobs,
            random: Random(seed),
            memory,
            files: Files::new(),
            tree: None,
        }
    }

    /// Makes one request of one to six changes; `None` when it is refused, as it has to be then.
    fn edit(&mut self) -> Option<Made> {
        let changes: Vec<Change> = (0..=self.random.below(6)).map(|_| self.change()).collect();
        let planned = plan(&self.memory, self.tree, changes.clone(), &Limits::DEFAULT);
        let planned = match planned {
            Ok(planned) => planned,
            Err(EditError::Change { index, fault, .. }) => {
                self.check_refusal(&changes, index, &fault);
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let trees = planned.trees();
        let mut written = 0;
        let objects = &mut self.memory.objects;
        let write = |content| {
            written += 1;
            objects.add(ObjectKind::Tree, content)
        };
        let tree = planned.finish(&self.blob_ids, write).unwrap();
        assert_eq!(trees, written, "the plan counts its trees");
        let made = self.apply(&changes, tree);
        self.tree = Some(tree);
        Some(made)
    }

    /// The model: the files after the changes.
    fn apply(&mut self, changes: &[Change], tree: ObjectId) -> Made {
        let before = self.files.clone();
        let (mut deleted, mut put) = (Vec::new(), Vec::new());
        for change in changes {
            let path = change.path.to_vec();
            match &change.action {
                Action::Delete => deleted.push(path),
                Action::Put { kind, object } => {
                    let kept = before.get(&path).map(|(kind, _)| *kind);
                    let kept = kept.filter(|kind| *kind != EntryKind::Commit);
                    let kind = kind.or(kept).unwrap_or(EntryKind::Blob);
                    put.push((path, kind, self.id(*object)));
                }
                Action::Move { from, kind, object } => {
                    for (at, (was, id)) in before.range(from.to_vec()..) {
                        if is_at_or_below(at, from) {
                            let moved = [&path, &at[from.len()..]].concat();
                            let id = object.map_or(*id, |object| self.id(object));
                            put.push((moved, kind.unwrap_or(*was), id));
                        }
                    }
                    deleted.push(from.to_vec());
                }
            }
        }
        let is_put = |change: &&Change| change.action != Action::Delete;
        let targets = changes
            .iter()
            .filter(is_put)
            .map(|change| change.path.to_vec());
        let targets: Vec<_> = targets.collect();
        self.files.retain(|path, _| {
            let stands =
                |target: &Vec<u8>| !is_at_or_below(path, target) && !is_at_or_below(target, path);
            !deleted.iter().any(|gone| is_at_or_below(path, gone)) && targets.iter().all(stands)
        });
        for (path, kind, id) in &put {
            self.files.insert(path.clone(), (*kind, *id));
        }
        // A moved directory takes the place of all that stood there, as a file does.
        deleted.extend(targets);
        Made { deleted, put, tree }
    }

    fn id(&self, object: Object) -> ObjectId {
        match object {
            Object::Known(id) => id,
            Object::Later(number) => self.blob_ids[number as usize],
        }
    }

    /// Makes sure that the request really has the fault.
    fn check_refusal(&self, changes: &[Change], index: usize, fault: &ChangeFault) {
        let own = &changes[index];
        match fault {
            ChangeFault::NothingThere { path } => {
                assert!(
                    !self.files.keys().any(|file| is_at_or_below(file, path)),
                    "{path}"
                );
            }
            ChangeFault::Twice { path, other } => {
                assert!(names(own, path) && names(&changes[*other], path), "{path}");
            }
            ChangeFault::Inside { path, above, other } => {
                assert!(is_at_or_below(path, above) && path != above);
                assert!(names(own, path) && names(&changes[*other], above), "{path}");
            }
            ChangeFault::MovedAsItIs { from, .. } => {
                let file = self.files.get(&from.to_vec());
                assert!(
                    file.is_none_or(|(kind, _)| *kind == EntryKind::Commit),
                    "{from}"
                );
            }
            other => panic!("change {index}: {other}"),
        }
    }

    fn change(&mut self) -> Change {
        let path = self.path();
        let object = self.object();
        let action = match self.random.below(10) {
            0..5 => self.put(object),
            5..7 => Action::Delete,
            _ => {
                let is_changed = self.random.percent(20);
                Action::Move {
                    from: self.standing(),
                    kind: is_changed.then_some(EntryKind::BlobExecutable),
                    object: self.random.percent(20).then_some(object),
                }
            }
        };
        let path = match action {
            Action::Delete => self.standing(),
            _ => path,
        };
        Change { path, action }
    }

    fn put(&mut self, object: Object) -> Action {
        let kind = match self.random.below(8) {
            0 => Some(EntryKind::Blob),
            1 => Some(EntryKind::BlobExecutable),
            2 => Some(EntryKind::Link),
            3 => {
                let commit = ObjectId::try_from(&[7_u8; 20][..]).unwrap();
                return Action::Put {
                    kind: Some(EntryKind::Commit),
                    object: Object::Known(commit),
                };
            }
            _ => None,
        };
        Action::Put { kind, object }
    }

    fn object(&mut self) -> Object {
        let number = self.random.below(self.blob_ids.len());
        if self.random.percent(30) {
            Object::Known(self.blob_ids[number])
        } else {
            Object::Later(u32::try_from(number).unwrap())
        }
    }

    /// Where something stands, mostly; sometimes a directory.
    fn standing(&mut self) -> BString {
        if self.files.is_empty() || self.random.percent(5) {
            return self.path();
        }
        let number = self.random.below(self.files.len());
        let path = self.files.keys().nth(number).unwrap();
        let end = path.iter().rposition(|byte| *byte == b'/');
        match end.filter(|_| self.random.percent(25)) {
            Some(end) => path[..end].into(),
            None => path.clone().into(),
        }
    }

    fn path(&mut self) -> BString {
        let names = (0..=self.random.below(4)).map(|_| NAMES[self.random.below(NAMES.len())]);
        names.collect::<Vec<_>>().join(&b'/').into()
    }
}

fn names(change: &Change, path: &BString) -> bool {
    let from = match &change.action {
        Action::Move { from, .. } => from == path,
        _ => false,
    };
    from || change.path == *path
}

#[test]
fn an_edit_reads_and_writes_the_changed_directories_alone() {
    let mut memory = Memory::new();
    let blob = memory.objects.add(ObjectKind::Blob, b"x".to_vec()).unwrap();
    let paths = (0..40_000).map(|n| format!("d{}/d{}/f{n}", n % 40, n % 1000));
    let changes = paths.map(put).collect();
    let planned = plan(&memory, None, changes, &Limits::DEFAULT).unwrap();
    let objects = &mut memory.objects;
    let root = planned.finish(&[blob], |content| objects.add(ObjectKind::Tree, content));
    memory.reads.set(0);
    let planned = plan(
        &memory,
        Some(root.unwrap()),
        vec![put("d1/d1/f1")],
        &Limits::DEFAULT,
    );
    assert_eq!((memory.reads.get(), planned.unwrap().trees()), (3, 3));
}
