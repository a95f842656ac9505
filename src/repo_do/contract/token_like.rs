//! Texts that may be tokens: they are kept out of the log.

/// How every token starts.
pub(crate) const TOKEN_PREFIX: &str = "cairn_";
/// Follows the prefix in the older form.
pub(crate) const TOKEN_VERSION_1: &str = "v1_";
/// After the prefix, this many digits are not an ordinary word.
const RESEMBLING_DIGITS: usize = 16;

/// Whether something stands in the text that may be a token, if only a mistyped or a broken one.
#[must_use]
pub(crate) fn resembles_token(text: &str) -> bool {
    text.match_indices(TOKEN_PREFIX).any(|(at, prefix)| {
        let rest = text.get(at.saturating_add(prefix.len())..);
        let rest = rest.unwrap_or_default();
        let digits = rest.bytes().take_while(u8::is_ascii_alphanumeric);
        rest.starts_with(TOKEN_VERSION_1) || digits.count() >= RESEMBLING_DIGITS
    })
}

#[cfg(test)]
mod tests {
    use super::resembles_token;

    const OLD: &str = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    const NEW: &str = "cairn_0123456789abcdefghijklmnopqrstuvw";

    #[test]
    fn texts_that_may_be_tokens_differ_from_names() {
        for secret in [OLD, NEW, "cairn_v1_0", &NEW[..22], &format!("{NEW}x")] {
            assert!(resembles_token(&format!("a-{secret}.git")), "{secret}");
        }
        for name in [
            "",
            "cairn",
            "cairn_",
            "cairn_web-0123456789abcdef",
            "my_cairn_app",
        ] {
            assert!(!resembles_token(name), "{name}");
        }
    }
}
