//! The [list of refs](super::ref_cache) of a store: read, brought up to date, asked.

use std::ops::ControlFlow;
use std::rc::Rc;

use gix_object::bstr::{BStr, ByteSlice};

use super::ref_cache::{KEPT_BYTES_MAX, REF_BYTES, RefList, State, WIDE_PREFIX_BYTES};
use super::ref_record::RefRecord;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::Database;

impl<D: Database> RepoStore<D> {
    /// The ref of this very name, to be shown: out of the list, if that is kept.
    pub(crate) fn shown_ref(&self, name: &BStr) -> Result<Option<RefRecord>, StoreError> {
        match self.kept_refs_if_read(name)? {
            Some(list) => Ok(list.find(name).cloned()),
            None => self.find_ref(name),
        }
    }

    /// The list of refs, if a request has read it before.
    pub(super) fn kept_refs_if_read(
        &self,
        prefix: &[u8],
    ) -> Result<Option<Rc<RefList>>, StoreError> {
        let is_read = matches!(*self.kept_refs.state.borrow(), State::Read(_));
        if is_read {
            self.kept_refs(prefix)
        } else {
            Ok(None)
        }
    }

    /// The list of refs, if it is cached or if a request for this prefix should fill the cache.
    pub(super) fn kept_refs(&self, prefix: &[u8]) -> Result<Option<Rc<RefList>>, StoreError> {
        let state = self.kept_refs.state.take();
        let list = match state {
            State::Read(list) => self.renew(list)?,
            State::Unread if prefix.len() <= WIDE_PREFIX_BYTES => self.read_list()?,
            State::Unread => return Ok(None),
            State::TooMany => {
                self.kept_refs.state.replace(State::TooMany);
                return Ok(None);
            }
        };
        self.kept_refs.state.replace(match &list {
            Some(list) => State::Read(Rc::clone(list)),
            None => State::TooMany,
        });
        Ok(list)
    }

    /// Any ref may have changed.
    pub(super) fn forget_refs(&self) {
        self.kept_refs.clear();
        self.known_targets.clear();
    }

    /// Whether all refs together are known to have no room. Then nobody reads a part of them for nothing.
    fn are_known_to_be_too_many(&self) -> Result<bool, StoreError> {
        let Some(counts) = self.kept_ref_counts()? else {
            return Ok(false);
        };
        let beside = counts.refs.saturating_mul(REF_BYTES as u64);
        Ok(counts.name_bytes.saturating_add(beside) > KEPT_BYTES_MAX as u64)
    }

    fn read_list(&self) -> Result<Option<Rc<RefList>>, StoreError> {
        self.kept_refs.marked.take();
        if self.are_known_to_be_too_many()? {
            return Ok(None);
        }
        let mut list = RefList::default();
        let mut fits = true;
        self.read_refs(b"refs/", &mut |record| {
            fits = list.push(record);
            if fits {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        Ok(fits.then(|| Rc::new(list)))
    }

    /// Reads the marked names again.
    fn renew(&self, mut list: Rc<RefList>) -> Result<Option<Rc<RefList>>, StoreError> {
        let marked = self.kept_refs.marked.take();
        if marked.is_empty() {
            return Ok(Some(list));
        }
        // A reader still holds the old list; read the whole list for the next one.
        let Some(alone) = Rc::get_mut(&mut list) else {
            return self.read_list();
        };
        for name in &marked {
            let now = self.find_ref(name.as_bstr())?;
            if !alone.set(name.as_bstr(), now) {
                return Ok(None);
            }
        }
        Ok(Some(list))
    }
}
