//! The check of a commit (git's `fsck_commit`).

use gix_object::bstr::ByteSlice;

use super::finding::{Finding, MessageId};
use super::strictness::Strictness;
use super::{headers, ident};

/// Reports the faults up to the first one that is refused: like git, it looks at nothing behind it.
pub(super) fn check(content: &[u8], strictness: Strictness, report: &mut impl FnMut(Finding)) {
    if let Err(finding) = first_refused(content, strictness, report) {
        report(finding);
    }
}

fn first_refused(
    content: &[u8],
    strictness: Strictness,
    warn: &mut impl FnMut(Finding),
) -> Result<(), Finding> {
    let mut pass = |checked: Result<(), Finding>| strictness.pass(checked, warn);
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
        pass(ident::check(author))?;
    }
    pass(match author_count {
        0 => flaw(
            MessageId::MissingAuthor,
            "invalid format - expected 'author' line",
        ),
        1 => Ok(()),
        _ => flaw(
            MessageId::MultipleAuthors,
            "invalid format - multiple 'author' lines",
        ),
    })?;
    let committer = headers::take_line(&mut rest, b"committer ").ok_or_else(|| {
        Finding::new(
            MessageId::MissingCommitter,
            "invalid format - expected 'committer' line",
        )
    })?;
    pass(ident::check(committer))?;
    // The headers have no NUL.
    if rest.find_byte(0).is_some() {
        return pass(flaw(
            MessageId::NulInCommit,
            "NUL byte in the commit object body",
        ));
    }
    Ok(())
}

fn flaw(id: MessageId, detail: &'static str) -> Result<(), Finding> {
    Err(Finding::new(id, detail))
}
