//! The steps of a walk that take its next tip, and follow tags to the objects they name.

use gix_hash::ObjectId;

use super::super::super::object::{ObjectKind, facts};
use super::super::super::store::StoreError;
use super::error::{agree, malformed};
use super::tips::{NextTip, Tip};
use super::{Connectivity, ConnectivityError};

impl Connectivity<'_> {
    pub(super) fn next_tip(&mut self) -> Result<NextTip, StoreError> {
        match self.tagged.take() {
            Some(tagged) => Ok(NextTip::Is(tagged)),
            None => self.tips.next(self.graph, self.incoming),
        }
    }

    /// Begins with a tip; one that cannot be read stays the next.
    pub(super) fn take_tip(&mut self, tip: Tip) -> Result<(), ConnectivityError> {
        let started = self.start_tip(&tip);
        if let Err(ConnectivityError::Read(_)) = started {
            match tip.tag {
                Some(_) => self.tagged = Some(tip),
                None => self.tips.put_back(tip.id),
            }
        }
        started
    }

    fn start_tip(&mut self, tip: &Tip) -> Result<(), ConnectivityError> {
        if tip.tag.is_none() {
            self.tip_id = tip.id;
        }
        let is_known = self.known(&tip.id)?.is_some();
        let found = match self.incoming.locate(&tip.id) {
            _ if is_known => Some(ObjectKind::Commit),
            Some((_, kind)) => Some(kind),
            None if self.hidden.contains(&tip.id) => None,
            None => self.objects.kind(&tip.id)?,
        };
        if self.incoming.locate(&tip.id).is_none() {
            self.tips_relied_on.insert(tip.id);
        }
        let found = found.ok_or(match tip.tag {
            Some((referred_by, kind)) => ConnectivityError::Missing {
                id: tip.id,
                kind,
                referred_by,
            },
            None => ConnectivityError::MissingTip { id: tip.id },
        })?;
        if let Some((referred_by, expected)) = tip.tag {
            agree(tip.id, expected, found, referred_by)?;
        }
        match found {
            ObjectKind::Commit if is_known => {}
            ObjectKind::Commit => self.let_wait(tip.id)?,
            ObjectKind::Tag => self.follow_tag(tip.id)?,
            ObjectKind::Tree | ObjectKind::Blob => {
                let referred_by = tip.tag.map_or(tip.id, |(tag_id, _)| tag_id);
                if self.lists.introduce(tip.id, found, referred_by)? && found == ObjectKind::Tree {
                    self.trees.push(tip.id, referred_by, &[], 1);
                }
            }
        }
        Ok(())
    }

    fn follow_tag(&mut self, tag_id: ObjectId) -> Result<(), ConnectivityError> {
        if self.tags.contains(&tag_id) {
            return Ok(());
        }
        let content = self.read(tag_id, ObjectKind::Tag, tag_id)?;
        self.tags.insert(tag_id);
        let tag = facts::tag(&content).map_err(|problem| malformed(tag_id, problem))?;
        self.tagged = Some(Tip {
            id: tag.target,
            tag: Some((tag_id, tag.target_kind)),
        });
        Ok(())
    }
}
