//! Calls to a parser between two pieces of a pack.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::super::store::Scratch;
use super::super::incoming::objects::{Observer, Progress};
use super::error::PackError;
use super::{Body, Form, PackParser, State};

impl PackParser {
    /// Keeps entries there that memory has no room for. To be called before the first is fed.
    pub fn spill_to(&mut self, scratch: Rc<dyn Scratch>) {
        self.objects.table.spill_to(scratch);
    }

    /// How far the pack has come.
    pub fn progress(&self) -> Progress {
        self.objects.progress
    }

    /// Bytes that it holds until the pack goes on: they grow with the objects that have come, and never with
    /// the count that the pack announces.
    pub fn held_bytes(&self) -> u64 {
        let content = match &self.state {
            State::Body(Body {
                form: Form::Held { content, .. },
                ..
            }) => content.capacity(),
            _ => 0,
        };
        let own = content.saturating_add(self.instructions.capacity());
        self.objects.held_bytes().saturating_add(own as u64)
    }

    /// The ids of the objects in order; null where a delta is not an object yet.
    pub(crate) fn ids(&mut self, observer: &mut dyn Observer) -> Result<Vec<ObjectId>, PackError> {
        self.objects.hash(observer)?;
        let received = self.objects.progress.objects_received;
        let entries = (0..received).map_while(|position| self.objects.table.get(position));
        Ok(entries.map(|entry| entry.id).collect())
    }

    /// Bytes of the stream so far, its trailer included.
    pub(crate) fn stream_bytes(&self) -> u64 {
        self.offset
    }
}
