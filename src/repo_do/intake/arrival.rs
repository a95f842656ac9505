//! A pack that arrives: parsed as its bytes come, each object inspected, its chunks in quarantine.

use gix_hash::ObjectId;

use super::error::IntakeError;
use super::hooks::{Hooks, Stage};
use super::memory::{PackCounts, PackMemory};
use super::quarantine::QuarantinedPack;
use super::steps::check_wanted;
use crate::git::limits::Limits;
use crate::git::object::fsck::Strictness;
use crate::git::pack::incoming::objects::{IncomingObjects, Progress};
use crate::git::pack::parser::PackParser;
use crate::git::pack::parser::error::PackError;
use crate::git::receive_pack::inspection::Inspection;

/// A pack of which some bytes may be here.
pub(crate) struct ArrivingPack {
    parser: PackParser,
    inspection: Inspection,
    bytes: u64,
}

/// A pack whose bytes are all here. Deltas may be left that are not objects yet.
pub(crate) struct ArrivedPack {
    /// Its entries.
    pub(crate) objects: IncomingObjects,
    /// Findings about its objects.
    pub(crate) inspection: Inspection,
}

impl ArrivedPack {
    /// The counts by which memory is reserved.
    pub(crate) fn counts(&self) -> PackCounts {
        PackCounts {
            objects: self.objects.table.count(),
            commits: self.inspection.commit_count(),
            waiting_deltas: self.objects.progress.waiting(),
            ref_deltas: self.objects.table.external_bases.len(),
        }
    }
}

impl ArrivingPack {
    /// Nothing is here yet. `strictness` is the policy of fsck.
    pub(crate) fn new(limits: Limits, strictness: Strictness) -> Self {
        Self {
            parser: PackParser::new(limits),
            inspection: Inspection::new(strictness),
            bytes: 0,
        }
    }

    /// Sets whether blobs are searched for secrets.
    #[must_use]
    pub(crate) fn searching_for_secrets(self, is_on: bool) -> Self {
        let inspection = self.inspection.searching_for_secrets(is_on);
        Self { inspection, ..self }
    }

    /// Takes the next bytes of the pack. After an error nothing can come of it.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        quarantine: &QuarantinedPack,
    ) -> Result<(), PackError> {
        if self.bytes == 0 {
            self.parser.spill_to(quarantine.spill());
        }
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        self.parser.feed(bytes, quarantine, &mut self.inspection)
    }

    /// Call it between two pieces: it reserves memory for the pack so far, and sees to it that the sweeper
    /// will come for the rows in quarantine.
    pub(crate) async fn settle(
        &self,
        quarantine: &QuarantinedPack,
        memory: &mut PackMemory,
        hooks: &dyn Hooks,
    ) -> Result<(), IntakeError> {
        let progress = self.progress();
        let held_bytes = self.parser.held_bytes();
        let held_bytes = held_bytes.saturating_add(self.inspection.held_bytes());
        let commits = self.inspection.commit_count();
        let held = memory.hold_received(held_bytes, progress, commits).await;
        check_wanted(hooks)?;
        held.map_err(IntakeError::Busy)?;
        hooks.at(Stage::Receiving {
            bytes: self.bytes,
            progress,
        });
        quarantine.sweep_later().await?;
        check_wanted(hooks)
    }

    /// How far the pack has come.
    pub(crate) fn progress(&self) -> Progress {
        self.parser.progress()
    }

    /// The ids of the objects that are here whole, in order.
    pub(crate) fn ids(&mut self) -> Result<Vec<ObjectId>, PackError> {
        self.parser.ids(&mut self.inspection)
    }

    /// The bytes are at their end.
    pub(crate) fn finish(self) -> Result<ArrivedPack, PackError> {
        Ok(ArrivedPack {
            objects: self.parser.finish_input()?,
            inspection: self.inspection,
        })
    }
}
