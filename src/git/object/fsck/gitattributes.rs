//! The check of a `.gitattributes` blob, against sizes that overflowed in git
//! (CVE-2022-23521).

use gix_object::bstr::ByteSlice;

use super::finding::{Finding, MessageId, Special};

/// Bytes of the largest file that git reads (`ATTR_MAX_FILE_SIZE`).
const FILE_BYTES_MAX: usize = 100 << 20;
/// Bytes of the longest line, plus one (`ATTR_MAX_LINE_LENGTH`).
const LINE_BYTES_END: usize = 2048;

/// Reports the faults that git refuses in a `.gitattributes` file.
pub(crate) fn check_gitattributes(content: &[u8], report: &mut impl FnMut(Finding)) {
    if content.len() > FILE_BYTES_MAX {
        report(Special::Gitattributes.too_large());
        return;
    }
    // Git reads the file as a C string.
    let text = content
        .find_byte(0)
        .and_then(|end| content.get(..end))
        .unwrap_or(content);
    if text
        .split(|byte| *byte == b'\n')
        .any(|line| line.len() >= LINE_BYTES_END)
    {
        report(Finding::new(
            MessageId::GitattributesLineLength,
            ".gitattributes has too long lines to parse",
        ));
    }
}
