//! The refs of a remote: <https://git-scm.com/docs/gitprotocol-v2#_ls_refs>.
//!
//! This keeps the refs that are asked for and the target of `HEAD`. It reads and forgets all other refs
//! that a server may list (merge requests by the thousand). It does not judge names: the code that makes
//! refs of them does, and can then report the ones that it left out.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};

use super::super::limits::Limits;
use super::super::protocol::oid_hex;
use super::super::protocol::pktline::{Decoder, Packet, chomp};
use super::error::{FetchClientError, err_message};
use super::selection::RefSelection;

/// Bytes of a list of refs, those that are not kept included.
pub(super) const LIST_BYTES_MAX: usize = 64 << 20;

/// A ref of the remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteRef {
    /// Its full name.
    pub name: BString,
    /// The object that it points to.
    pub target: ObjectId,
    /// The peeled target, when that is a tag object.
    pub peeled: Option<ObjectId>,
}

/// The refs of a remote that are asked for, and its `HEAD`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RemoteRefs {
    /// The refs that are asked for, in the order sent.
    pub refs: Vec<RemoteRef>,
    /// The branch that `HEAD` is a symref to, whether or not that branch exists.
    pub head: Option<BString>,
    /// Commits that the remote has without their parents, as versions 0 and 1 tell in advance.
    pub shallow: Vec<ObjectId>,
    /// Bytes of the names of `refs`.
    name_bytes: usize,
    /// The object that `HEAD` points to, when no symref says more.
    head_target: Option<ObjectId>,
}

impl RemoteRefs {
    /// The ref of this name.
    pub(crate) fn find(&self, name: &BStr) -> Option<&RemoteRef> {
        self.refs.iter().find(|found| found.name == name)
    }

    /// Gives the refs that came since it was asked last. Who looks at each piece of a list as it comes
    /// holds few of them, and bounds what it keeps itself.
    pub(super) fn drain(&mut self) -> Vec<RemoteRef> {
        self.name_bytes = 0;
        std::mem::take(&mut self.refs)
    }

    /// Bytes that they take, here and in the lists made from them.
    pub(crate) fn held_bytes(&self) -> u64 {
        let refs = self.refs.len().saturating_mul(size_of::<RemoteRef>());
        (refs.saturating_add(self.name_bytes) as u64).saturating_mul(3)
    }

    /// Takes one ref that is listed; bounds the memory for them.
    pub(super) fn add(
        &mut self,
        found: RemoteRef,
        asked: &RefSelection,
        limits: &Limits,
    ) -> Result<(), FetchClientError> {
        if found.name == "HEAD" {
            self.head_target = Some(found.target);
            return Ok(());
        }
        if !asked.takes(found.name.as_bstr()) {
            return Ok(());
        }
        let refs_max = limits.commands_max;
        if self.refs.len() >= refs_max {
            return Err(FetchClientError::TooManyRefs { refs_max });
        }
        self.name_bytes = self.name_bytes.saturating_add(found.name.len());
        let bytes_max = limits.command_bytes_max;
        if self.name_bytes > bytes_max {
            return Err(FetchClientError::RefNamesTooLong { bytes_max });
        }
        self.refs.push(found);
        Ok(())
    }

    /// Notes the peeled target of the last ref, a tag (versions 0 and 1).
    pub(super) fn peel_last(&mut self, name: &[u8], peeled: ObjectId) {
        if let Some(last) = self.refs.last_mut().filter(|last| last.name == name) {
            last.peeled = Some(peeled);
        }
    }

    /// All are there: if the remote named no symref, `HEAD` is the branch that points where it does,
    /// if several do, the usual one.
    pub(super) fn complete(mut self) -> Self {
        if self.head.is_none()
            && let Some(target) = self.head_target
        {
            let mut fits = self.refs.iter().filter(|found| {
                found.target == target && found.name.starts_with_str("refs/heads/")
            });
            let usual = ["refs/heads/main", "refs/heads/master"];
            let best = fits
                .clone()
                .find(|found| usual.iter().any(|name| found.name == *name));
            self.head = best.or_else(|| fits.next()).map(|found| found.name.clone());
        }
        self
    }
}

/// Reads the answer to `ls-refs`, which arrives in pieces.
#[derive(Debug)]
pub(crate) struct RefsReader {
    decoder: Decoder,
    asked: RefSelection,
    limits: Limits,
    refs: RemoteRefs,
    done: bool,
}

impl RefsReader {
    /// Starts before the first byte of the answer.
    pub(crate) fn new(asked: &RefSelection, limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(LIST_BYTES_MAX),
            asked: asked.clone(),
            limits: *limits,
            refs: RemoteRefs::default(),
            done: false,
        }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, mut input: &[u8]) -> Result<(), FetchClientError> {
        while let Some(packet) = self.decoder.next(&mut input)? {
            match packet {
                Packet::Data(line) if !self.done => {
                    take_line(&mut self.refs, chomp(line), &self.asked, &self.limits)?;
                }
                Packet::Data(line) => return Err(FetchClientError::unexpected(line)),
                Packet::Flush | Packet::ResponseEnd => self.done = true,
                Packet::Delim => return Err(FetchClientError::unexpected(b"0001")),
            }
        }
        Ok(())
    }

    /// The refs that came since it was asked last.
    pub(crate) fn drain(&mut self) -> Vec<RemoteRef> {
        self.refs.drain()
    }

    /// The input has ended: the refs that were not drained, and `HEAD`.
    pub(crate) fn finish(self) -> Result<RemoteRefs, FetchClientError> {
        if !self.done {
            return Err(super::super::protocol::pktline::PktLineError::Truncated.into());
        }
        Ok(self.refs.complete())
    }
}

