//! Finds secrets in bytes by their well-known forms: tokens of services, keys of clouds, blocks with
//! private keys. It knows nothing of Git.
//!
//! Nearly every such token is a word of at least [`words::WORD_BYTES_MIN`] bytes, and few words of
//! ordinary text are that long. So the search finds long words, 64 bytes at a time ([`blocks`]), and
//! compares beginnings in them alone: another form costs nothing. A text that fits a form must also
//! look as if chance had made it ([`chance`]), because examples and placeholders have the same forms.

mod blocks;
mod chance;
pub mod checksum;
mod forms;
mod key_block;
mod links;
mod shapes;
mod words;

use std::fmt;
use std::ops::Range;

use memchr::memmem::Finder;

use forms::{FORMS, Form};
use words::{Class, WORD_BYTES_MIN, Words};

/// A kind of secret, by its name: `github-token`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretKind(&'static str);

impl SecretKind {
    /// Its name: lower case, digits and hyphens.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.0 == name)
    }

    /// Every kind, each once or more.
    pub fn all() -> impl Iterator<Item = Self> {
        let forms = FORMS.iter().map(|form| form.kind);
        forms.chain(links::KINDS).chain([key_block::KIND])
    }
}

impl fmt::Debug for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for SecretKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A secret that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its kind.
    pub kind: SecretKind,
    /// Its bytes in the content.
    pub range: Range<usize>,
}

/// Searches contents: one searcher serves for many.
#[derive(Debug)]
pub struct Searcher {
    /// For each byte, where [`FORMS`] has the forms that begin with it.
    by_first: Vec<Range<usize>>,
    key_block: Finder<'static>,
}

impl Default for Searcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Searcher {
    /// A searcher for all kinds.
    pub fn new() -> Self {
        let first = |form: &Form| form.prefix.first().copied().unwrap_or(0);
        let begins = |byte| {
            let from = FORMS.partition_point(|form| first(form) < byte);
            from..FORMS.partition_point(|form| first(form) <= byte)
        };
        Self {
            by_first: (0..=u8::MAX).map(begins).collect(),
            key_block: Finder::new(key_block::NEEDLE),
        }
    }

    /// Calls `found` for each secret in the content, and ends where that returns `false`. Key blocks
    /// come last.
    pub fn search(&self, content: &[u8], found: &mut dyn FnMut(Secret) -> bool) {
        for word in Words::new(content) {
            if !self.search_word(content, &word, found) {
                return;
            }
        }
        for at in self.key_block.find_iter(content) {
            if let Some(secret) = key_block::at(content, at)
                && !found(secret)
            {
                return;
            }
        }
    }

    /// Whether the search goes on.
    fn search_word(
        &self,
        content: &[u8],
        word: &Range<usize>,
        found: &mut dyn FnMut(Secret) -> bool,
    ) -> bool {
        let behind_escape = behind_escape(content, word);
        let begins = std::iter::once(word.start).chain(behind_escape);
        let mut linked = begins.filter_map(|start| links::around(content, &(start..word.end)));
        if let Some(secret) = linked.next()
            && !found(secret)
        {
            return false;
        }
        // No form is shorter than the shortest word.
        let last = word.end.saturating_sub(WORD_BYTES_MIN);
        let mut at = word.start;
        while at <= last {
            let begins_word = at == word.start || Some(at) == behind_escape;
            let secret = if begins_secret(content, at, begins_word) {
                self.form_at(content, at)
            } else {
                None
            };
            at += 1;
            if let Some(secret) = secret {
                at = at.max(secret.range.end);
                if !found(secret) {
                    return false;
                }
            }
        }
        true
    }

    fn form_at(&self, content: &[u8], at: usize) -> Option<Secret> {
        let rest = content.get(at..)?;
        let range = self.by_first.get(usize::from(*rest.first()?))?;
        let forms = FORMS.get(range.clone())?;
        forms.iter().find_map(|form| {
            let body = rest.strip_prefix(form.prefix)?;
            let body_bytes = form.body.bytes_of(body)?;
            let end = at + form.prefix.len() + body_bytes;
            Some(Secret {
                kind: form.kind,
                range: at..end,
            })
        })
    }
}

/// Where the word begins behind the rest of an escape, if it has one: `\n`, `%3D`.
fn behind_escape(content: &[u8], word: &Range<usize>) -> Option<usize> {
    let rest_bytes = match content.get(word.start.checked_sub(1)?)? {
        b'\\' => 1,
        b'%' => 2,
        _ => return None,
    };
    Some(word.start + rest_bytes)
}

/// Whether a secret may begin here: at the beginning of a word, or after a mark in it.
fn begins_secret(content: &[u8], at: usize, begins_word: bool) -> bool {
    let is_alnum = |at: usize| content.get(at).map(|byte| Class::ALNUM.has(*byte));
    let follows_mark = || at.checked_sub(1).and_then(is_alnum) == Some(false);
    is_alnum(at) == Some(true) && (begins_word || follows_mark())
}

#[cfg(test)]
mod tests;
