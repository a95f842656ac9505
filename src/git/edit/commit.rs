//! The content of commits and annotated tags.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString};

use super::super::object::ObjectKind;

/// A commit to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewCommit<'a> {
    /// Its root tree.
    pub tree: ObjectId,
    /// Its parents, in order.
    pub parents: &'a [ObjectId],
    /// The value of the `author` line: [`super::person::Person::line`], or that of another commit.
    pub author: &'a BStr,
    /// The value of the `committer` line.
    pub committer: &'a BStr,
    /// The message, cleaned ([`super::message::clean`]).
    pub message: &'a BStr,
}

impl NewCommit<'_> {
    /// The content of the object, as `git commit-tree` writes it.
    pub fn content(&self) -> Vec<u8> {
        let mut content = BString::default();
        line(&mut content, "tree", self.tree.to_string().as_bytes());
        for parent in self.parents {
            line(&mut content, "parent", parent.to_string().as_bytes());
        }
        line(&mut content, "author", self.author);
        line(&mut content, "committer", self.committer);
        content.push(b'\n');
        content.extend_from_slice(self.message);
        content.into()
    }
}

/// An annotated tag to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewTag<'a> {
    /// The tagged object.
    pub target: ObjectId,
    /// Its kind.
    pub target_kind: ObjectKind,
    /// The tag's name: a refname without `refs/tags/`.
    pub name: &'a BStr,
    /// The value of the `tagger` line.
    pub tagger: &'a BStr,
    /// The message, cleaned.
    pub message: &'a BStr,
}

impl NewTag<'_> {
    /// The content of the object, as `git tag -a` writes it.
    pub fn content(&self) -> Vec<u8> {
        let mut content = BString::default();
        line(&mut content, "object", self.target.to_string().as_bytes());
        line(&mut content, "type", self.target_kind.name().as_bytes());
        line(&mut content, "tag", self.name);
        line(&mut content, "tagger", self.tagger);
        content.push(b'\n');
        content.extend_from_slice(self.message);
        content.into()
    }
}

fn line(content: &mut BString, key: &str, value: &[u8]) {
    content.extend_from_slice(key.as_bytes());
    content.push(b' ');
    content.extend_from_slice(value);
    content.push(b'\n');
}
