//! The objects that a merge reads and makes, in steps between which others get their turn.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::BStr;

use super::body::Branch;
use crate::git::compare::CompareError;
use crate::git::compare::history::CommonHistory;
use crate::git::content::lookup;
use crate::git::edit::new_objects::{NewObjectError, NewObjects, WithNew};
use crate::git::graph::commits::{CommitGraph, CommitNode};
use crate::git::limits::Limits;
use crate::git::merge::commits::{CommitMerge, CommitMergeError};
use crate::git::merge::replay::Replayed;
use crate::git::merge::tree::{MergedTree, TreeMerge, TreeMergeError};
use crate::git::object::ObjectKind;
use crate::git::store::ReadError;
use crate::repo_do::compare::merge_base::common_history;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::neighbour::asked::Neighbour;
use crate::repo_do::neighbour::asking::check_revision;
use crate::repo_do::neighbour::brought::BroughtPack;
use crate::repo_do::runtime::memory::Reservation;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::store::Store;
use crate::repo_do::write::refusal::{self, full};
use crate::repo_do::write::request::WriteRequest;

/// Bytes of the objects that one request makes.
const OBJECT_BYTES_MAX: u64 = 24 << 20;

/// Bytes that are reserved at once.
const RESERVED_BYTES: u64 = 4 << 20;

/// Bytes by which the room for merging one text grows.
const TEXT_ROOM_BYTES: u64 = 1 << 20;

/// Work between two pauses, in microseconds as a merge counts them.
const STEP_WORK: u64 = 15_000;

/// The objects that a request reads and makes.
pub(super) struct Workbench {
    pub(super) reading: Reading,
    pub(super) graph: Rc<CommitGraph>,
    pub(super) objects: NewObjects,
    pub(super) brought: Option<BroughtPack>,
    /// Where that is from.
    pub(super) neighbour: Option<Neighbour>,
    reserved_bytes: u64,
    /// Room for merging one text.
    text_room: Option<Reservation>,
    text_room_bytes: u64,
    /// Reservations of histories, kept for as long as the request.
    history_rooms: Vec<Reservation>,
    work: u64,
}

/// A merge that may be taken a step further.
pub(super) trait Stepped {
    /// Takes a step; `false` when all is done.
    fn step(&mut self, bench: &mut Workbench) -> Result<bool, CommitMergeError>;

    /// Memory that it holds.
    fn held_bytes(&self) -> usize;

    /// The work since this was asked last.
    fn take_work(&mut self) -> u64;

    /// Takes note of the bytes that there is room for while one text is merged.
    fn set_text_room(&mut self, bytes: u64);
}

impl Stepped for CommitMerge {
    fn step(&mut self, bench: &mut Workbench) -> Result<bool, CommitMergeError> {
        let stored = bench.reading.packs();
        Self::step(self, &*bench.graph, stored, &mut bench.objects)
    }

    fn held_bytes(&self) -> usize {
        Self::held_bytes(self)
    }

    fn take_work(&mut self) -> u64 {
        Self::take_work(self)
    }

    fn set_text_room(&mut self, bytes: u64) {
        Self::set_text_room(self, bytes);
    }
}

impl Stepped for TreeMerge {
    fn step(&mut self, bench: &mut Workbench) -> Result<bool, CommitMergeError> {
        Ok(Self::step(self, bench.reading.packs(), &mut bench.objects)?)
    }

    fn held_bytes(&self) -> usize {
        Self::held_bytes(self)
    }

    fn take_work(&mut self) -> u64 {
        Self::take_work(self)
    }

    fn set_text_room(&mut self, bytes: u64) {
        Self::set_text_room(self, bytes);
    }
}

impl Workbench {
    /// Takes the packs that are live now.
    pub(super) async fn begin(write: &WriteRequest) -> Result<Self, ErrorReply> {
        Self::begin_with(write, None).await
    }

