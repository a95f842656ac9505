//! Refspecs: which refs of one repository become which refs of another, for mirrors both ways.
//!
//! The syntax is git's (<https://git-scm.com/docs/git-fetch#_configured_remote_tracking_branches>), with
//! The syntax is git's (<https://git-scm.com/docs/git-fetch#_configured_remote_tracking_branches>), but
//! every name is full: `+refs/heads/*:refs/heads/*`, or one name on both sides. `^refs/heads/x/*`
//! excludes refs. A spec without a destination leads to the same name. The first spec that matches a ref
//! leads it, so a ref has one destination.

use gix_object::bstr::{BStr, BString, ByteSlice as _};
use serde::{Deserialize, Serialize};

use super::refname::{self, REFS, check_stored};

/// Refspecs of one mirror, at most.
pub const REFSPECS_MAX: usize = 100;

/// Bytes of one refspec, at most.
const REFSPEC_BYTES_MAX: usize = 500;

/// The default refspecs: branches and tags, each under its own name.
const DEFAULT: [&str; 2] = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/// The fault of a text that is no refspec.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefspecFault {
    /// The text is too long.
    #[error("the refspec has {bytes} bytes, at most {REFSPEC_BYTES_MAX}")]
    TooLong {
        /// The text's bytes.
        bytes: usize,
    },
    /// One side is neither a full refname nor a pattern of full refnames.
    #[error("'{side}' is no full refname: it begins with 'refs/', and has one '*' at most")]
    Name {
        /// The side.
        side: String,
    },
    /// One side is a pattern and the other a name.
    #[error("both sides of a refspec have a '*', or neither has one")]
    OneSided,
    /// An excluding refspec, with `^`, has a destination.
    #[error("a refspec that begins with '^' has no destination")]
    Destination,
    /// The refspec mirrors ephemeral refs. They expire, and belong to the clients that push them.
    #[error("refs under 'refs/ephemeral/' are not mirrored")]
    Ephemeral,
    /// Two refspecs could lead to the same ref.
    #[error("two refspecs lead to the same refs: '{other}' does, too")]
    Overlap {
        /// The other destination.
        other: String,
    },
    /// No refspec mirrors any ref.
    #[error("no refspec names what is mirrored")]
    Nothing,
}

/// A full refname, or a pattern with one `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Glob {
    before: String,
    /// The text behind the `*`; `None` for a name.
    after: Option<String>,
}

impl Glob {
    fn parse(side: &str) -> Result<Self, RefspecFault> {
        let wrong = || RefspecFault::Name {
            side: side.to_owned(),
        };
        let is_name = |name: String| {
            let name = BString::from(name);
            check_stored(name.as_bstr(), usize::MAX).is_ok()
        };
        if !side.starts_with(REFS) {
            return Err(wrong());
        }
        let (glob, is_sound) = match side.split_once('*') {
            None => {
                let name = Self {
                    before: side.to_owned(),
                    after: None,
                };
                (name, is_name(side.to_owned()))
            }
            Some((_, after)) if after.contains('*') => return Err(wrong()),
            Some((before, after)) => {
                let pattern = Self {
                    before: before.to_owned(),
                    after: Some(after.to_owned()),
                };
                // If any name fits, one of these does.
                let fits = ["x", "x/x"].iter();
                let mut fits = fits.map(|rest| format!("{before}{rest}{after}"));
                (pattern, fits.any(is_name))
            }
        };
        if is_sound { Ok(glob) } else { Err(wrong()) }
    }

    /// The text that the `*` stands for in this name; empty for a name that matches itself. `None` if it
    /// does not match.
    fn rest<'n>(&self, name: &'n [u8]) -> Option<&'n [u8]> {
        let rest = name.strip_prefix(self.before.as_bytes())?;
        match &self.after {
            None => rest.is_empty().then_some(rest),
            // As in git, a `*` matches at least one byte.
            Some(after) => rest
                .strip_suffix(after.as_bytes())
                .filter(|rest| !rest.is_empty()),
        }
    }

    /// The name with this text in place of the `*`.
    fn with(&self, rest: &[u8]) -> BString {
        let mut name = BString::from(self.before.as_str());
        if let Some(after) = &self.after {
            name.extend_from_slice(rest);
            name.extend_from_slice(after.as_bytes());
        }
        name
    }

    /// Whether some name may match both. May say yes wrongly, but never no.
    fn may_overlap(&self, other: &Self) -> bool {
        let nested = |a: &str, b: &str, fits: fn(&str, &str) -> bool| fits(a, b) || fits(b, a);
        match (&self.after, &other.after) {
            (None, _) => other.rest(self.before.as_bytes()).is_some(),
            (_, None) => self.rest(other.before.as_bytes()).is_some(),
            (Some(after), Some(others)) => {
                nested(&self.before, &other.before, |a, b| a.starts_with(b))
                    && nested(after, others, |a, b| a.ends_with(b))
            }
        }
    }

    fn text(&self) -> String {
        match &self.after {
            None => self.before.clone(),
            Some(after) => format!("{}*{after}", self.before),
        }
    }
}

