//! Lines passed from commits to their parents (`assign_blame` and `pass_blame` of git's `blame.c`).

use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};
use gix_object::tree::EntryKind;

use super::super::compare::text::TextDiff;
use super::super::content::lookup::TreePath;
use super::super::content::places::PathPlaces;
use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::limits::Limits;
use super::super::store::{ObjectSource, ReadError, Shared, StoreError};
use super::error::BlameError;
use super::parents::{Blob, RenameSearch, SamePath, Searched};
use super::runs::{Run, pass};
use super::text::{read_text, text_bytes};

/// How much more a byte of a text costs to compare than a byte of a tree to read.
const TEXT_FACTOR: u64 = 8;

/// A file in a commit: the path by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileAt {
    /// The commit.
    pub node: CommitNode,
    path: usize,
}

/// Lines that come from one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blamed {
    /// The lines.
    pub run: Run,
    /// The file that they come from.
    pub file: FileAt,
    /// The version before that, in the first parent that has one.
    pub previous: Option<FileAt>,
}

/// The lines that a file in a commit has to answer for.
#[derive(Debug)]
struct Suspect {
    blob: Blob,
    runs: Vec<Run>,
}

/// A suspect that is looked at.
#[derive(Debug)]
struct Work {
    file: FileAt,
    suspect: Suspect,
    parents: Vec<CommitNode>,
    /// By parent: the file there that it is compared with.
    olders: Vec<Option<(FileAt, Blob)>>,
    stage: Stage,
    previous: Option<FileAt>,
}

#[derive(Debug)]
enum Stage {
    /// The file is looked up in all parents.
    LookUp,
    /// Some parents do not have it; the walk looks for the name that it had there: their numbers, the last
    /// first.
    Renames(Vec<usize>, Option<Box<RenameSearch>>),
    /// It is compared with the parent of this number.
    Compare(usize),
}

/// Finds where lines come from.
#[derive(Debug)]
pub struct Blame {
    graph: Rc<CommitGraph>,
    limits: Limits,
    paths: Vec<(BString, PathPlaces)>,
    path_numbers: HashMap<BString, usize>,
    /// Files with lines to answer for, the highest generation first.
    queue: BinaryHeap<(u32, FileAt)>,
    suspects: BTreeMap<FileAt, Suspect>,
    work: Option<Work>,
    found: Vec<Blamed>,
    /// The text that was read last: the next version to be compared, mostly.
    text: Option<(ObjectId, Shared)>,
    worked_bytes: u64,
}

impl Blame {
    /// Blames nothing yet.
    pub fn new(graph: Rc<CommitGraph>, limits: &Limits) -> Self {
        Self {
            graph,
            limits: *limits,
            paths: Vec::new(),
            path_numbers: HashMap::new(),
            queue: BinaryHeap::new(),
            suspects: BTreeMap::new(),
            work: None,
            found: Vec::new(),
            text: None,
            worked_bytes: 0,
        }
    }

    /// Takes lines of the file at a path of a commit; `false` if there is no such file.
    pub fn add(
        &mut self,
        objects: &impl ObjectSource,
        (node, path): (CommitNode, &BStr),
        runs: &[Run],
    ) -> Result<bool, ReadError> {
        let tree = self.graph.tree_id(node)?;
        let number = self.path_number(path);
        let Some((_, places)) = self.paths.get_mut(number) else {
            return Ok(false);
        };
        let Some(blob) = places.at(objects, tree)?.filter(|blob| is_file(*blob)) else {
            return Ok(false);
        };
        let file = FileAt { node, path: number };
        let lines = runs.iter().filter(|run| run.lines > 0);
        self.suspect(file, blob, lines.copied().collect())?;
        Ok(true)
    }

    /// Bytes that the next step holds.
    pub fn step_bytes(&self, objects: &impl ObjectSource) -> Result<u64, BlameError> {
        let Some(work) = &self.work else {
            return Ok(0);
        };
        match &work.stage {
            Stage::LookUp | Stage::Renames(_, None) => Ok(0),
            Stage::Renames(_, Some(search)) => Ok(search.needed_bytes()),
            Stage::Compare(at) => {
                let Some((_, older)) = work.olders.get(*at).copied().flatten() else {
                    return Ok(0);
                };
                let own = text_bytes(objects, work.suspect.blob.1, &self.limits)?;
                let old = text_bytes(objects, older.1, &self.limits)?;
                Ok(own.saturating_add(old))
            }
        }
    }

    /// The path of a file.
    pub fn path(&self, file: FileAt) -> &BStr {
        let path = self.paths.get(file.path);
        path.map_or(BStr::new(""), |(path, _)| path.as_bstr())
    }

