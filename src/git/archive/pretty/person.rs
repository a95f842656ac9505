//! A line `name <address> time zone`, as leniently as git reads it (`split_ident_line` of its `ident.c`).

use gix_mailmap::Snapshot;
use gix_object::bstr::ByteSlice as _;

use super::dates::Moment;
use super::text::trim_end;

/// The person who made a commit, and the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person<'a> {
    pub(super) name: &'a [u8],
    pub(super) email: &'a [u8],
    /// The digits of the time, and the zone.
    date: Option<(&'a [u8], i64)>,
}

impl<'a> Person<'a> {
    /// `None` if the line has no address in brackets.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let (name, rest) = line.split_once_str("<")?;
        let (email, _) = rest.split_once_str(">")?;
        let (_, date) = line.rsplit_once_str(">")?;
        let mut words = date.fields();
        let is_number = |word: &&[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
        let seconds = words.next().filter(is_number);
        let zone = words
            .next()
            .and_then(|zone| zone.to_str().ok()?.parse().ok());
        Some(Self {
            name: trim_end(name),
            email,
            date: seconds.zip(zone),
        })
    }

    /// The same with the name and address that a mail map gives.
    pub(super) fn mapped(mut self, mailmap: &'a Snapshot) -> Self {
        let known = gix_actor::SignatureRef {
            name: self.name.as_bstr(),
            email: self.email.as_bstr(),
            time: "",
        };
        if let Some(found) = mailmap.try_resolve_ref(known) {
            self.name = found.name.map_or(self.name, |name| name.as_bytes());
            self.email = found.email.map_or(self.email, |email| email.as_bytes());
        }
        self
    }

    /// The part before the `@`.
    pub(super) fn local_part(&self) -> &'a [u8] {
        let split = self.email.split_once_str("@");
        split.map_or(self.email, |(local, _)| local)
    }

    /// The digits of the time.
    pub(super) fn seconds(&self) -> Option<&'a [u8]> {
        self.date.map(|(seconds, _)| seconds)
    }

    /// The time. A number that is too large counts as 0.
    pub(super) fn moment(&self) -> Option<Moment> {
        let (seconds, zone) = self.date?;
        let seconds = seconds.to_str().ok().and_then(|text| text.parse().ok());
        Some(Moment {
            seconds: seconds.unwrap_or(0),
            zone,
        })
    }
}
