//! The characters that git takes for spaces in a text, and texts without them.

/// Whether git takes this byte for a space.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The text without spaces at its end.
pub(super) fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !is_space(*byte));
    end.and_then(|end| text.get(..=end)).unwrap_or_default()
}

/// The text without spaces around it.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(*byte));
    trim_end(
        start
            .and_then(|start| text.get(start..))
            .unwrap_or_default(),
    )
}
