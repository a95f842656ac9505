//! The command `ls-refs`: <https://git-scm.com/docs/gitprotocol-v2#_ls_refs>.

use gix_object::bstr::{BStr, BString, ByteSlice};

use super::advertise::AdvertisedRef;
use super::capabilities::Offer;
use super::{oid_hex, pktline};

/// With this many `ref-prefix` lines, git gives up on them and shows every ref; so do we.
const PREFIXES_MAX: usize = 65_536;

/// An argument that `ls-refs` does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unexpected line: '{line}'")]
pub struct LsRefsError {
    /// The argument.
    pub line: String,
}

/// The facts that the client wants of the refs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LsRefsRequest {
    /// The peeled ids of tags.
    pub peel: bool,
    /// The targets of symrefs.
    pub(crate) symrefs: bool,
    /// `HEAD` too when its branch does not exist yet.
    pub unborn: bool,
    /// The beginnings of the names that the client wants: sorted, and no entry begins with
    /// another. Empty means every name.
    prefixes: Vec<BString>,
}

impl LsRefsRequest {
    /// Takes one argument.
    pub(super) fn argument(&mut self, line: &[u8], offer: &Offer<'_>) -> Result<(), LsRefsError> {
        match line {
            b"peel" => self.peel = true,
            b"symrefs" => self.symrefs = true,
            b"unborn" if offer.ls_refs.contains(&"unborn") => self.unborn = true,
            _ => match line.strip_prefix(b"ref-prefix ") {
                Some(prefix) if self.prefixes.len() < PREFIXES_MAX => {
                    self.prefixes.push(prefix.into());
                }
                Some(_) => {}
                None => {
                    return Err(LsRefsError {
                        line: pktline::quoted(line),
                    });
                }
            },
        }
        Ok(())
    }

    /// All arguments are there.
    pub(super) fn complete(mut self) -> Self {
        if self.prefixes.len() >= PREFIXES_MAX {
            self.prefixes.clear();
        }
        self.prefixes.sort_unstable();
        self.prefixes
            .dedup_by(|longer, shorter| longer.starts_with(shorter));
        if self
            .prefixes
            .first()
            .is_some_and(|prefix| prefix.is_empty())
        {
            self.prefixes.clear();
        }
        self
    }

    /// How wanted names begin: sorted, none beginning with another; empty when all are wanted.
    pub(crate) fn prefixes(&self) -> &[BString] {
        &self.prefixes
    }

    /// Whether the client wants this ref.
    pub(crate) fn wants(&self, name: &BStr) -> bool {
        // Among prefixes that do not begin with one another, only the last that sorts up to the name can be
        // the beginning of it.
        let sorted_up_to = self
            .prefixes
            .partition_point(|prefix| prefix.as_bstr() <= name);
        match sorted_up_to.checked_sub(1) {
            Some(last) => self
                .prefixes
                .get(last)
                .is_some_and(|prefix| name.starts_with(prefix)),
            None => self.prefixes.is_empty(),
        }
    }

    /// Writes the line of one ref, if the client wants it. They come sorted by name,
    /// `HEAD` first. `symref_target` is the target of a symref.
    pub(crate) fn write_ref(
        &self,
        shown: &AdvertisedRef<'_>,
        symref_target: Option<&BStr>,
        out: &mut Vec<u8>,
    ) {
        if !self.wants(shown.name) {
            return;
        }
        let target = oid_hex::hex(&shown.target);
        let peeled = shown
            .peeled
            .filter(|_| self.peel)
            .map(|id| oid_hex::hex(&id));
        let symref = symref_target.filter(|_| self.symrefs);
        if peeled.is_none() && symref.is_none() {
            // Nearly every line.
            return pktline::text(&[&target, b" ", shown.name], out);
        }
        // No list is allocated: a repository has up to hundreds of thousands of lines.
        let pieces: [&[u8]; 7] = [
            &target,
            b" ",
            shown.name,
            symref.map_or(b"", |_| b" symref-target:"),
            symref.map_or(b"", |name| name.as_bytes()),
            peeled.as_ref().map_or(b"", |_| b" peeled:"),
            peeled.as_ref().map_or(b"", |digits| &digits[..]),
        ];
        pktline::text(&pieces, out);
    }

    /// Writes the line of `HEAD` when its branch does not exist yet, if the client asked for that.
    pub(crate) fn write_unborn_head(&self, symref_target: &BStr, out: &mut Vec<u8>) {
        if self.unborn && self.symrefs && self.wants("HEAD".into()) {
            pktline::text(&[b"unborn HEAD symref-target:", symref_target], out);
        }
    }
}

#[cfg(test)]
mod tests;