/// `<id> <name> [symref-target:<name>] [peeled:<id>]`, or `unborn HEAD symref-target:<name>`.
fn take_line(
    refs: &mut RemoteRefs,
    line: &[u8],
    asked: &RefSelection,
    limits: &Limits,
) -> Result<(), FetchClientError> {
    if let Some(message) = err_message(line) {
        return Err(FetchClientError::refused(message));
    }
    let unexpected = || FetchClientError::unexpected(line);
    let mut words = line.split(|&byte| byte == b' ');
    let target = words.next().unwrap_or_default();
    let name = words.next().ok_or_else(unexpected)?;
    let target = match target {
        b"unborn" => None,
        hex => Some(oid_hex::parse(hex).ok_or_else(unexpected)?),
    };
    let mut peeled = None;
    for word in words {
        if let Some(hex) = word.strip_prefix(b"peeled:") {
            peeled = Some(oid_hex::parse(hex).ok_or_else(unexpected)?);
        } else if let Some(branch) = word.strip_prefix(b"symref-target:")
            && name == b"HEAD"
        {
            refs.head = Some(branch.into());
        }
    }
    match target {
        Some(target) => refs.add(
            RemoteRef {
                name: name.into(),
                target,
                peeled,
            },
            asked,
            limits,
        ),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::protocol::splits;
    use super::*;

    const A: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
    const B: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn id(hex: &str) -> ObjectId {
        ObjectId::from_hex(hex.as_bytes()).unwrap()
    }

    fn packets(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            super::super::super::protocol::pktline::text(&[line.as_bytes()], &mut out);
        }
        super::super::super::protocol::pktline::flush(&mut out);
        out
    }

    fn read(bytes: &[u8], limits: &Limits) -> Result<RemoteRefs, FetchClientError> {
        splits::check(bytes, |pieces| {
            let mut reader = RefsReader::new(&RefSelection::default(), limits);
            for piece in pieces {
                reader.feed(piece)?;
            }
            reader.finish()
        })
    }

    #[test]
    fn branches_tags_and_head_are_kept() {
        let bytes = packets(&[
            &format!("{A} HEAD symref-target:refs/heads/trunk"),
            &format!("{A} refs/heads/trunk"),
            &format!("{B} refs/pull/1/head"),
            &format!("{B} refs/tags/v1 peeled:{A}"),
        ]);
        let refs = read(&bytes, &Limits::DEFAULT).unwrap();
        assert_eq!(
            refs.head.as_ref().map(|head| head.as_bstr()),
            Some("refs/heads/trunk".into())
        );
        let names: Vec<_> = refs
            .refs
            .iter()
            .map(|found| found.name.to_string())
            .collect();
        assert_eq!(names, ["refs/heads/trunk", "refs/tags/v1"]);
        let tag = refs.find("refs/tags/v1".into()).unwrap();
        assert_eq!((tag.target, tag.peeled), (id(B), Some(id(A))));
    }

    #[test]
    fn a_name_that_no_client_can_store_is_listed_all_the_same() {
        let long = format!("refs/heads/{}", "l".repeat(5000));
        let bytes = packets(&[&format!("{A} {long}"), &format!("{A} refs/heads/a")]);
        let refs = read(&bytes, &Limits::DEFAULT).unwrap();
        let names: Vec<_> = refs.refs.iter().map(|found| found.name.len()).collect();
        assert_eq!(names, [long.len(), 12]);
    }

    #[test]
    fn an_unborn_head_names_its_branch() {
        let bytes = packets(&["unborn HEAD symref-target:refs/heads/main"]);
        let refs = read(&bytes, &Limits::DEFAULT).unwrap();
        assert_eq!(
            refs.head.as_ref().map(|head| head.as_bstr()),
            Some("refs/heads/main".into())
        );
        assert!(refs.refs.is_empty());
    }

    #[test]
    fn a_detached_head_is_the_usual_branch_at_its_commit() {
        let lines = [
            format!("{A} HEAD"),
            format!("{A} refs/heads/a"),
            format!("{A} refs/heads/master"),
            format!("{B} refs/heads/main"),
        ];
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let refs = read(&packets(&lines), &Limits::DEFAULT).unwrap();
        assert_eq!(
            refs.head.as_ref().map(|head| head.as_bstr()),
            Some("refs/heads/master".into())
        );
        let refs = read(&packets(&lines[..2]), &Limits::DEFAULT).unwrap();
        assert_eq!(
            refs.head.as_ref().map(|head| head.as_bstr()),
            Some("refs/heads/a".into())
        );
    }

    #[test]
    fn a_fault_is_named() {
        let check = |lines: &[&str], expect: &FetchClientError| {
            assert_eq!(
                read(&packets(lines), &Limits::DEFAULT).as_ref(),
                Err(expect)
            );
        };
        check(
            &["ERR no\tway "],
            &FetchClientError::Refused("no way".to_owned()),
        );
        for line in [
            "",
            "x refs/heads/a",
            &A[1..],
            A,
            &format!("{A} a peeled:{}", &B[1..]),
        ] {
            let expect = FetchClientError::unexpected(line.as_bytes());
            check(&[line], &expect);
        }
        let tight = Limits {
            commands_max: 1,
            ..Limits::DEFAULT
        };
        let two = packets(&[&format!("{A} refs/heads/a"), &format!("{A} refs/heads/b")]);
        let expect = FetchClientError::TooManyRefs { refs_max: 1 };
        assert_eq!(read(&two, &tight), Err(expect));
        let cut = &two[..two.len() - 4];
        let truncated = super::super::super::protocol::pktline::PktLineError::Truncated;
        assert_eq!(read(cut, &Limits::DEFAULT), Err(truncated.into()));
    }
}