    /// The graph whose nodes it gives.
    pub fn graph(&self) -> &CommitGraph {
        &self.graph
    }

    /// A measure of the work that was done, in bytes of trees that could have been read instead.
    pub fn worked_bytes(&self) -> u64 {
        let places = self.paths.iter().map(|(_, places)| places.read_bytes());
        let search = match self.work.as_ref().map(|work| &work.stage) {
            Some(Stage::Renames(_, Some(search))) => search.read_bytes(),
            _ => 0,
        };
        self.worked_bytes
            .saturating_add(places.sum())
            .saturating_add(search)
    }

    /// The lines that were found, in order; those that are one run in both texts stand together.
    pub fn found(&self) -> Vec<Blamed> {
        let mut all = self.found.clone();
        all.sort_unstable_by_key(|blamed| blamed.run.line);
        all.dedup_by(|next, before| {
            let follows = |start: u32, next: u32| start.saturating_add(before.run.lines) == next;
            let is_one = before.file == next.file
                && follows(before.run.line, next.run.line)
                && follows(before.run.original, next.run.original);
            if is_one {
                before.run.lines = before.run.lines.saturating_add(next.run.lines);
            }
            is_one
        });
        all
    }

    /// The lines whose origin is not found yet, with the files at which they stand.
    pub fn left(&self) -> impl Iterator<Item = (FileAt, &[Run])> {
        let at_work = self.work.iter().map(|work| (work.file, &work.suspect));
        let waiting = self.suspects.iter().map(|(file, suspect)| (*file, suspect));
        let all = at_work.chain(waiting);
        all.map(|(file, suspect)| (file, suspect.runs.as_slice()))
    }

    /// Whether no file is at work. Only then may a walk be given up and taken on from its rest: a file at
    /// work would have to begin again, and might be given up again.
    pub fn is_between_files(&self) -> bool {
        self.work.is_none()
    }

    /// Does a piece of the work; `false` when all is found. After an error the same can be asked again.
    pub fn step(&mut self, objects: &impl ObjectSource) -> Result<bool, BlameError> {
        let Some(mut work) = self.work.take() else {
            return self.begin();
        };
        let done = self.go_on(objects, &mut work);
        if matches!(done, Ok(true)) {
            let (file, previous) = (work.file, work.previous);
            self.found
                .extend(work.suspect.runs.iter().map(|run| Blamed {
                    run: *run,
                    file,
                    previous,
                }));
        } else {
            self.work = Some(work);
        }
        done.map(|_| true)
    }

    /// Takes the next suspect.
    fn begin(&mut self) -> Result<bool, BlameError> {
        let Some((_, file)) = self.queue.peek().copied() else {
            return Ok(false);
        };
        let mut parents = Vec::new();
        self.graph.parents(file.node, &mut parents)?;
        self.queue.pop();
        if let Some(suspect) = self.suspects.remove(&file) {
            self.work = Some(Work {
                file,
                suspect,
                olders: vec![None; parents.len()],
                parents,
                stage: Stage::LookUp,
                previous: None,
            });
        }
        Ok(true)
    }

    /// Whether the lines that the suspect still has are its own.
    fn go_on(&mut self, objects: &impl ObjectSource, work: &mut Work) -> Result<bool, BlameError> {
        match &mut work.stage {
            Stage::LookUp => self.look_up(objects, work),
            Stage::Renames(missing, search) => {
                let Some(at) = missing.last().copied() else {
                    work.stage = Stage::Compare(0);
                    return Ok(false);
                };
                let parent = *work.parents.get(at).ok_or_else(lost)?;
                let trees = (
                    self.graph.tree_id(parent)?,
                    self.graph.tree_id(work.file.node)?,
                );
                let path = self.paths.get(work.file.path).map(|(path, _)| path.clone());
                let search = search.get_or_insert_with(|| {
                    let path = path.unwrap_or_default();
                    Box::new(RenameSearch::new(path, trees.0, trees.1, &self.limits))
                });
                let Searched::Found(found) = search.step(objects)? else {
                    return Ok(false);
                };
                self.worked_bytes = self.worked_bytes.saturating_add(search.read_bytes());
                missing.pop();
                work.stage = Stage::Renames(std::mem::take(missing), None);
                if let Some((path, blob)) = found.filter(|(_, blob)| is_file(*blob)) {
                    let path = self.path_number(path.as_bstr());
                    let older = FileAt { node: parent, path };
                    return self.note_older(work, at, (older, blob));
                }
                Ok(false)
            }
            Stage::Compare(at) => {
                let at = *at;
                if at >= work.olders.len() || work.suspect.runs.is_empty() {
                    return Ok(true);
                }
                if let Some((older, blob)) = work.olders.get(at).copied().flatten() {
                    self.compare(objects, work, older, blob)?;
                    work.previous = work.previous.or(Some(older));
                }
                work.stage = Stage::Compare(at.saturating_add(1));
                Ok(false)
            }
        }
    }

