//! The files of a commit that go through Git LFS: their bytes go to R2, and the commit gets their
//! pointers.
//!
//! An object is the repository's before the commit that names it is made. If the commit fails then, it leaves
//! objects that no pointer names; upkeep prunes them as it does those of a push that never
//! came.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::draft::{Draft, NamedObject, invalid};
use super::ground::Ground;
use super::large_content::{Ended, LargeContent};
use super::marks::{Contents, content_of, marked};
use crate::git::lfs::{LfsOid, Pointer};
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{Access, ErrorCode, ErrorReply};
use crate::repo_do::lfs::arrival::Arrival;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::readers::{Purpose, Reader};
use crate::repo_do::state::store::Store;
use crate::repo_do::write::pack_maker::PackMaker;
use crate::repo_do::write::refusal;
use crate::repo_do::write::request::WriteRequest;
use crate::storage::repository::store::RepositoryRecord;

/// Files of one commit that go through Git LFS. Each is a request to R2, and one request to Cairn may
/// make a thousand of them.
pub(super) const LARGE_FILES_MAX: usize = 400;

/// After how many seconds a commit whose object was pruned is worth another try.
const RETRY_SECONDS: u32 = 2;

/// Bytes of content that are hashed between two pauses: some milliseconds of CPU.
const STEP_BYTES: usize = 1 << 20;

/// The files that go through Git LFS, once it is decided.
pub(super) struct LargeFiles {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    authorized: Authorized,
    /// The tree that it was decided for: the parent's.
    decided_for: Option<ObjectId>,
    contents: Contents,
    /// Whether a content goes through Git LFS, by its number.
    marked: Vec<bool>,
    /// The pointer that stands for it, once it has gone.
    pointers: Vec<Option<Pointer>>,
    /// Where errors about the branch point to.
    branch: String,
}

/// A file of which the commit has a pointer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownFile {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_base64: Option<String>,
    oid: String,
    size: u64,
}

impl LargeFiles {
    /// Decides which contents go through Git LFS. Those that came with the draft go at once, and
    /// their pointers take their places. `None` for a draft that does not ask for it.
    pub(super) async fn of(
        write: &WriteRequest,
        draft: &mut Draft,
    ) -> Result<Option<Self>, ErrorReply> {
        if !draft.lfs && draft.named.is_empty() {
            return Ok(None);
        }
        let contents = Contents::of(draft);
        let mut large = Self {
            object: Rc::clone(&write.object),
            store: Rc::clone(&write.store),
            authorized: write.authorized.clone(),
            decided_for: None,
            marked: Vec::new(),
            pointers: vec![None; contents.count],
            contents,
            branch: format!("{}/branch", draft.pointer),
        };
        large.take_named(draft)?;
        if draft.lfs {
            let mut reading = write.reading().await?;
            let ground = Ground::find(write, draft, &mut reading).await?;
            large.decided_for = ground.tree;
            large.marked = marked((write, draft), &large.contents, &ground, &mut reading).await?;
            drop(reading);
            large.check_count(draft)?;
            large.send_given(draft).await?;
        }
        Ok(Some(large))
    }

    /// Makes sure that the decisions hold for this ground as well, and that no object was pruned meanwhile;
    /// while its result is kept, none is.
    pub(super) async fn confirm(
        &self,
        write: &WriteRequest,
        draft: &Draft,
        (ground, reading): (&Ground, &mut Reading),
    ) -> Result<Reader, ErrorReply> {
        if draft.lfs && ground.tree != self.decided_for {
            let decided = marked((write, draft), &self.contents, ground, reading).await?;
            if decided != self.marked {
                let guard = format!("{}/expected_head", draft.pointer);
                return Err(refusal::moved(&guard, ground.head));
            }
        }
        let reader = self.object.readers.enter(Purpose::Push, now_ms());
        let mut seen = HashSet::new();
        for Pointer { oid, .. } in self.pointers.iter().flatten() {
            if seen.insert(oid) && self.store.stored_lfs_object(oid)?.is_none() {
                let message = format!("object {oid} was removed meanwhile: send the request again");
                return Err(ErrorReply::busy(RETRY_SECONDS, message));
            }
        }
        Ok(reader)
    }

    /// Whether a content that will come goes through Git LFS.
    pub(super) fn is_marked(&self, number: usize) -> bool {
        self.marked.get(number).copied().unwrap_or_default()
    }

    /// Sends a content that has come; gives the content that the commit gets in its place.
    pub(super) async fn send(
        &mut self,
        number: usize,
        content: LargeContent,
        maker: &mut PackMaker,
    ) -> Result<Vec<u8>, ErrorReply> {
        let (pointer, ended) = content.end(maker)?;
        let content = match ended {
            Ended::Held(content) if is_kept(&content) => return Ok(content),
            ended => ended,
        };
        let record = self.record()?;
        let arrival = self.arrival(&record);
        let lacking = arrival.begin(&[pointer]).await?;
        match &content {
            _ if lacking.is_empty() => {}
            Ended::Held(content) => arrival.put_all(vec![(pointer, content)]).await?,
            Ended::Rows(rows, chunks) => arrival.put_rows(pointer, (*rows, *chunks)).await?,
        }
        if let Ended::Rows(rows, _) = content {
            maker.drop_scratch(rows)?;
        }
        self.record()?;
        arrival.finish(&lacking)?;
        if let Some(sent) = self.pointers.get_mut(number) {
            *sent = Some(pointer);
        }
        Ok(pointer.write())
    }

