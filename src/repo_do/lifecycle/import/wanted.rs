//! Which refs of the remote become refs here.

use std::collections::HashSet;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::error::ImportError;
use crate::git::fetch_client::remote_refs::{RemoteRef, RemoteRefs};
use crate::git::fetch_client::selection::RefSelection;
use crate::git::limits::Limits;
use crate::git::refname;
use crate::storage::repository::origin_report::SkippedRefs;

/// The refs that an import asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedRefs<'a> {
    /// The one branch, by its short name.
    pub(crate) branch: Option<&'a str>,
    /// Commits of history from each.
    pub(crate) depth: Option<u32>,
    /// Which refs, where it is not one branch.
    pub(crate) selection: &'a RefSelection,
}

/// The refs of one import.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The refs to fetch; all of them must come.
    pub(crate) refs: Vec<RemoteRef>,
    /// Tags that are taken if the objects they name came along.
    pub(crate) tags: Vec<RemoteRef>,
    /// The branch where HEAD is to point, if the remote says.
    pub(crate) head: Option<BString>,
    /// Refs left out of `refs` because of their names.
    skipped: Vec<RemoteRef>,
    /// Tags left out of `tags` because of their names.
    skipped_tags: Vec<RemoteRef>,
    /// Bytes that a name may have.
    refname_bytes_max: usize,
}

impl Wanted {
    /// Chooses among a remote's refs: one branch with the tags on it; or with a depth, all refs but tags,
    /// with the tags on the commits that come; or all refs. A pattern names the refs it wants, tags among
    /// them.
    pub(crate) fn of(
        remote: &RemoteRefs,
        AskedRefs {
            branch,
            depth,
            selection,
        }: AskedRefs<'_>,
        limits: &Limits,
    ) -> Result<Self, ImportError> {
        let branch = branch.map(|branch| format!("{}{branch}", refname::HEADS));
        if let Some(name) = &branch
            && remote.find(name.as_str().into()).is_none()
        {
            let name = name.strip_prefix(refname::HEADS).unwrap_or(name);
            return Err(ImportError::NoBranch(name.to_owned()));
        }
        let is_sound = |name: &BStr| refname::check_update(name, limits.refname_bytes_max).is_ok();
        let head = branch.as_deref().map(BString::from);
        let head = head.or_else(|| remote.head.clone());
        let mut wanted = Self {
            head: head.filter(|head| is_sound(head.as_bstr())),
            refname_bytes_max: limits.refname_bytes_max,
            ..Self::default()
        };
        let mut seen = HashSet::new();
        for found in &remote.refs {
            let name = found.name.as_bstr();
            // The remote's ephemeral refs would never go from here.
            if !seen.insert(name) || refname::is_ephemeral(name) {
                continue;
            }
            // No ref can be made from a name that Git does not allow, or that clients cannot store.
            let (refs, tags) = if is_sound(name) {
                (&mut wanted.refs, &mut wanted.tags)
            } else {
                (&mut wanted.skipped, &mut wanted.skipped_tags)
            };
            let is_tag = name.starts_with(refname::TAGS.as_bytes());
            let takes_few = branch.is_some() || depth.is_some();
            if is_tag && takes_few && !selection.has_patterns() {
                tags.push(found.clone());
            } else if branch.as_ref().is_none_or(|only| name == only.as_bytes()) {
                refs.push(found.clone());
            }
        }
        Ok(wanted)
    }

    /// The refs that are left out because of their names. Tags that nobody asks for are among them only if
    /// they would have been taken: if their objects `came` along.
    pub(crate) fn skipped_refs(
        &self,
        came: impl Fn(&ObjectId) -> Result<bool, ImportError>,
    ) -> Result<SkippedRefs, ImportError> {
        let mut skipped = SkippedRefs::default();
        let mut note = |found: &RemoteRef| {
            let name = found.name.as_bstr();
            if let Err(reason) = refname::check_update(name, self.refname_bytes_max) {
                skipped.note(name, &reason);
            }
        };
        self.skipped.iter().for_each(&mut note);
        for tag in &self.skipped_tags {
            if came(&tag.target)? && came(&tag.peeled.unwrap_or(tag.target))? {
                note(tag);
            }
        }
        Ok(skipped)
    }

    /// The objects to ask for, each once.
    pub(crate) fn ids(&self) -> Vec<ObjectId> {
        let mut seen = HashSet::new();
        let ids = self.refs.iter().map(|wanted| wanted.target);
        ids.filter(|id| seen.insert(*id)).collect()
    }

    /// The peeled targets of the refs: commits, except for odd tags.
    pub(crate) fn peeled(&self) -> Vec<ObjectId> {
        let refs = self.refs.iter();
        refs.map(|wanted| wanted.peeled.unwrap_or(wanted.target))
            .collect()
    }
}
