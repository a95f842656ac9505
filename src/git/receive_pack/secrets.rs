//! Push protection: the blobs that a push brings are searched for secrets while their content is in
//! memory, and the push is refused unless the pusher overrides that.
//!
//! The search notes its findings by position. Which of these blobs are new, and at which paths they stand, is
//! looked up once all objects are known, and only if there is something to look up
//! ([`super::secret_paths`]).

use std::collections::BTreeSet;
use std::fmt;

use cairn_secrets::{Searcher, SecretKind};
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

/// Bytes of the largest blob that is searched.
const SEARCHED_BYTES_MAX: usize = 1 << 20;

/// Secrets that are noted, some 24 bytes each. If a push has more, nobody knows which of them are new.
const NOTED_MAX: usize = 10_000;

/// Secrets that a refusal and an event name.
pub(crate) const NAMED_MAX: usize = 10;

/// Bytes of a path that is shown whole.
const PATH_BYTES_MAX: usize = 400;

/// The push option that lets secrets in: by itself all of them, with `=KIND` one kind.
pub const OPTION: &str = "cairn.allow-secret";

/// The kinds of secrets that the pusher lets in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    all: bool,
    kinds: Vec<Vec<u8>>,
}

impl Allowed {
    /// Reads these push options.
    pub(crate) fn of(options: &[BString]) -> Self {
        let mut allowed = Self::default();
        for option in options {
            match option.strip_prefix(OPTION.as_bytes()) {
                Some(b"") => allowed.all = true,
                Some([b'=', kind @ ..]) => allowed.kinds.push(kind.to_vec()),
                _ => {}
            }
        }
        allowed
    }

    fn allows(&self, kind: SecretKind) -> bool {
        let name = kind.name().as_bytes();
        self.all || self.kinds.iter().any(|allowed| allowed == name)
    }
}

/// A secret by its position: the blob's in the pack, and the line in the blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) position: u32,
    pub(crate) line: u32,
    pub(crate) kind: SecretKind,
}

/// The search through the blobs of one push.
#[derive(Debug)]
pub(crate) struct SecretSearch {
    searcher: Searcher,
    noted: Vec<Noted>,
    /// Whether there were more than are noted.
    is_cut: bool,
    found: Vec<FoundSecret>,
}

impl SecretSearch {
    /// Nothing is searched yet.
    pub(crate) fn new() -> Self {
        Self {
            searcher: Searcher::new(),
            noted: Vec::new(),
            is_cut: false,
            found: Vec::new(),
        }
    }

    /// Searches a blob.
    pub(crate) fn search(&mut self, position: u32, content: &[u8]) {
        if content.len() > SEARCHED_BYTES_MAX {
            return;
        }
        let Self {
            searcher,
            noted,
            is_cut,
            ..
        } = self;
        let mut lines = Lines::new(content);
        searcher.search(content, &mut |secret| {
            let line = lines.number_at(secret.range.start);
            let found = Noted {
                position,
                line,
                kind: secret.kind,
            };
            // Forms that overlap find one secret twice. Those of one kind come line by line.
            let mut same_line = noted
                .iter()
                .rev()
                .take_while(|other| (other.position, other.line) == (position, line));
            if same_line.any(|other| *other == found) {
                return true;
            }
            *is_cut |= noted.len() >= NOTED_MAX;
            if !*is_cut {
                noted.push(found);
            }
            !*is_cut
        });
    }

    /// The secrets that were noted.
    pub(crate) fn noted(&self) -> &[Noted] {
        &self.noted
    }

    /// Takes the secrets in blobs that are new, with their paths.
    pub(crate) fn settle(&mut self, found: Vec<FoundSecret>) {
        self.found = found;
    }

    /// Why the push is refused; `None` if it has no secrets or all of them are allowed.
    pub(crate) fn refusal(&self, allowed: &Allowed) -> Option<SecretRefusal> {
        let refused = self.found.iter();
        let refused = refused.filter(|found| !allowed.allows(found.kind));
        SecretRefusal::of(refused, self.is_cut && !allowed.all)
    }

    /// The secrets of a search that refused nothing.
    pub(crate) fn let_in(&self) -> LetIn {
        LetIn(self.found())
    }

    /// All secrets, if there are any.
    pub(crate) fn found(&self) -> Option<SecretRefusal> {
        SecretRefusal::of(self.found.iter(), self.is_cut)
    }
}

