//! The check of a commit (git's `fsck_commit`).

use gix_object::bstr::ByteSlice;

use super::finding::{Finding, MessageId};
use super::{headers, ident};

/// Reports the first thing that is wrong: like git, nothing is looked at behind it.
pub(super) fn check(content: &[u8], report: &mut impl FnMut(Finding)) {
    if let Err(finding) = first_flaw(content) {
        report(finding);
    }
}

fn first_flaw(content: &[u8]) -> Result<(), Finding> {
    headers::verify(content)?;
    let mut rest = content;
    let tree = headers::take_line(&mut rest, b"tree ").ok_or_else(|| {
        Finding::new(
            MessageId::MissingTree,
            "invalid format - expected 'tree' line",
        )
    })?;
    if !headers::is_id(tree) {
        return flaw(
            MessageId::BadTreeSha1,
            "invalid 'tree' line format - bad sha1",
        );
    }
    while let Some(parent) = headers::take_line(&mut rest, b"parent ") {
        if !headers::is_id(parent) {
            return flaw(
                MessageId::BadParentSha1,
                "invalid 'parent' line format - bad sha1",
            );
        }
    }
    let mut author_count = 0_u8;
    while let Some(author) = headers::take_line(&mut rest, b"author ") {
        author_count = author_count.saturating_add(1);
        ident::check(author)?;
    }
    match author_count {
        0 => {
            return flaw(
                MessageId::MissingAuthor,
                "invalid format - expected 'author' line",
            );
        }
        1 => {}
        _ => {
            return flaw(
                MessageId::MultipleAuthors,
                "invalid format - multiple 'author' lines",
            );
        }
    }
    let committer = headers::take_line(&mut rest, b"committer ").ok_or_else(|| {
        Finding::new(
            MessageId::MissingCommitter,
            "invalid format - expected 'committer' line",
        )
    })?;
    ident::check(committer)?;
    // There is none in the headers.
    if rest.find_byte(0).is_some() {
        return flaw(MessageId::NulInCommit, "NUL byte in the commit object body");
    }
    Ok(())
}

fn flaw(id: MessageId, detail: &'static str) -> Result<(), Finding> {
    Err(Finding::new(id, detail))
}
