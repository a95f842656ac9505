//! The `submodule.*` settings of a configuration file.

use crate::git::config::{self, ParseError};

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

/// Calls `see` with each submodule setting, up to the end or the first error.
pub(super) fn parse_submodules(
    content: &[u8],
    mut see: impl FnMut(Setting<'_>),
) -> Result<(), ParseError> {
    let mut section = Section::Other;
    config::parse(content, |setting| {
        if setting.is_first {
            section = Section::of_header(setting.header);
        }
        if let Section::Submodule { name, fixed_key } = &section {
            see(Setting {
                name,
                is_first: setting.is_first,
                key: fixed_key.as_deref().unwrap_or(setting.key),
                value: setting.value.map(until_nul),
            });
        }
    })
}

/// The section that settings are in.
enum Section {
    /// Any other section.
    Other,
    /// The section of a submodule.
    Submodule {
        name: Vec<u8>,
        /// The key that git takes every setting for: it cuts the setting's full name at a NUL,
        /// and the text behind the last dot is then a part of the header.
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