/// The secrets of a searched pack that the pusher lets in.
pub(crate) struct LetIn(pub(crate) Option<SecretRefusal>);

/// Line numbers of offsets, each counted from the one before: offsets are near each other.
struct Lines<'a> {
    content: &'a [u8],
    at: usize,
    number: u32,
}

impl<'a> Lines<'a> {
    fn new(content: &'a [u8]) -> Self {
        let (at, number) = (0, 1);
        Self {
            content,
            at,
            number,
        }
    }

    /// The number of the line at this offset, from 1.
    fn number_at(&mut self, offset: usize) -> u32 {
        let (first, last) = (self.at.min(offset), self.at.max(offset));
        let between = self.content.get(first..last).unwrap_or_default();
        // A blob has 1 MiB at most.
        let ends = u32::try_from(between.find_iter("\n").count()).unwrap_or(u32::MAX);
        self.number = if offset < self.at {
            self.number.saturating_sub(ends)
        } else {
            self.number.saturating_add(ends)
        };
        self.at = offset;
        self.number
    }
}

/// A secret that a push would bring.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundSecret {
    /// The path of the blob in one of the commits; `None` if no tree of the push names it.
    pub path: Option<BString>,
    /// Its line, from 1.
    pub line: u32,
    /// Its kind.
    pub kind: SecretKind,
    /// The blob; the first one, if it has several versions.
    pub blob: ObjectId,
}

impl fmt::Display for FoundSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            kind,
            blob,
        } = self;
        match path {
            Some(path) => write!(f, "secret: {kind} in {}:{line}", shown(path.as_bstr())),
            None => write!(f, "secret: {kind} in blob {blob}, line {line}"),
        }
    }
}

/// A path in one line, whatever its bytes are.
pub(crate) fn shown(path: &BStr) -> String {
    let cut = path.get(..PATH_BYTES_MAX).unwrap_or(path.as_bytes());
    let shown = String::from_utf8_lossy(cut).replace(char::is_control, "?");
    let more = if path.len() > cut.len() { "…" } else { "" };
    shown + more
}

/// Secrets of a push: the first of them, and how many there are. Versions of one file that have a
/// secret at the same line count once.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct SecretRefusal {
    /// The first.
    pub named: Vec<FoundSecret>,
    /// How many there are.
    pub count: u64,
    /// Whether the search ended before all were found.
    pub is_cut: bool,
}

impl SecretRefusal {
    fn of<'a>(found: impl Iterator<Item = &'a FoundSecret>, is_cut: bool) -> Option<Self> {
        let mut seen = BTreeSet::new();
        let mut named: Vec<FoundSecret> = Vec::new();
        for secret in found {
            let blob = secret.path.is_none().then_some(secret.blob);
            let is_new = seen.insert((&secret.path, secret.line, secret.kind, blob));
            if is_new && named.len() < NAMED_MAX {
                named.push(secret.clone());
            }
        }
        let count = seen.len() as u64;
        let has_any = count > 0 || is_cut;
        has_any.then_some(Self {
            named,
            count,
            is_cut,
        })
    }

    /// The lines for the client, without line ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let head = format!("push protection found {}:", self.counted());
        let named = self.named.iter().map(|secret| format!("  {secret}"));
        let remedy = format!(
            "take them out of every commit of the push and revoke them; or override this, which is \
             logged, with: git push -o {OPTION}, or for one kind -o {OPTION}=KIND"
        );
        std::iter::once(head).chain(named).chain([remedy])
    }

    fn counted(&self) -> String {
        let more = if self.is_cut { "more than " } else { "" };
        match self.count {
            1 if !self.is_cut => "1 secret".to_owned(),
            count => format!("{more}{count} secrets"),
        }
    }
}

/// The first and the number of the others, in one line for the report.
impl fmt::Display for SecretRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.named.first() {
            Some(first) => write!(f, "{first}")?,
            None => f.write_str("secret: too many to be looked up")?,
        }
        let more = self.count.saturating_sub(1);
        if self.is_cut {
            write!(f, " and at least {more} more")?;
        } else if more > 0 {
            write!(f, " and {more} more")?;
        }
        write!(f, "; the push option {OPTION} overrides this")
    }
}

#[cfg(test)]
mod tests;
