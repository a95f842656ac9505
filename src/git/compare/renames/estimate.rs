//! How similar a source and a destination are (`estimate_similarity` of git's `diffcore-rename.c`).

use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::super::store::{ObjectSource, ReadError};
use super::super::error::CompareError;
use super::super::score::SCORE_MAX;
use super::super::similarity::Spans;
use super::table::Table;

/// Bytes of spans that are kept for the next pairs.
const SPANS_BYTES_MAX: usize = 8 << 20;

/// Compares contents, and keeps the parts that it read.
#[derive(Debug, Default)]
pub(super) struct Estimator {
    spans: HashMap<ObjectId, Rc<Spans>>,
    held_bytes: usize,
    read_bytes: u64,
}

impl Estimator {
    pub(super) fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// Bytes of the spans that are kept.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// How similar the two are; 0 where it can be told from their sizes that they are not similar
    /// enough. Only regular files may be similar.
    pub(super) fn estimate(
        &mut self,
        objects: &impl ObjectSource,
        table: &mut Table,
        source: usize,
        destination: usize,
        score_min: u16,
    ) -> Result<u16, CompareError> {
        let sides = (table.source(source), table.destination(destination));
        let (Some((old, _)), Some((new, _))) = sides else {
            return Ok(0);
        };
        if !old.is_regular() || !new.is_regular() {
            return Ok(0);
        }
        let known = table.sources.get_mut(source);
        let old_bytes = size(objects, old.id, known.map(|known| &mut known.size_bytes))?;
        let known = table.destinations.get_mut(destination);
        let new_bytes = size(objects, new.id, known.map(|known| &mut known.size_bytes))?;
        let (larger, smaller) = (old_bytes.max(new_bytes), old_bytes.min(new_bytes));
        let score_max = u64::from(SCORE_MAX);
        let may_differ = larger.saturating_mul(score_max.saturating_sub(score_min.into()));
        if new_bytes == 0 || may_differ < larger.saturating_sub(smaller).saturating_mul(score_max) {
            return Ok(0);
        }
        let Some(old) = self.spans(objects, old.id)? else {
            return Ok(0);
        };
        let Some(new) = self.spans(objects, new.id)? else {
            return Ok(0);
        };
        let copied = old.copied_bytes(&new).saturating_mul(score_max);
        let score = copied.checked_div(larger).unwrap_or(0);
        Ok(u16::try_from(score).unwrap_or(SCORE_MAX).min(SCORE_MAX))
    }

    /// The spans of a blob; `None` if it is too large to be read whole.
    fn spans(
        &mut self,
        objects: &impl ObjectSource,
        id: ObjectId,
    ) -> Result<Option<Rc<Spans>>, CompareError> {
        if let Some(spans) = self.spans.get(&id) {
            return Ok(Some(Rc::clone(spans)));
        }
        let content = match objects.read(&id) {
            Ok(Some((_, content))) => content,
            Ok(None) => return Err(CompareError::Missing(id)),
            Err(ReadError::TooLarge { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        self.read_bytes = self.read_bytes.saturating_add(content.len() as u64);
        let spans = Rc::new(Spans::of(&content));
        let bytes = self.held_bytes.saturating_add(spans.held_bytes());
        if bytes > SPANS_BYTES_MAX {
            self.spans.clear();
            self.held_bytes = 0;
        }
        self.held_bytes = self.held_bytes.saturating_add(spans.held_bytes());
        self.spans.insert(id, Rc::clone(&spans));
        Ok(Some(spans))
    }
}

/// The size of a blob, which is noted once it is known.
fn size(
    objects: &impl ObjectSource,
    id: ObjectId,
    known: Option<&mut Option<u64>>,
) -> Result<u64, CompareError> {
    if let Some(Some(bytes)) = known {
        return Ok(*bytes);
    }
    let bytes = objects.size_bytes(&id)?.ok_or(CompareError::Missing(id))?;
    if let Some(known) = known {
        *known = Some(bytes);
    }
    Ok(bytes)
}
