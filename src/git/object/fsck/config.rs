//! The `submodule.*` settings of a configuration file, parsed as git's `config.c` parses them.
//!
//! `gix-config` would bring eight further crates into the wasm for this one file, accepts what
//! git does not and the other way round, and holds the whole file as events; here nothing is kept
//! but the current section's name and the current value.
//!
//! Where C's `char` is signed, git itself takes the byte ff for the end of a blob's configuration
//! and does not know a byte order mark there. Its client does know it in the file that it checks
//! out. This parser finds settings that are hidden that way.

/// One setting below `submodule.<name>`.
pub(super) struct Setting<'a> {
    /// The submodule's name.
    pub(super) name: &'a [u8],
    /// This is the first setting behind its section's header.
    pub(super) is_first: bool,
    /// The setting's key, in lower case.
    pub(super) key: &'a [u8],
    /// Its value, unquoted; `None` where there is no `=`.
    pub(super) value: Option<&'a [u8]>,
}

/// The file does not parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ParseError;

/// Calls `see` with each submodule setting, up to the end or the first error.
pub(super) fn parse_submodules(
    content: &[u8],
    mut see: impl FnMut(Setting<'_>),
) -> Result<(), ParseError> {
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
    let mut section = Section::Other;
    let mut is_first = true;
    let mut key = Vec::new();
    let mut value = Vec::new();
    loop {
        match source.next() {
            b'\n' if source.at_end => return Ok(()),
            byte if is_space(byte) => {}
            b'#' | b';' => source.skip_comment(),
            b'[' => {
                section = Section::of_header(&source.section_header()?);
                is_first = true;
            }
            byte if byte.is_ascii_alphabetic() => {
                key.clear();
                key.push(byte.to_ascii_lowercase());
                let has_value = source.setting(&mut key, &mut value)?;
                if let Section::Submodule { name, fixed_key } = &section {
                    let key = fixed_key.as_deref().unwrap_or(&key);
                    let value = has_value.then(|| until_nul(&value));
                    see(Setting {
                        name,
                        is_first,
                        key,
                        value,
                    });
                    is_first = false;
                }
            }
            _ => return Err(ParseError),
        }
    }
}

/// The section that settings are in.
enum Section {
    /// Not of submodules.
    Other,
    /// Of a submodule.
    Submodule {
        name: Vec<u8>,
        /// The key that git takes every setting for: it cuts the setting's full name at a NUL,
        /// and what stands behind the last dot is then a part of the header.
        fixed_key: Option<Vec<u8>>,
    },
}

impl Section {
    /// From the header as git writes it before a key: `submodule.name.`
    fn of_header(header: &[u8]) -> Self {
        let name = until_nul(header);
        let parts = name.strip_prefix(b"submodule.").and_then(|rest| {
            let dot = rest.iter().rposition(|byte| *byte == b'.')?;
            Some((rest.get(..dot)?, rest.get(dot.checked_add(1)?..)?))
        });
        match parts {
            None => Self::Other,
            Some((submodule, key)) => Self::Submodule {
                name: submodule.to_vec(),
                fixed_key: (name.len() < header.len()).then(|| key.to_vec()),
            },
        }
    }
}

/// Git hands names and values on as C strings.
fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
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
