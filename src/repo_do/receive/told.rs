//! Messages about a push beside its report: objects that fsck refuses or warns of, and names that
//! differ only in case.

use std::collections::HashMap;

use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::finish::PushJob;
use super::refused::Refused;
use crate::git::receive_pack::findings::FsckRefusal;
use crate::git::receive_pack::inspection::Inspection;
use crate::git::receive_pack::updates::PushUpdate;
use crate::git::refname::case::Spellings;
use crate::git::store::StoreError;

/// Bound on the warnings about names in the report of one push.
const CASE_WARNINGS_MAX: usize = 10;

/// New names that are looked up among the repository's refs; more than these are compared with the push's
/// other names alone. A look-up costs a few rows read where refs are not kept.
const CASE_LOOKUPS_MAX: usize = 200;

impl PushJob {
    /// Refuses the push for its objects: names the first of them to the pusher.
    pub(super) fn refused_by_fsck(&self, refusal: &FsckRefusal) -> Refused {
        for line in refusal.lines() {
            self.progress.report_problem(&format!("error: {line}\n"));
        }
        Refused::of(refusal.summary())
    }

    /// Tells the warnings of fsck, and names that a client may not be able to tell apart.
    pub(super) fn warn(&self, inspection: &Inspection) -> Result<(), StoreError> {
        for warning in inspection.warnings() {
            self.progress.report_problem(&format!("{warning}\n"));
        }
        for (name, other) in self.names_of_other_case()? {
            self.progress.report_problem(&format!(
                "warning: {name} differs from {other} in case alone: a file system that ignores \
                 case holds only one of them\n"
            ));
        }
        Ok(())
    }

    /// New refs whose names differ from another ref's in case alone, each with the other.
    fn names_of_other_case(&self) -> Result<Vec<(BString, BString)>, StoreError> {
        let mut found = Vec::new();
        let mut seen: HashMap<BString, &BStr> = HashMap::new();
        for (number, name) in self.created_names().enumerate() {
            if found.len() >= CASE_WARNINGS_MAX {
                break;
            }
            let key = Spellings::of(name).least();
            let mut other = seen.insert(key, name).map(ToOwned::to_owned);
            if other.is_none() && number < CASE_LOOKUPS_MAX {
                let stored = self.push.store.find_other_case(name)?;
                other = stored.filter(|stored| !self.is_deleted(stored.as_bstr()));
            }
            if let Some(other) = other {
                found.push((name.to_owned(), other));
            }
        }
        Ok(found)
    }

    /// The refs that this push would create.
    fn created_names(&self) -> impl Iterator<Item = &BStr> {
        let open = self.push.updates.open();
        open.filter_map(|PushUpdate { command, .. }| {
            let creates = command.old.is_none() && command.new.is_some();
            creates.then(|| command.name.as_bstr())
        })
    }

    fn is_deleted(&self, name: &BStr) -> bool {
        let mut commands = self.push.commands.commands.iter();
        commands.any(|command| command.name == name && command.new.is_none())
    }
}
