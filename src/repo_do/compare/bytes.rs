//! Patches as bytes: the text that `git diff` prints.

use super::changes::{Changes, Comparing};
use super::revisions::until;
use super::stream::{PIECE_BYTES, Pieces};
use crate::git::compare::patch::Patches;
use crate::git::compare::text::Whitespace;
use crate::git::limits::Limits;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::memory::Reservation;

/// The type of patches.
pub(super) const DIFF_TYPE: &str = "text/x-diff";

/// Patches under way, with the bytes before and behind them.
pub(super) struct PatchBytes {
    reading: Reading,
    patches: Patches,
    comparing: Comparing,
    before: Vec<u8>,
    behind: Vec<u8>,
    _changes: Reservation,
}

impl PatchBytes {
    /// The patches of these changes.
    pub(super) fn new(reading: Reading, changes: Changes, context: u32) -> Self {
        Self {
            reading,
            patches: Patches::new(changes.files, context, &Limits::DEFAULT),
            comparing: Comparing::default(),
            before: Vec::new(),
            behind: Vec::new(),
            _changes: changes.reservation,
        }
    }

    /// The same with lines that differ shown by their words.
    pub(super) fn by_words(self) -> Self {
        Self {
            patches: self.patches.by_words(),
            ..self
        }
    }

    /// The same where white space counts or not.
    pub(super) fn by_whitespace(self, whitespace: Whitespace) -> Self {
        Self {
            patches: self.patches.by_whitespace(whitespace),
            ..self
        }
    }

    /// The same between other bytes, with the contents of binary files.
    pub(super) fn between(self, before: Vec<u8>, behind: Vec<u8>) -> Self {
        Self {
            patches: self.patches.with_binary(),
            before,
            behind,
            ..self
        }
    }
}

impl Pieces for PatchBytes {
    async fn fill(&mut self, out: &mut Vec<u8>) -> Result<bool, ErrorReply> {
        out.append(&mut self.before);
        let Self {
            reading,
            patches,
            comparing,
            ..
        } = self;
        while out.len() < PIECE_BYTES {
            let bytes = until(reading, |packs| patches.next_bytes(packs)).await?;
            comparing.reserve_for(reading, bytes).await?;
            let room = PIECE_BYTES.saturating_sub(out.len());
            let has_more = until(reading, |packs| patches.step(packs, room, out)).await?;
            if !has_more {
                out.append(&mut self.behind);
                return Ok(false);
            }
        }
        Ok(true)
    }
}
