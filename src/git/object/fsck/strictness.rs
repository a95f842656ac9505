//! Which findings refuse an object, and by how strict a repository.

use super::finding::{Finding, Refused};

/// How strictly a repository checks new objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Strictness {
    /// Refuses objects that could harm a client that clones, and warns of the rest.
    #[default]
    Lenient,
    /// Refuses the same faults as git under `receive.fsckObjects`.
    Strict,
}

impl Strictness {
    /// The strictness that a repository's setting means.
    pub fn of(is_strict: bool) -> Self {
        if is_strict {
            Self::Strict
        } else {
            Self::Lenient
        }
    }

    /// Whether an object with this finding is refused.
    pub fn refuses(self, finding: &Finding) -> bool {
        match finding.refused {
            Refused::Never => false,
            Refused::IfStrict => self == Self::Strict,
            Refused::Always => true,
        }
    }

    /// Hands a finding that does not refuse the object to `warn`, and returns one that does.
    pub(super) fn pass(
        self,
        checked: Result<(), Finding>,
        warn: &mut impl FnMut(Finding),
    ) -> Result<(), Finding> {
        match checked {
            Err(finding) if !self.refuses(&finding) => {
                warn(finding);
                Ok(())
            }
            checked => checked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MessageId, Severity, check};
    use super::*;
    use crate::git::object::ObjectKind;

    const ID: &str = "1111111111111111111111111111111111111111";
    const WHO: &str = "A U Thor <a@example.com> 1700000000 +0100";

    fn found(kind: ObjectKind, content: &str, strictness: Strictness) -> Vec<Finding> {
        let mut found = Vec::new();
        let mut report = |finding| found.push(finding);
        check(
            kind,
            content.as_bytes(),
            strictness,
            &mut report,
            &mut |_, _| {},
        );
        found
    }

    #[track_caller]
    fn check_lenient(kind: ObjectKind, content: &str, expected: &[&str], refused: bool) {
        let found = found(kind, content, Strictness::Lenient);
        let names: Vec<_> = found.iter().map(|finding| finding.id.name()).collect();
        assert_eq!(names, expected, "{content:?}");
        let is_refused = found.iter().any(|one| Strictness::Lenient.refuses(one));
        assert_eq!(is_refused, refused, "{content:?}");
    }

    #[test]
    fn faults_that_git_never_refuses_are_never_refused_and_no_check_is_stricter_than_gits() {
        for id in MessageId::ALL {
            let git_refuses = id.severity() >= Severity::Warn;
            assert_eq!(git_refuses, id.refused() != Refused::Never, "{}", id.name());
            let is_fatal = id.severity() == Severity::Fatal;
            assert!(
                !is_fatal || id.refused() == Refused::Always,
                "{}",
                id.name()
            );
        }
    }

    #[test]
    fn a_lenient_check_goes_on_behind_a_fault_that_it_lets_in() {
        let commit = |author: &str, rest: &str| format!("tree {ID}\nauthor {author}\n{rest}");
        let committer = format!("committer {WHO}\n\nm\n");
        for (content, expected, refused) in [
            (
                commit("A <a@b> 1 UTC", &committer),
                vec!["badTimezone"],
                false,
            ),
            (
                commit("A <a@b> 01 +0000", "committer C 5\n\nm\0\n"),
                vec!["zeroPaddedDate", "missingEmail", "nulInCommit"],
                false,
            ),
            (
                commit("A <a@b>1 +0000", &format!("author {WHO}\n{committer}")),
                vec!["missingSpaceBeforeDate", "multipleAuthors"],
                false,
            ),
            (
                commit("A <a@b> x +0000", "\nm\n"),
                vec!["badDate", "missingCommitter"],
                true,
            ),
        ] {
            check_lenient(ObjectKind::Commit, &content, &expected, refused);
            let strict = found(ObjectKind::Commit, &content, Strictness::Strict);
            assert_eq!(strict.len(), 1, "{content:?}");
        }
        let tag = format!("object {ID}\ntype commit\ntag a b\ntagger A<a@b> 1 +0000\n\nm\n");
        let expected = ["badTagName", "missingSpaceBeforeEmail"];
        check_lenient(ObjectKind::Tag, &tag, &expected, false);
        let tag = format!("object {ID}\ntype thing\ntag v\ntagger {WHO}\n\nm\n");
        check_lenient(ObjectKind::Tag, &tag, &["badType"], true);
    }

    #[test]
    fn a_date_is_let_in_where_its_number_is_kept() {
        let commit =
            |date: &str| format!("tree {ID}\nauthor A <a@b> {date} +0000\ncommitter {WHO}\n\nm\n");
        for (date, id, refused) in [
            ("9223372036854775808", "badDateOverflow", false),
            ("18446744073709551615", "badDateOverflow", false),
            ("18446744073709551616", "badDateOverflow", true),
            ("018446744073709551615", "zeroPaddedDate", false),
            ("018446744073709551616", "zeroPaddedDate", true),
        ] {
            check_lenient(ObjectKind::Commit, &commit(date), &[id], refused);
        }
    }
}
