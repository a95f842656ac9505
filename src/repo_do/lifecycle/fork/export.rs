//! The source's side of a fork: it sends the state of one moment, read and sent row by row.

use std::rc::Rc;

use futures::stream;
use gix_object::bstr::{BString, ByteSlice as _};
use worker::Response;

use super::lfs::LfsRows;
use super::wire::{self, ForkHead, Frame, WireError};
use crate::git::refname;
use crate::git::store::{PackId, Part, StoreError};
use crate::repo_do::contract::{ErrorReply, ExportFork};
use crate::repo_do::lfs::search::search_bytes;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::request::not_ready;
use crate::repo_do::runtime::admission::{grow, reserve};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::lease::Lease;
use crate::repo_do::runtime::memory::{FORK_BYTES, Reservation};
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::readers::{Purpose, Reader};
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::snapshot;
use crate::storage::repository::fork::SharedPack;
use crate::storage::repository::origin_report::SkippedRefs;
use crate::storage::repository::packed_refs::PACKED_PAGE_REFS;
use crate::storage::repository::packs::PARTS;
use crate::storage::repository::ref_record::RefRecord;
use crate::storage::repository::ref_snapshot::RefSnapshot;
use crate::storage::repository::store::RepositoryRecord;

/// How often packs are copied to R2 again because of a push in between.
const ATTEMPTS_MAX: u32 = 8;

/// Ids in one frame.
const SHALLOW_IDS: usize = 10_000;

/// Refs read at once: four pages of them.
const REFS_AT_ONCE: usize = 4 * PACKED_PAGE_REFS;

/// Bytes of a piece of the response, about.
const PIECE_BYTES: usize = 256 << 10;

/// Seconds after which a fork of a repository under heavy pushing may be tried again.
const RETRY_SECONDS: u32 = 5;

/// `POST /fork/export`: the packs are in R2 by the end of the first step, and all rows sent belong to one
/// moment, whatever is pushed meanwhile.
pub(crate) async fn export(object: &Rc<RepoObject>, asked: &ExportFork) -> Answer {
    let mut reservation = reserve(FORK_BYTES).await?;
    for _ in 0..ATTEMPTS_MAX {
        snapshot::secure_packs(object).await?;
        let mut bytes = FORK_BYTES;
        if object.store()?.has_lfs_objects()? {
            bytes = bytes.saturating_add(search_bytes(&*object.store()?)?);
        }
        grow(&mut reservation, bytes).await?;
        // No await from here on: refs, HEAD and packs are those of one moment.
        let store = object.store()?;
        let Some(record) = store.load()? else {
            break;
        };
        if record.is_being_filled() {
            return Err(not_ready::being_filled(&record));
        }
        if let Some(packs) = store.shared_packs()? {
            let reader = object.readers.enter(Purpose::Look, now_ms());
            let out = begin(&store, &record, &packs)?;
            let refs = RefPages::begin(&store, &record, asked)?;
            let lfs = LfsRows::of(object, &store, &record, asked)?;
            let rows = Rows::new(store, &packs, (out, refs, lfs), (reservation, reader));
            return Ok(send(rows)?);
        }
    }
    Err(ErrorReply::busy(
        RETRY_SECONDS,
        "the repository is being pushed to too fast to be forked now",
    ))
}

/// The head, written, and the edge of the history.
fn begin(
    store: &Store,
    record: &RepositoryRecord,
    packs: &[SharedPack],
) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::new();
    let head = Frame::Head(ForkHead {
        network_id: record.network_id.clone().unwrap_or(record.id.clone()),
        head: faster_hex::hex_string(&record.head),
        packs: packs.iter().cloned().map(Into::into).collect(),
    });
    wire::write(&head, &mut out).map_err(|error| unwritable(&error))?;
    for ids in store.shallow_commits()?.chunks(SHALLOW_IDS) {
        let frame = Frame::Shallow(ids.to_vec());
        wire::write(&frame, &mut out).map_err(|error| unwritable(&error))?;
    }
    Ok(out)
}

/// Whether a fork takes the ref over. One that was pushed before such names were refused stays
/// behind, and is noted: no clone of the fork could store it.
fn is_storable(found: &RefRecord, skipped: &mut SkippedRefs) -> bool {
    let name = found.name.as_bstr();
    match refname::check_storable(name) {
        Ok(()) => true,
        Err(reason) => {
            skipped.note(name, &reason);
            false
        }
    }
}

/// The refs that are still to be sent, those of the moment of the fork.
struct RefPages {
    of: RefsOf,
    skipped: SkippedRefs,
}

enum RefsOf {
    /// HEAD's branch alone, if there is one.
    Branch(Option<RefRecord>),
    /// All that clones show, behind the last that was read.
    Moment(Rc<RefSnapshot>, Option<BString>),
}

impl RefPages {
    /// No await from here to the packs: they are of the same moment.
    fn begin(
        store: &Store,
        record: &RepositoryRecord,
        asked: &ExportFork,
    ) -> Result<Self, StoreError> {
        let of = if asked.default_branch_only {
            RefsOf::Branch(store.find_ref(record.head.as_ref())?)
        } else {
            RefsOf::Moment(store.snapshot_refs(), None)
        };
        Ok(Self {
            of,
            skipped: SkippedRefs::default(),
        })
    }

