//! Rules about refs: which changes of which refs are forbidden, whoever asks for them.
//!
//! A rule is a pattern and the operations that it forbids. Of the rules the first one holds whose
//! pattern matches the name; where none does, everything is allowed.

use gix_object::bstr::BStr;
use serde::{Deserialize, Serialize};

/// An operation that a rule forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForbiddenOp {
    /// Every change.
    NoPush,
    /// The creation of a ref.
    NoCreate,
    /// The deletion of a ref.
    NoDelete,
    /// A change to a commit that does not descend from the old one.
    NoForcePush,
}

/// A pattern and the operations that it forbids, in JSON `[pattern, [op, …]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefRule(pub String, pub Vec<ForbiddenOp>);

impl RefRule {
    /// Whether the pattern matches: a refname, the beginning of one and `*`, or `*`.
    #[must_use]
    pub fn matches(&self, name: &BStr) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix.as_bytes()),
            None => name == self.0.as_bytes(),
        }
    }
}

/// Rules in their order, of a repository or of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefRules(pub Vec<RefRule>);

impl RefRules {
    /// The rule that holds for a ref.
    #[must_use]
    pub fn of(&self, name: &BStr) -> Option<&RefRule> {
        self.0.iter().find(|rule| rule.matches(name))
    }

    /// Whether an operation on a ref is forbidden.
    #[must_use]
    pub fn forbid(&self, name: &BStr, op: ForbiddenOp) -> bool {
        self.of(name).is_some_and(|rule| rule.1.contains(&op))
    }
}
