//! Paths as git prints them: in quotes, with escapes, if they have bytes that a line could not hold or that
//! are not ASCII (`quote_c_style` of git's `quote.c`, `core.quotePath` at its default).

/// Appends a path, quoted if need be.
pub fn write_path(path: &[u8], out: &mut Vec<u8>) {
    write_prefixed("", path, out);
}

/// The same with a prefix, which stands inside the quotes.
pub fn write_prefixed(prefix: &str, path: &[u8], out: &mut Vec<u8>) {
    if !needs_quotes(path) {
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(path);
        return;
    }
    out.push(b'"');
    out.extend_from_slice(prefix.as_bytes());
    for byte in path {
        write_byte(*byte, out);
    }
    out.push(b'"');
}

/// Whether git prints the path in quotes.
pub(super) fn needs_quotes(path: &[u8]) -> bool {
    path.iter().copied().any(must_be_escaped)
}

fn must_be_escaped(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f..)
}

fn write_byte(byte: u8, out: &mut Vec<u8>) {
    let letter = match byte {
        0x07 => b'a',
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0b => b'v',
        0x0c => b'f',
        b'\r' => b'r',
        b'"' | b'\\' => byte,
        _ if must_be_escaped(byte) => {
            let digit = |shift: u32| b'0' | ((byte >> shift) & 7);
            out.extend_from_slice(&[b'\\', digit(6), digit(3), digit(0)]);
            return;
        }
        _ => {
            out.push(byte);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_as_git_quotes_them() {
        for (path, quoted) in [
            (&b"plain name"[..], "b/plain name"),
            (b"", "b/"),
            (b"tab\there", r#""b/tab\there""#),
            (b"q\"b\\", r#""b/q\"b\\""#),
            (b"\xc3\xa9\x01\x7f", r#""b/\303\251\001\177""#),
            (b"\x07\x08\n\x0b\x0c\r", r#""b/\a\b\n\v\f\r""#),
        ] {
            let mut out = Vec::new();
            write_prefixed("b/", path, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), quoted);
        }
    }
}
