//! A configuration file, parsed as git's `config.c` parses it.
//!
//! `gix-config` would bring eight further crates into the wasm for the two small files that are read
//! here, accepts files that git does not and the other way round, and holds the whole file as events. Here
//! nothing is kept but the current section's name and the current value.
//!
//! Where C's `char` is signed, git itself takes the byte ff for the end of a blob's configuration
//! and does not know a byte order mark there. Its client does know it in the file that it checks
//! out. This parser finds settings that are hidden that way.

/// One setting.
pub(crate) struct Setting<'a> {
    /// The section's name in lower case, a dot and the subsection if there is one, and a dot.
    pub(crate) header: &'a [u8],
    /// This is the first setting behind its section's header.
    pub(crate) is_first: bool,
    /// The setting's key, in lower case.
    pub(crate) key: &'a [u8],
    /// Its value, unquoted; `None` where there is no `=`.
    pub(crate) value: Option<&'a [u8]>,
}

/// The file does not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ParseError;

/// Calls `see` with each setting below a header, up to the end or the first error.
pub(crate) fn parse(content: &[u8], mut see: impl FnMut(Setting<'_>)) -> Result<(), ParseError> {
    let content = match content.strip_prefix(b"\xef\xbb\xbf") {
        Some(content) => content,
        // Git does not tolerate a part of a byte order mark.
        None if content.starts_with(b"\xef") => return Err(ParseError),
        None => content,
    };
    let mut source = Source {
        rest: content,
        at_end: false,
    };
    let mut header = None;
    let mut is_first = true;
    let mut key = Vec::new();
    let mut value = Vec::new();
    loop {
        match source.next() {
            b'\n' if source.at_end => return Ok(()),
            byte if is_space(byte) => {}
            b'#' | b';' => source.skip_comment(),
            b'[' => {
                header = Some(source.section_header()?);
                is_first = true;
            }
            byte if byte.is_ascii_alphabetic() => {
                key.clear();
                key.push(byte.to_ascii_lowercase());
                let has_value = source.setting(&mut key, &mut value)?;
                if let Some(header) = &header {
                    see(Setting {
                        header,
                        is_first,
                        key: &key,
                        value: has_value.then_some(&*value),
                    });
                    is_first = false;
                }
            }
            _ => return Err(ParseError),
        }
    }
}

/// Git's `isspace`, which knows no form feed.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// The bytes that are left.
struct Source<'a> {
    rest: &'a [u8],
    at_end: bool,
}

impl Source<'_> {
    /// The next byte: a newline for both ends of line, and for ever at the end.
    fn next(&mut self) -> u8 {
        match self.rest {
            [b'\r', b'\n', rest @ ..] => {
                self.rest = rest;
                b'\n'
            }
            [byte, rest @ ..] => {
                self.rest = rest;
                *byte
            }
            [] => {
                self.at_end = true;
                b'\n'
            }
        }
    }

    /// Up to the end of the line, which stays.
    fn skip_comment(&mut self) {
        let end = self
            .rest
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap_or(self.rest.len());
        self.rest = self.rest.get(end..).unwrap_or_default();
    }

    /// The text between `[` and `]`, with a dot before the subsection and one at the end.
    fn section_header(&mut self) -> Result<Vec<u8>, ParseError> {
        let mut header = Vec::new();
        loop {
            let byte = self.next();
            match byte {
                b']' if header.is_empty() => return Err(ParseError),
                b']' => break,
                _ if is_space(byte) => {
                    self.subsection(&mut header, byte)?;
                    break;
                }
                _ if is_key_byte(byte) || byte == b'.' => header.push(byte.to_ascii_lowercase()),
                _ => return Err(ParseError),
            }
        }
        header.push(b'.');
        Ok(header)
    }

    /// `"subsection"]` behind the space, on the same line.
    fn subsection(&mut self, header: &mut Vec<u8>, space: u8) -> Result<(), ParseError> {
        let mut byte = space;
        while is_space(byte) {
            if byte == b'\n' {
                return Err(ParseError);
            }
            byte = self.next();
        }
        if byte != b'"' {
            return Err(ParseError);
        }
        header.push(b'.');
        loop {
            byte = self.next();
            match byte {
                b'"' => break,
                b'\\' => byte = self.next(),
                _ => {}
            }
            if byte == b'\n' {
                return Err(ParseError);
            }
            header.push(byte);
        }
        if self.next() == b']' {
            Ok(())
        } else {
            Err(ParseError)
        }
    }

    /// The rest of a setting's key, and its value: whether it has one.
    fn setting(&mut self, key: &mut Vec<u8>, value: &mut Vec<u8>) -> Result<bool, ParseError> {
        let mut byte = self.next();
        while is_key_byte(byte) {
            key.push(byte.to_ascii_lowercase());
            byte = self.next();
        }
        while matches!(byte, b' ' | b'\t') {
            byte = self.next();
        }
        match byte {
            b'\n' => Ok(false),
            b'=' => self.value(value).map(|()| true),
            _ => Err(ParseError),
        }
    }

    /// A value up to the end of its last line: unquoted, without the space around it and without
    /// a comment.
    fn value(&mut self, value: &mut Vec<u8>) -> Result<(), ParseError> {
        value.clear();
        let mut quoted = false;
        // Length without the space at the end; 0 while there is no such space.
        let mut trimmed_bytes = 0;
        loop {
            let byte = self.next();
            match byte {
                b'\n' if quoted => return Err(ParseError),
                b'\n' => break,
                _ if is_space(byte) && !quoted => {
                    if trimmed_bytes == 0 {
                        trimmed_bytes = value.len();
                    }
                    if !value.is_empty() {
                        value.push(byte);
                    }
                    continue;
                }
                b';' | b'#' if !quoted => {
                    self.skip_comment();
                    continue;
                }
                b'\\' => match self.next() {
                    b'\n' => {}
                    b't' => value.push(b'\t'),
                    b'b' => value.push(8),
                    b'n' => value.push(b'\n'),
                    byte @ (b'\\' | b'"') => value.push(byte),
                    _ => return Err(ParseError),
                },
                b'"' => quoted = !quoted,
                _ => value.push(byte),
            }
            trimmed_bytes = 0;
        }
        if trimmed_bytes > 0 {
            value.truncate(trimmed_bytes);
        }
        Ok(())
    }
}
