//! A history as old clients wrote it: an object for each message of git's fsck that harms no
//! reader, made by git itself (`hash-object --literally`).

use std::collections::BTreeMap;

use super::git::Git;

const WHO: &str = "A U Thor <author@example.com> 1300000000 +0000";

/// Author lines, by the message of fsck that each causes.
const AUTHORS: [(&str, &str); 11] = [
    // As in psf/requests.
    ("badTimezone", "A <a@example.com> 1313584730 +051800"),
    // As in syslinux.
    (
        "missingSpaceBeforeDate",
        "A <a@example.com>1300000001 +0000",
    ),
    ("badDate", "A <a@example.com> Mar 13 2011 +0000"),
    (
        "badDateOverflow",
        "A <a@example.com> 18446744073709551615 +0000",
    ),
    ("zeroPaddedDate", "A <a@example.com> 01300000002 +0000"),
    ("missingEmail", "A U Thor 1300000003 +0000"),
    ("missingNameBeforeEmail", "<a@example.com> 1300000004 +0000"),
    (
        "missingSpaceBeforeEmail",
        "A<a@example.com> 1300000005 +0000",
    ),
    ("badName", "A > B <a@example.com> 1300000006 +0000"),
    ("badEmail", "A <a <a@example.com> 1300000007 +0000"),
    ("missingSpaceBeforeDate", "A <a@example.com>"),
];

/// The history that was made.
#[derive(Debug)]
pub struct OldHistory {
    /// The objects with something odd: the message of git's fsck, and the id.
    pub odd: Vec<(&'static str, String)>,
    /// The commits of `main`, oldest first.
    pub commits: Vec<String>,
}

impl OldHistory {
    /// Makes it on `main`, with two tags.
    pub fn make(git: &Git) -> Self {
        let write = |kind: &str, content: &[u8]| {
            let literally = ["hash-object", "-w", "--literally", "-t", kind, "--stdin"];
            git.run_with(&literally, content)
        };
        let mut odd = Vec::new();
        let blob = write("blob", b"x\n");
        let file = tree_entry("100644 file", &blob);
        let tree = write("tree", &file);
        // As in jquery: the mode of a folder with a zero before it.
        let padded = write("tree", &tree_entry("040000 folder", &tree));
        odd.push(("zeroPaddedFilemode", padded.clone()));
        let group_writable = write("tree", &tree_entry("100664 file", &blob));
        odd.push(("badFilemode", group_writable.clone()));

        let mut commits: Vec<String> = Vec::new();
        let mut commit = |tree: &str, authors: &[&str], message: &str| {
            let parent = commits.last().map(|parent| format!("parent {parent}\n"));
            let author_lines: Vec<_> = authors
                .iter()
                .map(|who| format!("author {who}\n"))
                .collect();
            let author_lines = author_lines.concat();
            // The committer's line is as odd as the author's: the graph has the committer's date.
            let committer = authors.first().copied().unwrap_or(WHO);
            let content = format!(
                "tree {tree}\n{}{author_lines}committer {committer}\n\n{message}\n",
                parent.unwrap_or_default()
            );
            let id = write("commit", content.as_bytes());
            commits.push(id.clone());
            id
        };
        commit(&padded, &[WHO], "a padded mode");
        commit(&group_writable, &[WHO], "a mode of old");
        for (message, author) in AUTHORS {
            let id = commit(&tree, &[author], message);
            odd.push((message, id));
        }
        let id = commit(&tree, &[WHO, WHO], "two authors");
        odd.push(("multipleAuthors", id));
        let id = commit(&tree, &[WHO], "a NUL\0 in the message");
        odd.push(("nulInCommit", id));
        let tip = commit(&tree, &[WHO], "as it should be");

        let target = format!("object {tip}\ntype commit\n");
        let untagged = format!("{target}tag old\n\nbefore there were taggers\n");
        let untagged = write("tag", untagged.as_bytes());
        let spaced = format!("{target}tag a b\ntagger {WHO}\n\nm\n");
        let spaced = write("tag", spaced.as_bytes());
        git.run(&["update-ref", "refs/heads/main", &tip]);
        git.run(&["update-ref", "refs/tags/old", &untagged]);
        git.run(&["update-ref", "refs/tags/odd", &spaced]);
        odd.push(("missingTaggerEntry", untagged));
        odd.push(("badTagName", spaced));
        Self { odd, commits }
    }
}

impl OldHistory {
    /// By message: the objects that were made to have it.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for (message, _) in &self.odd {
            *counts.entry(*message).or_default() += 1;
        }
        counts
    }
}

fn tree_entry(mode_and_name: &str, id: &str) -> Vec<u8> {
    let digits = id.as_bytes().chunks(2);
    let digit = |pair: &[u8]| {
        std::str::from_utf8(pair)
            .expect("git prints ids")
            .to_owned()
    };
    let byte = |pair: &[u8]| u8::from_str_radix(&digit(pair), 16).expect("git prints ids");
    let id: Vec<u8> = digits.map(byte).collect();
    [mode_and_name.as_bytes(), b"\0", &id].concat()
}

/// The lines of `git fsck` about a repository's objects, sorted.
pub fn fsck_lines(git: &Git) -> Vec<String> {
    let ended = git.try_run(&["fsck", "--strict", "--no-progress", "--no-dangling"], b"");
    let lines = ended.stderr.lines();
    let of_objects = lines.filter(|line| line.contains(" in "));
    let mut lines: Vec<_> = of_objects.map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}