    /// Writes the next pages; false after the last.
    fn write(&mut self, store: &Store, out: &mut Vec<u8>) -> Result<bool, StoreError> {
        let mut refs: Vec<_> = match &mut self.of {
            RefsOf::Branch(branch) => branch.take().into_iter().collect(),
            RefsOf::Moment(snapshot, after) => {
                let last = after.as_ref().map(|after| after.as_bstr());
                let refs = store.snapshot_page(snapshot, last, REFS_AT_ONCE)?;
                *after = refs.last().map(|last| last.name.clone());
                refs
            }
        };
        if refs.is_empty() {
            let skipped = std::mem::take(&mut self.skipped);
            if skipped.count > 0 {
                let frame = Frame::Skipped(skipped);
                wire::write(&frame, out).map_err(|error| unwritable(&error))?;
            }
            return Ok(false);
        }
        // A fork is a clone: it takes over the refs that clones show.
        refs.retain(|found| {
            !refname::is_ephemeral(found.name.as_bstr()) && is_storable(found, &mut self.skipped)
        });
        for page in refs.chunks(PACKED_PAGE_REFS) {
            wire::write(&Frame::Refs(page.to_vec()), out).map_err(|error| unwritable(&error))?;
        }
        Ok(true)
    }
}

fn unwritable(error: &WireError) -> StoreError {
    StoreError::Failed(error.to_string())
}

/// The refs and the rows of parts that are still to be sent, then those of objects of Git LFS.
struct Rows {
    store: Rc<Store>,
    /// `None` once all were sent.
    refs: Option<RefPages>,
    /// Parts whose rows follow, the next one last.
    parts: Vec<(PackId, Part)>,
    /// The next row of it.
    number: u32,
    lfs: Option<LfsRows>,
    /// Written bytes; those behind `sent` are not sent yet.
    out: Vec<u8>,
    sent: usize,
    ended: bool,
    /// Memory is reserved, and packs that are superseded meanwhile stay.
    _held: (Reservation, Reader),
}

impl Rows {
    fn new(
        store: Rc<Store>,
        packs: &[SharedPack],
        (out, refs, lfs): (Vec<u8>, RefPages, Option<LfsRows>),
        held: (Reservation, Reader),
    ) -> Self {
        let of_pack = |pack: &SharedPack| PARTS.map(|part| (pack.pack_id, part));
        let parts = packs.iter().rev().flat_map(of_pack).collect();
        Self {
            store,
            refs: Some(refs),
            parts,
            number: 0,
            lfs,
            out,
            sent: 0,
            ended: false,
            _held: held,
        }
    }

    /// The next piece; `None` after the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if self.refs.is_none()
                && self.parts.is_empty()
                && let Some(lfs) = &mut self.lfs
            {
                match lfs.next().await? {
                    Some(frame) => self.write(&frame)?,
                    None => self.lfs = None,
                }
            }
            let piece = self.piece()?;
            if piece.is_some() || self.ended {
                return Ok(piece);
            }
        }
    }

    /// The next piece that is written or can be; `None` if there is none now.
    fn piece(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        while self.out.len().saturating_sub(self.sent) < PIECE_BYTES && !self.ended {
            if let Some(refs) = &mut self.refs {
                if !refs.write(&self.store, &mut self.out)? {
                    self.refs = None;
                }
                continue;
            }
            let Some((pack_id, part)) = self.parts.last() else {
                if self.lfs.is_some() {
                    break;
                }
                self.write(&Frame::End)?;
                self.ended = true;
                break;
            };
            if let Some(row) = self.store.shared_row(*pack_id, *part, self.number)? {
                self.number = self.number.saturating_add(1);
                self.write(&Frame::Part(row))?;
            } else {
                self.number = 0;
                self.parts.pop();
            }
        }
        // A row of a part may be more than a piece.
        let rest = self.out.get(self.sent..).unwrap_or_default();
        if rest.len() > 2 * PIECE_BYTES {
            let piece = rest.get(..PIECE_BYTES).unwrap_or(rest).to_vec();
            self.sent = self.sent.saturating_add(piece.len());
            return Ok(Some(piece));
        }
        let mut piece = std::mem::take(&mut self.out);
        piece.drain(..self.sent.min(piece.len()));
        self.sent = 0;
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    fn write(&mut self, frame: &Frame) -> Result<(), StoreError> {
        wire::write(frame, &mut self.out).map_err(|error| unwritable(&error))
    }
}

fn send(rows: Rows) -> worker::Result<Response> {
    let pieces = stream::unfold(Some(rows), |rows| async {
        let mut rows = rows?;
        match rows.next().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(rows))),
            Ok(None) => None,
            Err(error) => Some((Err(worker::Error::RustError(error.to_string())), None)),
        }
    });
    Response::from_stream(Lease::current().stream(pieces))
}