    /// Looks the file up in all parents. Until all are read nothing has changed.
    fn look_up(
        &mut self,
        objects: &impl ObjectSource,
        work: &mut Work,
    ) -> Result<bool, BlameError> {
        let mut missing = Vec::new();
        let mut found = Vec::with_capacity(work.parents.len());
        for (at, parent) in work.parents.iter().enumerate() {
            let tree = self.graph.tree_id(*parent)?;
            let (_, places) = self.paths.get_mut(work.file.path).ok_or_else(lost)?;
            match SamePath::of(places.at(objects, tree)?, work.suspect.blob.0) {
                SamePath::File(blob) => {
                    found.push((at, *parent, blob));
                    if blob.1 == work.suspect.blob.1 {
                        break;
                    }
                }
                SamePath::OtherType => {}
                SamePath::Nothing => missing.push(at),
            }
        }
        missing.reverse();
        work.stage = Stage::Renames(missing, None);
        for (at, node, blob) in found {
            let path = work.file.path;
            if self.note_older(work, at, (FileAt { node, path }, blob))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Notes the file of a parent; passes all lines on if it is the same. Another parent that has the
    /// same version does for both.
    fn note_older(
        &mut self,
        work: &mut Work,
        at: usize,
        (older, blob): (FileAt, Blob),
    ) -> Result<bool, BlameError> {
        if blob.1 == work.suspect.blob.1 {
            self.suspect(older, blob, std::mem::take(&mut work.suspect.runs))?;
            return Ok(true);
        }
        let before = work.olders.get(..at).unwrap_or_default();
        let is_there = before.iter().flatten().any(|(_, other)| other.1 == blob.1);
        if !is_there && let Some(place) = work.olders.get_mut(at) {
            *place = Some((older, blob));
        }
        Ok(false)
    }

    /// Passes the lines on that an older version has.
    fn compare(
        &mut self,
        objects: &impl ObjectSource,
        work: &mut Work,
        older: FileAt,
        blob: Blob,
    ) -> Result<(), BlameError> {
        let own = self.text_of(objects, work.suspect.blob.1)?;
        let old = self.text_of(objects, blob.1)?;
        let bytes = (own.len() as u64).saturating_add(old.len() as u64);
        let worked = bytes.saturating_mul(TEXT_FACTOR);
        self.worked_bytes = self.worked_bytes.saturating_add(worked);
        let difference = TextDiff::new(old, own, 0);
        let (passed, kept) = pass(&work.suspect.runs, &difference.changes);
        self.suspect(older, blob, passed)?;
        work.suspect.runs = kept;
        Ok(())
    }

    fn text_of(&mut self, objects: &impl ObjectSource, id: ObjectId) -> Result<Shared, BlameError> {
        if let Some((_, text)) = self.text.as_ref().filter(|(known, _)| *known == id) {
            return Ok(Rc::clone(text));
        }
        let text = read_text(objects, id, &self.limits)?;
        self.text = Some((id, Rc::clone(&text)));
        Ok(text)
    }

    /// Makes a file answer for lines.
    fn suspect(&mut self, file: FileAt, blob: Blob, runs: Vec<Run>) -> Result<(), StoreError> {
        if runs.is_empty() {
            return Ok(());
        }
        if let Some(suspect) = self.suspects.get_mut(&file) {
            suspect.runs.extend(runs);
            return Ok(());
        }
        self.queue.push((self.graph.generation(file.node)?, file));
        self.suspects.insert(file, Suspect { blob, runs });
        Ok(())
    }

    fn path_number(&mut self, path: &BStr) -> usize {
        if let Some(number) = self.path_numbers.get(path) {
            return *number;
        }
        let number = self.paths.len();
        let places = PathPlaces::new(TreePath::new(path));
        self.paths.push((path.to_owned(), places));
        self.path_numbers.insert(path.to_owned(), number);
        number
    }
}

fn is_file((kind, _): Blob) -> bool {
    !matches!(kind, EntryKind::Tree | EntryKind::Commit)
}

/// A number of a parent or of a path that was not given out.
fn lost() -> BlameError {
    let what = "commit graph";
    StoreError::Corrupt {
        what,
        pack: u32::MAX,
    }
    .into()
}
