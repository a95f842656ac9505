//! A commit as shown, read as tolerantly as git reads it (`split_ident_line`, `logmsg` of git's
//! `commit.c`): an old commit without an author is a commit all the same.

use gix_object::bstr::{BStr, ByteSlice};

use super::super::object::facts::{self, CommitFacts, FactsError};

/// A commit's content, in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitText<'a> {
    /// Its tree, its parents, its date as the graph has it.
    pub facts: CommitFacts,
    /// The author of the change.
    pub author: Person<'a>,
    /// The maker of the commit.
    pub committer: Person<'a>,
    /// The bytes after the headers.
    pub message: &'a BStr,
}

/// A line of the form `name <address> time zone`, as far as it has that form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Person<'a> {
    /// May be empty.
    pub name: &'a [u8],
    /// The bytes between the angle brackets.
    pub email: &'a [u8],
    /// Seconds since 1970; 0 where none can be read.
    pub time_seconds: i64,
}

impl<'a> CommitText<'a> {
    /// Reads a commit's content.
    pub(crate) fn parse(content: &'a [u8]) -> Result<Self, FactsError> {
        let facts = facts::commit(content)?;
        let (headers, message) = match content.split_once_str("\n\n") {
            Some((headers, message)) => (headers, message),
            None => (content, &[][..]),
        };
        let line = |role: &[u8]| {
            let mut lines = headers.lines();
            let value = lines.find_map(|line| line.strip_prefix(role));
            value.map(Person::parse).unwrap_or_default()
        };
        Ok(Self {
            facts,
            author: line(b"author "),
            committer: line(b"committer "),
            message: message.as_bstr(),
        })
    }
}

impl<'a> Person<'a> {
    fn parse(line: &'a [u8]) -> Self {
        let Some((name, rest)) = line.split_once_str("<") else {
            return Self::default();
        };
        let Some((email, _)) = rest.split_once_str(">") else {
            return Self::default();
        };
        // Behind the last bracket: some addresses are broken, and have one more.
        let date = line.rsplit_once_str(">").map_or(&[][..], |(_, date)| date);
        let date = date.trim_start();
        let digits = date.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let seconds = date.get(..digits).and_then(|digits| digits.to_str().ok());
        Self {
            name: name.trim(),
            email,
            time_seconds: seconds.and_then(|digits| digits.parse().ok()).unwrap_or(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TREE: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n";

    #[test]
    fn the_parts_of_a_commit() {
        let text = format!(
            "{TREE}author A  U. Thor <a@example.com> 1700000000 +0100\n\
             committer C <c@example.com> 1700000001 -0000\nencoding x\n\nsubject\n\nbody\n"
        );
        let commit = CommitText::parse(text.as_bytes()).unwrap();
        assert_eq!(commit.author.name, b"A  U. Thor");
        assert_eq!(commit.author.email, b"a@example.com");
        assert_eq!(commit.author.time_seconds, 1_700_000_000);
        assert_eq!(commit.committer.time_seconds, 1_700_000_001);
        assert_eq!(commit.message, "subject\n\nbody\n");
    }

    #[test]
    fn persons_of_any_form() {
        let cases: [(&str, (&str, &str, i64)); 8] = [
            ("A <a> 5 +0000", ("A", "a", 5)),
            ("<a> 5 +0000", ("", "a", 5)),
            ("A <> 5", ("A", "", 5)),
            ("A <a> b> 7 +0000", ("A", "a", 7)),
            ("A <a> x", ("A", "a", 0)),
            ("A <a> 99999999999999999999 +0000", ("A", "a", 0)),
            ("A <a", ("", "", 0)),
            ("A", ("", "", 0)),
        ];
        for (line, (name, email, time_seconds)) in cases {
            let person = Person::parse(line.as_bytes());
            let expected = Person {
                name: name.as_bytes(),
                email: email.as_bytes(),
                time_seconds,
            };
            assert_eq!(person, expected, "{line}");
        }
    }

    #[test]
    fn a_commit_without_people_or_message() {
        let text = format!("{TREE}x\n");
        let commit = CommitText::parse(text.as_bytes()).unwrap();
        assert_eq!(commit.author, Person::default());
        assert_eq!(commit.message, "");
    }

    proptest! {
        #[test]
        fn no_content_panics(rest in any::<Vec<u8>>()) {
            let _ = CommitText::parse(&rest);
            let _ = CommitText::parse(&[TREE.as_bytes(), b"author ", &rest].concat());
        }
    }
}
