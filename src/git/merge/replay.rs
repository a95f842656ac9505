//! Applies the change of one commit on top of another commit, or takes it back
//! (`sequencer.c`: `do_pick_commit`).

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::super::edit::commit::NewCommit;
use super::super::object::facts::{self, FactsError};
use super::tree::BranchNames;

/// Digits of an id in a marker.
const ID_DIGITS: usize = 7;

/// Which way the change goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The change is made again.
    Pick,
    /// The change is taken back.
    Revert,
}

/// A commit whose change is replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The commit.
    pub id: ObjectId,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents.
    pub parents: Vec<ObjectId>,
    author: BString,
    message: BString,
}

impl Replayed {
    /// Reads a commit.
    pub fn parse(id: ObjectId, content: &[u8]) -> Result<Self, FactsError> {
        let facts = facts::commit(content)?;
        let (headers, message) = match content.split_once_str("\n\n") {
            Some((headers, message)) => (headers, message),
            None => (content, &[][..]),
        };
        let author = headers
            .lines()
            .find_map(|line| line.strip_prefix(b"author "));
        Ok(Self {
            id,
            tree: facts.tree,
            parents: facts.parents.to_vec(),
            author: author.unwrap_or_default().into(),
            message: message.into(),
        })
    }

    /// The trees to merge: base, ours and theirs. Ours is always `onto`; the other two are those before and
    /// after the change, in the direction that is asked for.
    pub fn trees(&self, parent: ObjectId, onto: ObjectId, direction: Direction) -> [ObjectId; 3] {
        match direction {
            Direction::Pick => [parent, onto, self.tree],
            Direction::Revert => [self.tree, onto, parent],
        }
    }

    /// The names of the sides in markers.
    pub fn names(&self, onto: &BStr, direction: Direction) -> BranchNames {
        let name = format!(
            "{} ({})",
            self.id.to_hex_with_len(ID_DIGITS),
            self.subject()
        );
        let before = format!("parent of {name}");
        let (base, theirs) = match direction {
            Direction::Pick => (before, name),
            Direction::Revert => (name, before),
        };
        BranchNames {
            base: base.into(),
            ours: onto.into(),
            theirs: theirs.into(),
        }
    }

    fn subject(&self) -> &BStr {
        let mut lines = self.message.lines();
        lines
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default()
            .as_bstr()
    }

    /// The message of the new commit.
    pub fn message(&self, parent: Option<ObjectId>, direction: Direction) -> BString {
        if direction == Direction::Pick {
            return self.message.clone();
        }
        let mut message = BString::default();
        let again = self.subject().strip_prefix(b"Revert \"");
        if let Some(subject) = again.filter(|subject| !subject.starts_with(b"Revert \"")) {
            message.extend_from_slice(b"Reapply \"");
            message.extend_from_slice(subject);
            message.push(b'\n');
        } else {
            message.extend_from_slice(b"Revert \"");
            message.extend_from_slice(self.subject());
            message.extend_from_slice(b"\"\n");
        }
        message.extend_from_slice(format!("\nThis reverts commit {}", self.id).as_bytes());
        if let (Some(parent), true) = (parent, self.parents.len() > 1) {
            let reversing = format!(", reversing\nchanges made to {parent}");
            message.extend_from_slice(reversing.as_bytes());
        }
        message.extend_from_slice(b".\n");
        message
    }

    /// The new commit on top of `onto`. Without an `author` it keeps the author of the replayed commit.
    pub fn commit(
        &self,
        tree: ObjectId,
        onto: ObjectId,
        message: &BStr,
        author: Option<&BStr>,
        committer: &BStr,
    ) -> Vec<u8> {
        let commit = NewCommit {
            tree,
            parents: &[onto],
            author: author.unwrap_or(self.author.as_bstr()),
            committer,
            message,
        };
        commit.content()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1111111111111111111111111111111111111111";
    const TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn reverted(message: &str, parents: usize) -> String {
        let parent = format!("parent {ID}\n").repeat(parents);
        let text = format!(
            "tree {TREE}\n{parent}author A <a> 1 +0000\ncommitter C <c> 2 +0000\n\n{message}"
        );
        let id = ObjectId::from_hex(ID.as_bytes()).unwrap();
        let replayed = Replayed::parse(id, text.as_bytes()).unwrap();
        replayed.message(Some(id), Direction::Revert).to_string()
    }

    #[test]
    fn messages_of_reverts_are_those_of_git() {
        let plain = format!("Revert \"a\"\n\nThis reverts commit {ID}.\n");
        assert_eq!(reverted("a\n\nbody\n", 1), plain);
        let again = format!("Reapply \"a\"\n\nThis reverts commit {ID}.\n");
        assert_eq!(reverted("Revert \"a\"\n", 1), again);
        let merge =
            format!("Revert \"a\"\n\nThis reverts commit {ID}, reversing\nchanges made to {ID}.\n");
        assert_eq!(reverted("a\n", 2), merge);
    }
}
