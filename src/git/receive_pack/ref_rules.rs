//! Rules about refs: they forbid certain changes of certain refs to everybody.
//!
//! A rule is a pattern and the operations that it forbids. The first rule whose pattern matches the
//! refname decides; if none matches, every change is allowed. A rule that forbids nothing is an
//! exception to the rules behind it.

use std::fmt;
use std::sync::Arc;

use gix_object::bstr::BStr;
use serde::{Deserialize, Serialize};

use crate::git::refname::pattern;

pub use crate::git::refname::pattern::{PATTERN_BYTES_MAX, PatternFault};

/// Rules of one repository or one token.
pub const RULES_MAX: usize = 100;

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
    /// A move for which Git's client asks its user to force it.
    NoForcePush,
}

impl ForbiddenOp {
    /// Every operation.
    pub const ALL: [Self; 4] = [
        Self::NoPush,
        Self::NoCreate,
        Self::NoDelete,
        Self::NoForcePush,
    ];

    /// As rules spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoPush => "no-push",
            Self::NoCreate => "no-create",
            Self::NoDelete => "no-delete",
            Self::NoForcePush => "no-force-push",
        }
    }

    /// Whether it forbids this change.
    #[must_use]
    pub fn forbids(self, op: RefOp) -> bool {
        match self {
            Self::NoPush => true,
            Self::NoCreate => op == RefOp::Create,
            Self::NoDelete => op == RefOp::Delete,
            Self::NoForcePush => op == RefOp::Force,
        }
    }
}

/// The effect of a change on its ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefOp {
    /// The ref does not exist before.
    Create,
    /// The ref moves, and need not be forced.
    Update,
    /// The ref does not exist afterwards.
    Delete,
    /// The ref moves, and Git's client does that only when it is forced: to a commit that does not
    /// descend from the old one, to or from an object that is not a commit, or anywhere under `refs/tags/`.
    Force,
}

/// A pattern and the operations that it forbids, in JSON `[pattern, [op, …]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefRule(pub String, pub Vec<ForbiddenOp>);

impl RefRule {
    /// Whether the pattern matches: a refname, the beginning of one and `*`, or `*`.
    #[must_use]
    pub fn matches(&self, name: &BStr) -> bool {
        pattern::matches(&self.0, name)
    }

    /// The first of its operations that forbids the change.
    #[must_use]
    pub fn forbids(&self, op: RefOp) -> Option<ForbiddenOp> {
        self.1
            .iter()
            .copied()
            .find(|forbidden| forbidden.forbids(op))
    }
}

/// Rules in their order, of a repository or of a token. A clone shares them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<RefRule>", into = "Vec<RefRule>")]
pub struct RefRules(Arc<[RefRule]>);

impl From<Vec<RefRule>> for RefRules {
    fn from(rules: Vec<RefRule>) -> Self {
        Self(rules.into())
    }
}

impl From<RefRules> for Vec<RefRule> {
    fn from(rules: RefRules) -> Self {
        rules.0.to_vec()
    }
}

impl RefRules {
    /// The rules, in their order.
    #[must_use]
    pub fn all(&self) -> &[RefRule] {
        &self.0
    }

    /// Whether there are none: then every change is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rule that decides about a ref.
    #[must_use]
    pub fn of(&self, name: &BStr) -> Option<&RefRule> {
        self.0.iter().find(|rule| rule.matches(name))
    }

    /// The rule that forbids the change of a ref, and the operation in it that does.
    #[must_use]
    pub fn forbid(&self, name: &BStr, op: RefOp) -> Option<(&RefRule, ForbiddenOp)> {
        let rule = self.of(name)?;
        Some((rule, rule.forbids(op)?))
    }

    /// Checks rules that somebody wants to set.
    ///
    /// # Errors
    /// The first rule that breaks a bound or that no ref can match.
    pub fn check(&self) -> Result<(), RefRulesError> {
        let rules = self.0.len();
        if rules > RULES_MAX {
            return Err(RefRulesError::TooMany { rules });
        }
        for (at, RefRule(pattern, ops)) in self.0.iter().enumerate() {
            pattern::check(pattern).map_err(|fault| RefRulesError::Pattern { at, fault })?;
            for (place, op) in ops.iter().enumerate() {
                if ops.iter().take(place).any(|before| before == op) {
                    let op = op.name();
                    return Err(RefRulesError::Twice { at, place, op });
                }
            }
        }
        Ok(())
    }
}

/// Rules that cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefRulesError {
    /// There are too many.
    #[error("{rules} rules, at most {RULES_MAX} are taken")]
    TooMany {
        /// How many there are.
        rules: usize,
    },
    /// A pattern is wrong.
    #[error("{fault}")]
    Pattern {
        /// The rule's place, from 0.
        at: usize,
        /// The fault.
        fault: PatternFault,
    },
    /// An operation is named twice.
    #[error("{op} is named twice")]
    Twice {
        /// The rule's place, from 0.
        at: usize,
        /// The place of the second among its operations, from 0.
        place: usize,
        /// The operation.
        op: &'static str,
    },
}

impl RefRulesError {
    /// The JSON pointer from the rules to the fault.
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::TooMany { .. } => String::new(),
            Self::Pattern { at, .. } => format!("/{at}/0"),
            Self::Twice { at, place, .. } => format!("/{at}/1/{place}"),
        }
    }
}

/// The owner of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleOwner {
    /// The repository's: it holds for every caller.
    Repository,
    /// The caller's token's.
    Token,
}

impl fmt::Display for RuleOwner {
    /// The word in a refusal before the operation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repository => "protected",
            Self::Token => "token",
        })
    }
}

/// A change that a rule forbids. Its text is that of Git's report: `protected: no-force-push`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{by}: {}", op.name())]
pub struct ForbiddenChange {
    /// The owner of the rule.
    pub by: RuleOwner,
    /// The rule's pattern.
    pub pattern: String,
    /// The rule's operation.
    pub op: ForbiddenOp,
}

/// The rules that hold for one caller in one repository: both must allow a change.
#[derive(Debug, Clone, Copy)]
pub struct RulesInForce<'a> {
    /// The token's; `None`: the caller has no token.
    pub token: Option<&'a RefRules>,
    /// The repository's.
    pub repository: &'a RefRules,
    /// The caller may pass the repository's, and asks for that.
    pub overrides: bool,
}

impl RulesInForce<'_> {
    /// Why a change is forbidden, if it is.
    #[must_use]
    pub fn forbid(&self, name: &BStr, op: RefOp) -> Option<ForbiddenChange> {
        let token = self
            .token
            .and_then(|rules| forbidden_by(RuleOwner::Token, rules, name, op));
        token.or_else(|| self.protect(name, op).filter(|_| !self.overrides))
    }

    /// The repository's rule that a change passes because the caller overrides it.
    #[must_use]
    pub fn overridden(&self, name: &BStr, op: RefOp) -> Option<ForbiddenChange> {
        self.protect(name, op).filter(|_| self.overrides)
    }

    fn protect(&self, name: &BStr, op: RefOp) -> Option<ForbiddenChange> {
        forbidden_by(RuleOwner::Repository, self.repository, name, op)
    }
}

fn forbidden_by(
    by: RuleOwner,
    rules: &RefRules,
    name: &BStr,
    op: RefOp,
) -> Option<ForbiddenChange> {
    let (rule, op) = rules.forbid(name, op)?;
    let pattern = rule.0.clone();
    Some(ForbiddenChange { by, pattern, op })
}

#[cfg(test)]
mod tests;