    /// The same with objects of another repository, which become visible with the commits made of them.
    pub(super) async fn begin_with(
        write: &WriteRequest,
        brought: Option<BroughtPack>,
    ) -> Result<Self, ErrorReply> {
        let last = brought.as_ref().map(BroughtPack::record);
        let reading = write.reading_with(last).await?;
        // Before anything else is awaited: the packs' own graph.
        let graph = reading.graph()?;
        Ok(Self {
            reading,
            graph,
            brought,
            neighbour: None,
            objects: NewObjects::new(OBJECT_BYTES_MAX, &Limits::DEFAULT),
            reserved_bytes: 0,
            text_room: None,
            text_room_bytes: 0,
            history_rooms: Vec::new(),
            work: 0,
        })
    }

    /// The head of a branch that must exist. The guard must agree.
    pub(super) fn head(
        &self,
        branch: &Branch,
        guard: Option<ObjectId>,
    ) -> Result<ObjectId, ErrorReply> {
        head(self.reading.store(), branch, guard)
    }

    /// The commit of a revision that the caller may see.
    pub(super) async fn commit_of(
        &mut self,
        revision: &str,
        pointer: &str,
    ) -> Result<ObjectId, ErrorReply> {
        check_revision(revision, pointer)?;
        let missing = || {
            let message = "it names no commit in the repository";
            ErrorReply::at(ErrorCode::NotFound, pointer, message)
        };
        let id = self.reading.store().resolve(BStr::new(revision))?;
        let id = id.ok_or_else(missing)?;
        self.reading.check_visible(id, missing).await?;
        let found = self
            .reading
            .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
            .await?;
        let (id, _) = found.ok_or_else(missing)?;
        self.graph.lookup(&id)?.map(|_| id).ok_or_else(missing)
    }

    /// The place of a commit in the graph.
    pub(super) fn node(&self, commit: ObjectId) -> Result<CommitNode, ErrorReply> {
        let what = "a commit is not in the graph";
        let lost = || ReadError::Corrupt { id: commit, what };
        Ok(self.graph.lookup(&commit)?.ok_or_else(lost)?)
    }

    /// The tree of a commit in the graph.
    pub(super) fn tree(&self, commit: ObjectId) -> Result<ObjectId, ErrorReply> {
        Ok(self.graph.tree_id(self.node(commit)?)?)
    }

    /// Where two histories meet.
    pub(super) async fn common_history(
        &mut self,
        base: ObjectId,
        head: ObjectId,
    ) -> Result<CommonHistory, ErrorReply> {
        let (base, head) = (self.node(base)?, self.node(head)?);
        let (history, room) = common_history(&self.graph, base, &[head]).await?;
        self.history_rooms.push(room);
        Ok(history)
    }

    /// The tree of a commit: a stored one, or one that was made here.
    pub(super) async fn replayed(&mut self, commit: ObjectId) -> Result<Replayed, ErrorReply> {
        let objects = &self.objects;
        let read = self.reading.until(|packs| {
            let objects = WithNew::new(objects, packs);
            lookup::peel(&objects, commit, ObjectKind::Commit)
        });
        let what = "it is no commit";
        let lost = || ReadError::Corrupt { id: commit, what };
        let (_, content) = read.await?.ok_or_else(lost)?;
        Ok(Replayed::parse(commit, &content).map_err(|_| lost())?)
    }

    /// Takes all steps of a merge.
    pub(super) async fn run(&mut self, merge: &mut impl Stepped) -> Result<(), ErrorReply> {
        merge.set_text_room(self.text_room_bytes);
        loop {
            match self.step(merge).await? {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return Err(told(error)),
            }
            self.work = self.work.saturating_add(merge.take_work());
            if self.work >= STEP_WORK {
                self.work = 0;
                self.reserve(merge.held_bytes() as u64).await?;
                pause().await;
            }
        }
        // The new objects are packed next, and that takes room of its own.
        self.text_room = None;
        self.text_room_bytes = 0;
        Ok(())
    }

