//! A repository whose history was rewritten.

use serde_json::Value;

use super::support::git::Git;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::server;

pub const SECRET: &str = "the key of the kingdom, which should not have been pushed\n";

/// Objects of one kind each, by kind.
#[derive(Debug, Clone)]
pub struct Objects {
    pub commit: String,
    pub tree: String,
    pub blob: String,
    pub tag: String,
}

impl Objects {
    /// Those of the commit that HEAD is at, whose tree has `file`, with an annotated tag on it.
    pub fn at_head(work: &Git, file: &str, tag: &str) -> Self {
        work.run(&["tag", "-a", "-m", tag, tag]);
        Self {
            commit: work.run(&["rev-parse", "HEAD"]),
            tree: work.run(&["rev-parse", "HEAD^{tree}"]),
            blob: work.run(&["rev-parse", &format!("HEAD:{file}")]),
            tag: work.run(&["rev-parse", &format!("refs/tags/{tag}")]),
        }
    }

    pub fn each(&self) -> [(&'static str, &str); 4] {
        [
            ("commit", &self.commit),
            ("tree", &self.tree),
            ("blob", &self.blob),
            ("tag", &self.tag),
        ]
    }
}

/// A source whose history was rewritten: the removed objects, those of another branch, and the rest.
pub struct Story {
    pub rest: Rest,
    pub scratch: Scratch,
    pub work: Git,
    pub source: Hosted,
    pub removed: Objects,
    pub other: Objects,
    pub kept: Objects,
}

impl Story {
    pub fn begin(namespace: &str) -> Self {
        let (rest, scratch) = (server().rest(), Scratch::new());
        let source = rest.create_repository(namespace, "source");
        let work = scratch.repository("work");
        work.write("readme", "for everybody\n");
        work.run(&["add", "."]);
        work.commit("first");
        work.write("kept", "an older state of what is kept\n".repeat(40));
        work.run(&["add", "."]);
        work.commit("older");
        let kept = Objects::at_head(&work, "kept", "kept");
        let push = ["push", "--quiet", &source.url()];
        work.run(&[&push[..], &["main", "refs/tags/kept"]].concat());

        work.write("secret", SECRET);
        work.run(&["add", "."]);
        work.commit("a mistake");
        let removed = Objects::at_head(&work, "secret", "removed");
        work.run(&[&push[..], &["main", "refs/tags/removed"]].concat());
        work.run(&["reset", "--quiet", "--hard", "HEAD~1"]);

        work.run(&["checkout", "--quiet", "-b", "of-plans"]);
        work.write("plans", "of nobody's business yet\n");
        work.run(&["add", "."]);
        work.commit("plans");
        let other = Objects::at_head(&work, "plans", "other");
        work.run(&[&push[..], &["of-plans", "refs/tags/other"]].concat());
        work.run(&["checkout", "--quiet", "main"]);

        // More states of the kept file, so that its older one is not a tip's.
        work.write("kept", "a newer state of what is kept\n".repeat(40));
        work.run(&["add", "."]);
        work.commit("second");
        work.run(&[&push[..], &["--force", "main", ":refs/tags/removed"]].concat());
        Self {
            rest,
            scratch,
            work,
            source,
            removed,
            other,
            kept,
        }
    }

    pub fn fork(&self, body: &Value) -> Hosted {
        let made = self.rest.post(&self.source.path("/fork"), body);
        Hosted::made(&self.source.namespace, &made)
    }
}
