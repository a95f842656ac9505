//! The check of an annotated tag (git's `fsck_tag`).

use gix_object::bstr::ByteSlice;

use super::finding::{Finding, MessageId};
use super::strictness::Strictness;
use super::{headers, ident};
use crate::git::object::ObjectKind;

/// Reports the first finding that refuses the tag, and the milder ones before it.
///
/// Git's `extraHeaderEntry`, for lines between the tagger and the message, is off by default
/// and is left out.
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
    headers::verify(content)?;
    let mut rest = content;
    let missing = |id, detail| move || Finding::new(id, detail);

    let object = headers::take_line(&mut rest, b"object ").ok_or_else(missing(
        MessageId::MissingObject,
        "invalid format - expected 'object' line",
    ))?;
    if !headers::is_id(object) {
        let detail = "invalid 'object' line format - bad sha1";
        return Err(Finding::new(MessageId::BadObjectSha1, detail));
    }
    let kind = headers::take_line(&mut rest, b"type ").ok_or_else(missing(
        MessageId::MissingTypeEntry,
        "invalid format - expected 'type' line",
    ))?;
    if ObjectKind::from_name(kind).is_none() {
        return Err(Finding::new(MessageId::BadType, "invalid 'type' value"));
    }
    let name = headers::take_line(&mut rest, b"tag ").ok_or_else(missing(
        MessageId::MissingTagEntry,
        "invalid format - expected 'tag' line",
    ))?;
    if gix_validate::tag::name(name.as_bstr()).is_err() {
        warn(Finding::about(
            MessageId::BadTagName,
            "invalid 'tag' name",
            name,
        ));
    }
    // The earliest tags have no tagger.
    let tagger = match headers::take_line(&mut rest, b"tagger ") {
        Some(tagger) => ident::check(tagger),
        None => Err(Finding::new(
            MessageId::MissingTaggerEntry,
            "invalid format - expected 'tagger' line",
        )),
    };
    strictness.pass(tagger, warn)
}
