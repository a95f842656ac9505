//! The files that differ, found while other requests of the object run.

use gix_hash::ObjectId;

use super::query::CompareQuery;
use super::revisions::until;
use crate::git::compare::file_diff::FileDiff;
use crate::git::compare::patch::compared_bytes;
use crate::git::compare::renames::Renames;
use crate::git::compare::stat::FileStat;
use crate::git::compare::text::Whitespace;
use crate::git::compare::tree::{Change, ChangeList, TreeChanges};
use crate::git::limits::Limits;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::admission::{grow, reserve_share};
use crate::repo_do::runtime::memory::Reservation;
use crate::repo_do::runtime::timer::pause;

/// Bytes of trees or files after which others get their turn: some 20 ms.
const SLICE_BYTES: u64 = 1 << 20;

/// Steps of a walk after which they get it in any case.
const SLICE_STEPS: u32 = 500;

/// Bytes that the search for renames holds beside the list.
const RENAMES_BYTES: u64 = 6 << 20;

/// Bytes by which the room for the list grows.
const LIST_BYTES: u64 = 1 << 20;

/// Counts work, and pauses when a slice of it is done.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    bytes: u64,
    steps: u32,
}

impl Slice {
    /// Counts a step that read or compared this many bytes.
    pub(crate) async fn worked(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.steps = self.steps.saturating_add(1);
        if self.bytes >= SLICE_BYTES || self.steps >= SLICE_STEPS {
            *self = Self::default();
            pause().await;
        }
    }
}

/// The files that differ, and the memory they take.
pub(super) struct Changes {
    pub(super) files: Vec<Change>,
    /// The limit of pairs that had to be higher for all renames to be found.
    pub(super) rename_limit_needed: Option<u32>,
    /// Held for as long as the list is.
    pub(super) reservation: Reservation,
}

/// Compares two trees; without one there are no files.
pub(super) async fn find(
    reading: &mut Reading,
    (old, new): (Option<ObjectId>, Option<ObjectId>),
    query: &CompareQuery,
) -> Result<Changes, ErrorReply> {
    let mut reservation = reserve_share(LIST_BYTES).await?;
    let mut walk = TreeChanges::new(old, new, query.paths(), reading.packs().limits());
    let mut list = ChangeList::default();
    let mut slice = Slice::default();
    loop {
        let before = walk.read_bytes();
        let Some(change) = until(reading, |packs| walk.next(packs)).await? else {
            break;
        };
        list.push(change)
            .map_err(|error| super::revisions::refused(&error))?;
        grow(&mut reservation, list_bytes(list.bytes())).await?;
        slice.worked(walk.read_bytes().saturating_sub(before)).await;
    }
    let Some(options) = query.renames() else {
        return Ok(Changes {
            files: list.into_changes(),
            rename_limit_needed: None,
            reservation,
        });
    };
    let held = list_bytes(list.bytes());
    // The tables of the search take as much again as the list.
    grow(
        &mut reservation,
        held.saturating_mul(2).saturating_add(RENAMES_BYTES),
    )
    .await?;
    let mut renames = Renames::new(list.into_changes(), options);
    loop {
        let before = renames.read_bytes();
        if !until(reading, |packs| renames.step(packs)).await? {
            break;
        }
        slice
            .worked(renames.read_bytes().saturating_sub(before))
            .await;
    }
    let rename_limit_needed = renames.limit_needed();
    let files = renames.into_changes();
    reservation.shrink_to(held);
    Ok(Changes {
        files,
        rename_limit_needed,
        reservation,
    })
}

/// The room for a list of so many bytes, in whole pieces.
fn list_bytes(bytes: usize) -> u64 {
    (bytes as u64)
        .div_ceil(LIST_BYTES)
        .max(1)
        .saturating_mul(LIST_BYTES)
}

/// Files compared one after the other; their memory is reserved for one at a time.
#[derive(Default)]
pub(super) struct Comparing {
    reservation: Option<Reservation>,
    slice: Slice,
}

impl Comparing {
    /// Waits for room to compare a file, and lets others go first when a slice of work is done.
    pub(super) async fn reserve_for(
        &mut self,
        reading: &mut Reading,
        bytes: u64,
    ) -> Result<(), ErrorReply> {
        self.slice.worked(bytes).await;
        if let Some(reservation) = &mut self.reservation {
            reservation.shrink_to(bytes);
        }
        reading.grow_room(&mut self.reservation, bytes).await
    }

    /// Compares one file.
    pub(super) async fn compare(
        &mut self,
        reading: &mut Reading,
        change: &Change,
        (context, whitespace): (u32, Whitespace),
    ) -> Result<FileDiff, ErrorReply> {
        let limits = Limits::DEFAULT;
        let bytes = until(reading, |packs| compared_bytes(change, packs, &limits)).await?;
        self.reserve_for(reading, bytes).await?;
        until(reading, |packs| {
            FileDiff::of(change, packs, context, whitespace, &limits)
        })
        .await
    }

    /// Compares one file for the statistics.
    pub(super) async fn stat(
        &mut self,
        reading: &mut Reading,
        change: &Change,
    ) -> Result<FileStat, ErrorReply> {
        let limits = Limits::DEFAULT;
        let bytes = until(reading, |packs| compared_bytes(change, packs, &limits)).await?;
        self.reserve_for(reading, bytes).await?;
        until(reading, |packs| FileStat::of(change, packs, &limits)).await
    }
}