    /// The files of which the commit has pointers, in the order of the request.
    pub(super) fn shown(&self, draft: &Draft) -> Vec<ShownFile> {
        let files = draft.changes.iter().filter_map(|change| {
            let Pointer { oid, size } = self.pointers.get(content_of(change)?).copied()??;
            let is_text = change.path.to_str().is_ok();
            Some(ShownFile {
                path: change.path.to_str_lossy().into_owned(),
                path_base64: (!is_text).then(|| STANDARD.encode(&change.path)),
                oid: oid.to_string(),
                size,
            })
        });
        files.collect()
    }

    /// Checks the objects that files name: the repository must have them.
    fn take_named(&mut self, draft: &Draft) -> Result<(), ErrorReply> {
        for NamedObject {
            file,
            content,
            pointer,
        } in &draft.named
        {
            let Pointer { oid, size } = pointer;
            let Some(found) = self.store.stored_lfs_object(oid)? else {
                let message = format!("object {oid} is not here: upload it by git lfs first");
                return Err(invalid(draft.field(*file, "lfs/oid"), message));
            };
            if found.bytes != *size {
                let message = format!("object {oid} has {} bytes, {size} were told", found.bytes);
                return Err(invalid(draft.field(*file, "lfs/size"), message));
            }
            self.store.need_lfs_objects(&[found])?;
            if let Some(named) = self.pointers.get_mut(*content) {
                *named = Some(*pointer);
            }
        }
        Ok(())
    }

    /// Refuses more files than can be sent.
    fn check_count(&self, draft: &Draft) -> Result<(), ErrorReply> {
        let marked = self
            .marked
            .iter()
            .enumerate()
            .filter(|(_, marked)| **marked);
        let sent = marked.filter(|(number, _)| {
            let given = draft.contents.get(*number);
            given.is_none_or(|content| !is_kept(content))
        });
        let count = sent.count();
        if count <= LARGE_FILES_MAX {
            return Ok(());
        }
        let message = format!(
            "{count} files go to git lfs, a commit takes {LARGE_FILES_MAX}: upload them by git lfs \
             and name them by lfs"
        );
        let pointer = format!("{}/files", draft.pointer);
        Err(ErrorReply::at(ErrorCode::MemoryLimit, pointer, message))
    }

    /// Sends the contents that came with the draft.
    async fn send_given(&mut self, draft: &mut Draft) -> Result<(), ErrorReply> {
        let mut sent = Vec::new();
        for (number, content) in draft.contents.iter().enumerate() {
            if self.is_marked(number) && !is_kept(content) {
                sent.push((number, pointer_of(content).await));
            }
        }
        if sent.is_empty() {
            return Ok(());
        }
        let mut seen = HashSet::new();
        let once = sent.iter().filter(|(_, pointer)| seen.insert(pointer.oid));
        let (numbers, pointers): (Vec<usize>, Vec<Pointer>) = once.copied().unzip();
        let record = self.record()?;
        let arrival = self.arrival(&record);
        let lacking = arrival.begin(&pointers).await?;
        let is_lacking: HashSet<LfsOid> = lacking.iter().map(|pointer| pointer.oid).collect();
        let contents = numbers
            .iter()
            .zip(&pointers)
            .filter_map(|(number, pointer)| {
                let content = draft.contents.get(*number)?;
                is_lacking
                    .contains(&pointer.oid)
                    .then_some((*pointer, content.as_slice()))
            });
        arrival.put_all(contents.collect()).await?;
        self.record()?;
        arrival.finish(&lacking)?;
        for (number, pointer) in sent {
            let place = (
                self.pointers.get_mut(number),
                draft.contents.get_mut(number),
            );
            if let (Some(known), Some(content)) = place {
                *known = Some(pointer);
                *content = pointer.write();
            }
        }
        Ok(())
    }

    /// The repository as it is now, if the caller may still change it.
    fn record(&self) -> Result<RepositoryRecord, ErrorReply> {
        let record = self.authorized.judge_again(&self.store, Access::Push)?;
        if record.is_read_only() {
            return Err(refusal::reply(&Rejection::ReadOnly, &self.branch, ""));
        }
        Ok(record)
    }

    fn arrival<'a>(&'a self, record: &'a RepositoryRecord) -> Arrival<'a> {
        Arrival {
            object: &self.object,
            store: &self.store,
            record,
            quota: self.authorized.quota,
            hold: RefCell::default(),
        }
    }
}

/// Whether a content stays in Git as it is: git-lfs does not touch an empty file, nor a pointer.
fn is_kept(content: &[u8]) -> bool {
    content.is_empty() || Pointer::parse(content).is_some()
}

async fn pointer_of(content: &[u8]) -> Pointer {
    let mut digest = Sha256::new();
    for piece in content.chunks(STEP_BYTES) {
        digest.update(piece);
        if piece.len() == STEP_BYTES {
            pause().await;
        }
    }
    let sha256: [u8; 32] = digest.finalize().into();
    Pointer {
        oid: LfsOid::from(sha256),
        size: content.len() as u64,
    }
}
