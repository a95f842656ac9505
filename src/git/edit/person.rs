//! The person who made a commit or a tag: names and addresses cleaned as git's `ident.c` cleans them.

use gix_object::bstr::BString;

use super::date::Date;

/// Bytes of a name or an address, at most.
pub(crate) const NAME_BYTES_MAX: usize = 1024;

/// A name, an address and a date, as they stand in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    name: String,
    email: String,
    date: Date,
}

/// Git does not take the name or the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonFault {
    /// It is too long.
    #[error("{part} has {bytes} bytes, at most {NAME_BYTES_MAX} are taken")]
    TooLong {
        /// Which.
        part: PersonPart,
        /// Its bytes.
        bytes: usize,
    },
    /// It has a NUL.
    #[error("{part} has a NUL byte at offset {offset}")]
    Nul {
        /// Which.
        part: PersonPart,
        /// Where.
        offset: usize,
    },
    /// The name is empty, or has nothing but characters that git takes away.
    #[error(
        "name has no character that git keeps (it drops spaces and , : ; < > \" \\ ' at the ends)"
    )]
    NoName,
}

impl PersonFault {
    /// Which part is at fault.
    pub fn part(self) -> PersonPart {
        match self {
            Self::TooLong { part, .. } | Self::Nul { part, .. } => part,
            Self::NoName => PersonPart::Name,
        }
    }
}

/// A part of a [`Person`] that a caller gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonPart {
    /// The name.
    Name,
    /// The address.
    Email,
}

impl std::fmt::Display for PersonPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Email => "email",
        })
    }
}

impl Person {
    /// Cleans a name and an address. As in git, a name has to be left, and an address may be empty.
    pub fn new(name: &str, email: &str, date: Date) -> Result<Self, PersonFault> {
        for (part, text) in [(PersonPart::Name, name), (PersonPart::Email, email)] {
            let bytes = text.len();
            if bytes > NAME_BYTES_MAX {
                return Err(PersonFault::TooLong { part, bytes });
            }
            if let Some(offset) = text.find('\0') {
                return Err(PersonFault::Nul { part, offset });
            }
        }
        let name = without_crud(name);
        if name.is_empty() {
            return Err(PersonFault::NoName);
        }
        Ok(Self {
            name,
            email: without_crud(email),
            date,
        })
    }

    /// `name <address>`, as in a trailer.
    pub fn name_and_email(&self) -> String {
        format!("{} <{}>", self.name, self.email)
    }

    /// `name <address> seconds zone`, as in a header.
    pub fn line(&self) -> BString {
        format!("{} <{}> {}", self.name, self.email, self.date).into()
    }

    /// The name, cleaned.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address, cleaned.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The date.
    pub fn date(&self) -> Date {
        self.date
    }
}

/// Git's `strbuf_addstr_without_crud`: takes crud from both ends, and from inside characters that would end
/// the name or the address.
fn without_crud(text: &str) -> String {
    let is_crud =
        |c: char| c <= ' ' || matches!(c, ',' | ':' | ';' | '<' | '>' | '"' | '\\' | '\'');
    let text = text.trim_matches(is_crud);
    text.replace(['\n', '<', '>'], "")
}