/// One refspec that leads refs from one side to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refspec {
    from: Glob,
    to: Glob,
    force: bool,
}

/// The refspecs of one mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Refspecs {
    texts: Vec<String>,
    specs: Vec<Refspec>,
    left_out: Vec<Glob>,
}

/// The ref on the other side that a ref leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Led {
    /// The name on the other side.
    pub name: BString,
    /// Whether its refspec begins with `+`.
    pub force: bool,
}

impl Default for Refspecs {
    fn default() -> Self {
        let texts = DEFAULT.map(str::to_owned).to_vec();
        Self::parse(texts).unwrap_or(Self {
            texts: Vec::new(),
            specs: Vec::new(),
            left_out: Vec::new(),
        })
    }
}

impl TryFrom<Vec<String>> for Refspecs {
    type Error = RefspecFault;

    fn try_from(texts: Vec<String>) -> Result<Self, RefspecFault> {
        Self::parse(texts).map_err(|(_, fault)| fault)
    }
}

impl From<Refspecs> for Vec<String> {
    fn from(refspecs: Refspecs) -> Self {
        refspecs.texts
    }
}

impl Refspecs {
    /// Parses the texts. On failure, returns the index and the fault of the first text that is no
    /// refspec.
    pub fn parse(texts: Vec<String>) -> Result<Self, (usize, RefspecFault)> {
        let (mut specs, mut left_out) = (Vec::<Refspec>::new(), Vec::new());
        for (place, text) in texts.iter().enumerate() {
            let at = |fault| (place, fault);
            if text.len() > REFSPEC_BYTES_MAX {
                return Err(at(RefspecFault::TooLong { bytes: text.len() }));
            }
            if let Some(without) = text.strip_prefix('^') {
                if without.contains(':') {
                    return Err(at(RefspecFault::Destination));
                }
                left_out.push(Glob::parse(without).map_err(at)?);
                continue;
            }
            let spec = spec(text).map_err(at)?;
            let in_the_way = specs.iter().find(|other| {
                let is_same = |spec: &Refspec| spec.from == spec.to;
                // A ref under its own name has one destination, even if two refspecs lead it there.
                spec.to.may_overlap(&other.to) && !(is_same(&spec) && is_same(other))
            });
            if let Some(other) = in_the_way {
                let other = other.to.text();
                return Err(at(RefspecFault::Overlap { other }));
            }
            specs.push(spec);
        }
        if specs.is_empty() {
            return Err((0, RefspecFault::Nothing));
        }
        Ok(Self {
            texts,
            specs,
            left_out,
        })
    }

    /// The texts, as the caller gave them.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The ref that a ref of this name leads to; `None` if no refspec mirrors it.
    #[must_use]
    pub fn lead(&self, source: &BStr) -> Option<Led> {
        if self.leaves_out(source) {
            return None;
        }
        self.specs.iter().find_map(|spec| {
            let name = spec.to.with(spec.from.rest(source)?);
            let force = spec.force;
            Some(Led { name, force })
        })
    }

    /// The ref that leads to this name; `None` if no ref does.
    #[must_use]
    pub fn source_of(&self, destination: &BStr) -> Option<BString> {
        let mut sources = self.specs.iter().filter_map(|spec| {
            let source = spec.from.with(spec.to.rest(destination)?);
            (!self.leaves_out(source.as_bstr())).then_some(source)
        });
        sources.next()
    }

    /// Whether some ref leads to this name.
    #[must_use]
    pub fn leads_to(&self, destination: &BStr) -> bool {
        self.source_of(destination).is_some()
    }

    /// Patterns of the refs that may be mirrored: full names, or prefixes followed by `*`.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let patterns = self.specs.iter().map(|spec| match spec.from.after {
            None => spec.from.before.clone(),
            Some(_) => format!("{}*", spec.from.before),
        });
        patterns.collect()
    }

    fn leaves_out(&self, source: &BStr) -> bool {
        let mut left_out = self.left_out.iter();
        left_out.any(|without| without.rest(source).is_some())
    }
}

/// `[+]<source>[:<destination>]`
fn spec(text: &str) -> Result<Refspec, RefspecFault> {
    let (force, sides) = match text.strip_prefix('+') {
        Some(sides) => (true, sides),
        None => (false, text),
    };
    let (from, to) = sides.split_once(':').unwrap_or((sides, sides));
    let (from, to) = (Glob::parse(from)?, Glob::parse(to)?);
    if from.after.is_some() != to.after.is_some() {
        return Err(RefspecFault::OneSided);
    }
    for side in [&from, &to] {
        if side.before.starts_with(refname::EPHEMERAL) {
            return Err(RefspecFault::Ephemeral);
        }
    }
    Ok(Refspec { from, to, force })
}

#[cfg(test)]
mod tests;