    /// Takes one step, again and again until no chunk that it needs is cold and there is room for it.
    async fn step(
        &mut self,
        merge: &mut impl Stepped,
    ) -> Result<Result<bool, CommitMergeError>, ErrorReply> {
        loop {
            let done = merge.step(self);
            if let Some(wanted) = done.as_ref().err().and_then(CommitMergeError::wanted_room) {
                self.make_text_room(wanted).await?;
                merge.set_text_room(self.text_room_bytes);
                continue;
            }
            let Some(chunk) = done.as_ref().err().and_then(CommitMergeError::cold) else {
                return Ok(done);
            };
            self.reading.fetch(chunk).await?;
        }
    }

    /// Reserves room for merging a text of so many bytes, unless there is enough.
    pub(super) async fn make_text_room(&mut self, wanted: u64) -> Result<(), ErrorReply> {
        if wanted <= self.text_room_bytes {
            return Ok(());
        }
        let pieces = wanted.div_ceil(TEXT_ROOM_BYTES);
        let bytes = pieces.saturating_mul(TEXT_ROOM_BYTES);
        self.reading.grow_room(&mut self.text_room, bytes).await?;
        self.text_room_bytes = bytes;
        Ok(())
    }

    /// Reserves the memory held beyond the reservation.
    async fn reserve(&mut self, merge_bytes: u64) -> Result<(), ErrorReply> {
        let held = self.objects.held_bytes().saturating_add(merge_bytes);
        while held > self.reserved_bytes {
            self.reading.reserve(RESERVED_BYTES).await?;
            self.reserved_bytes = self.reserved_bytes.saturating_add(RESERVED_BYTES);
        }
        Ok(())
    }

    /// Takes an object that was made.
    pub(super) fn add(
        &mut self,
        kind: ObjectKind,
        content: Vec<u8>,
    ) -> Result<ObjectId, ErrorReply> {
        self.objects.add(kind, content).map_err(full)
    }
}

/// The head of a branch that must exist. The guard must agree.
pub(super) fn head(
    store: &Store,
    branch: &Branch,
    guard: Option<ObjectId>,
) -> Result<ObjectId, ErrorReply> {
    let found = store.find_ref(branch.name.as_ref())?;
    let head = found.map(|found| found.target);
    if guard.is_some() && guard != head {
        return Err(refusal::moved("/expected_head", head));
    }
    head.ok_or_else(|| {
        let message = format!("there is no branch {}", branch.short);
        ErrorReply::at(ErrorCode::NotFound, branch.pointer, message)
    })
}

/// The error of a merge that cannot be made.
fn told(error: CommitMergeError) -> ErrorReply {
    let tree = match error {
        CommitMergeError::Tree(error) => error,
        CommitMergeError::Store(error) => return error.into(),
        CommitMergeError::NoCommit(_) => return ErrorReply::internal("merge", &error),
        CommitMergeError::Unrelated { .. } => {
            return ErrorReply::at(ErrorCode::Conflict, "/from", error.to_string());
        }
        CommitMergeError::TooManyBases { .. } => {
            return ErrorReply::new(ErrorCode::MemoryLimit, error.to_string());
        }
    };
    match tree {
        TreeMergeError::Read(error) | TreeMergeError::Compare(CompareError::Read(error)) => {
            error.into()
        }
        TreeMergeError::New(error @ NewObjectError::Collision { .. }) => full(error),
        TreeMergeError::New(_)
        | TreeMergeError::TooDeep(_)
        | TreeMergeError::TooLarge { .. }
        | TreeMergeError::NoRoom { .. }
        | TreeMergeError::Compare(
            CompareError::TooDeep(_)
            | CompareError::TreesTooLarge { .. }
            | CompareError::TooManyChanges { .. },
        ) => ErrorReply::new(ErrorCode::MemoryLimit, tree.to_string()),
        TreeMergeError::Facts(_)
        | TreeMergeError::Missing { .. }
        | TreeMergeError::Compare(CompareError::Missing(_)) => ErrorReply::internal("merge", &tree),
    }
}

/// The result of a merge whose steps were all taken.
pub(super) fn result(merged: Option<MergedTree>) -> Result<MergedTree, ErrorReply> {
    merged.ok_or_else(|| ErrorReply::new(ErrorCode::InternalError, "internal error"))
}
