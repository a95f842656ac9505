//! Answers that are kept: those to a question about a commit, as far as its history is here.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::cursor::question;
use crate::git::store::{RefSource as _, StoreError};
use crate::repo_do::content::answers::json;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;

/// A place for the answer to a question.
pub(super) struct Place {
    object: Rc<RepoObject>,
    key: [u8; 20],
}

impl Place {
    /// The place of the answer to this question. The answer about a commit of a shallow repository changes
    /// with the edge of its history, so the edge is part of the question.
    pub(super) fn of(
        object: &Rc<RepoObject>,
        reading: &Reading,
        asked: [u8; 20],
    ) -> Result<Self, StoreError> {
        let shallow = reading.store().shallow_commits()?;
        let edge: Vec<&[u8]> = shallow.iter().map(ObjectId::as_slice).collect();
        Ok(Self {
            object: Rc::clone(object),
            key: question(&[&[asked.as_slice()], edge.as_slice()].concat()),
        })
    }

    /// The answer, if it is kept.
    pub(super) fn answer(&self) -> Option<Answer> {
        let kept = self.object.answers.get(self.key)?;
        Some(json(kept.to_vec()).map_err(Into::into))
    }

    /// Keeps an answer.
    pub(super) fn keep(&self, answer: &[u8]) {
        self.object.answers.put(self.key, answer);
    }
}
