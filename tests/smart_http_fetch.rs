//! Every kind of fetch, each with every filter, in both protocols: the client ends with the same objects as
//! when git's own upload-pack serves it.
//!
//! Where the two may differ, and why it does no harm:
//! - Filters by depth, and combined ones: Cairn sends objects within the filter although git takes
//!   them to be at the client, or has met them outside of the filter before.
//! - Blobs outside of a filter: one may be the base of git's delta, and the client fetches it too.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

use std::collections::BTreeSet;

use support::git::{Ended, Git};
use support::history::History;
use support::scratch::Scratch;
use support::server::server;

/// How much history the client asks for.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// An option of the first clone, where more is fetched later.
    first: &'static str,
    /// The option of the request.
    option: &'static str,
}

const fn shape(first: &'static str, option: &'static str) -> Shape {
    Shape { first, option }
}

const SHAPES: [Shape; 6] = [
    shape("", ""),
    shape("", "--depth=1"),
    shape("", "--shallow-since=1500021000 +0000"),
    shape("", "--shallow-exclude=old"),
    shape("--depth=2", "--deepen=3"),
    shape("--depth=2", "--unshallow"),
];

const FILTERS: [&str; 9] = [
    "",
    "blob:none",
    "blob:limit=1000",
    "tree:0",
    "tree:2",
    "sparse:oid=main:patterns",
    "object:type=commit",
    "object:type=blob",
    "combine:blob:limit=2k+tree:2",
];

/// The whole history, without a filter.
const FULL: Shape = SHAPES[0];

/// One history, at git's server and at ours.
struct Served {
    scratch: Scratch,
    source: Git,
    /// Git's upload-pack.
    theirs: String,
    ours: String,
}

/// Merges, an octopus, clocks that go back, tags of tags. With `odd`, refs and tags of trees and
/// blobs too.
fn served(name: &str, odd: bool) -> Served {
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    History::small(42).make(&source);
    let mut octopus = vec!["commit-tree", "-m", "octopus"];
    for parent in ["main~3", "topic/1", "topic/2"] {
        octopus.extend(["-p", parent]);
    }
    octopus.push("topic/1^{tree}");
    let octopus = source.run(&octopus);
    source.run(&["update-ref", "refs/heads/octopus", &octopus]);
    source.write("patterns", "/d1/\n*7\n!/d1/d3/\n/f3*\n");
    source.commit("patterns");
    source.run(&["branch", "old", "main~12"]);
    source.run(&["tag", "-a", "-m", "inner", "inner", "main~2"]);
    source.run(&["tag", "-a", "-m", "outer", "outer", "inner"]);
    if odd {
        source.run(&["tag", "-a", "-m", "a tree", "a-tree", "topic/1^{tree}"]);
        source.run(&["tag", "-a", "-m", "a blob", "a-blob", "main:patterns"]);
        source.run(&["update-ref", "refs/odd/tree", "topic/2^{tree}"]);
        source.run(&["update-ref", "refs/odd/blob", "main:patterns"]);
    }
    for setting in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        source.run(&["config", setting, "true"]);
    }
    let hosted = server().rest().create_repository("fetch", name);
    source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    Served {
        theirs: format!("file://{}", source.folder().display()),
        ours: hosted.url(),
        scratch,
        source,
    }
}

/// The state of a client.
#[derive(Debug, PartialEq, Eq)]
struct Client {
    objects: BTreeSet<String>,
    shallow: BTreeSet<String>,
    refs: BTreeSet<String>,
}

impl Client {
    fn of(git: &Git) -> Self {
        git.run(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
        let every = [
            "cat-file",
            "--batch-all-objects",
            "--batch-check=%(objectname)",
        ];
        let shallow = std::fs::read_to_string(git.folder().join("shallow"));
        Self {
            objects: lines(&git.run(&every)),
            shallow: lines(&shallow.unwrap_or_default()),
            refs: lines(&git.run(&["for-each-ref", "--format=%(objectname) %(refname)"])),
        }
    }
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(str::to_owned).collect()
}

/// One cell of the matrix.
#[derive(Debug, Clone, Copy)]
struct Case {
    version: u8,
    shape: Shape,
    /// A filter-spec, or nothing.
    filter: &'static str,
    /// Everything is cloned, or else first an old branch and then the rest is fetched.
    clone: bool,
}

impl Case {
    /// Runs the commands; gives the failure of the last one, or the client's objects.
    fn run(self, served: &Served, url: &str) -> Result<Client, String> {
        let folder = served.scratch.join(format!("client-{}", next_number()));
        let folder = folder.to_str().expect("a path in UTF-8");
        let filter = format!("--filter={}", self.filter);
        let mut clone = vec!["clone", "--quiet", "--bare"];
        if !self.filter.is_empty() {
            clone.push(&filter);
        }
        let mut fetch = vec!["fetch", "--quiet", "origin"];
        if self.clone {
            clone.extend(["--mirror", "--no-single-branch"]);
        } else {
            clone.extend(["--single-branch", "--branch=old"]);
            fetch.push("+refs/*:refs/*");
        }
        let at_once = self.clone && self.shape.first.is_empty();
        let first = if at_once {
            self.shape.option
        } else {
            self.shape.first
        };
        clone.extend(some(first));
        clone.extend([url, folder]);
        let git = served.scratch.git().protocol(self.version);
        went_well(git.try_run(&clone, b""))?;
        let client = served.scratch.git_in(folder).protocol(self.version);
        if !at_once {
            fetch.extend(some(self.shape.option));
            went_well(client.try_run(&fetch, b""))?;
        }
        Ok(Client::of(&client))
    }

    /// Both servers, one request; the clients must be alike.
    #[track_caller]
    fn check(self, served: &Served) {
        let ours = self.run(served, &served.ours);
        let ours = ours.map_err(|said| format!("{self:?}: {said}")).unwrap();
        let theirs = self.run(served, &served.theirs);
        let theirs = theirs
            .map_err(|said| format!("{self:?}, git's own: {said}"))
            .unwrap();
        assert_eq!(ours.refs, theirs.refs, "{self:?}");
        assert_eq!(ours.shallow, theirs.shallow, "{self:?}");
        if ours.objects == theirs.objects {
            return;
        }
        let filter = format!("--filter={}", self.filter);
        let mut list = vec!["rev-list", "--all", "--objects", "--no-object-names"];
        if !self.filter.is_empty() {
            list.push(&filter);
        }
        let within = lines(&served.source.run(&list));
        let (more, less) = (
            &ours.objects - &theirs.objects,
            &theirs.objects - &ours.objects,
        );
        assert!(less.is_disjoint(&within), "{self:?}: {less:?} is missing");
        let may_be_more = self.filter.starts_with("tree:") || self.filter.starts_with("combine:");
        assert!(
            may_be_more || more.is_empty(),
            "{self:?}: {more:?} is too much"
        );
        let deeper: BTreeSet<_> = more.difference(&within).collect();
        // Git lists other objects for a combined filter than the filter keeps, so each part is asked.
        if self.filter.starts_with("tree:") {
            assert!(deeper.is_empty(), "{self:?}: {deeper:?} is outside");
        }
        assert!(more.len() <= 2, "{self:?}: {more:?}");
    }
}

fn some(option: &str) -> Option<&str> {
    Some(option).filter(|option| !option.is_empty())
}

fn went_well(ended: Ended) -> Result<(), String> {
    if ended.ok { Ok(()) } else { Err(ended.stderr) }
}

fn next_number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Git's client of version 0 over HTTP does not find its own shallow commits when the filter left
/// them out, whoever serves it.
fn client_fails(version: u8, shape: Shape, filter: &str) -> bool {
    version == 0 && !shape.first.is_empty() && filter == "object:type=blob"
}

fn matrix(version: u8) {
    let served = served(&format!("matrix-{version}"), false);
    for shape in SHAPES {
        for filter in FILTERS {
            for clone in [true, false] {
                if !client_fails(version, shape, filter) {
                    let case = Case {
                        version,
                        shape,
                        filter,
                        clone,
                    };
                    case.check(&served);
                }
            }
        }
    }
}

#[test]
fn fetches_of_version_0_equal_gits() {
    matrix(0);
}

#[test]
fn fetches_of_version_2_equal_gits() {
    matrix(2);
}

#[test]
fn refs_to_trees_and_blobs_are_fetched() {
    let served = served("odd", true);
    for version in [0, 1, 2] {
        for shape in SHAPES {
            for filter in ["", "blob:none", "sparse:oid=main:patterns"] {
                // Git's own server fails at the other filters: it leaves such wants out.
                let case = Case {
                    version,
                    shape,
                    filter,
                    clone: true,
                };
                case.check(&served);
            }
        }
    }
    for filter in ["tree:0", "tree:1", "object:type=commit", "object:type=tag"] {
        let case = Case {
            version: 2,
            shape: FULL,
            filter,
            clone: true,
        };
        let client = case.run(&served, &served.ours);
        let client = client.unwrap_or_else(|said| panic!("{case:?}: {said}"));
        assert_eq!(client.refs, served.source_refs());
    }
}

impl Served {
    fn source_refs(&self) -> BTreeSet<String> {
        let list = ["for-each-ref", "--format=%(objectname) %(refname)"];
        lines(&self.source.run(&list))
    }
}

#[test]
fn a_partial_clone_gets_missing_objects_many_at_a_time() {
    let served = served("lazy", true);
    for (version, filter) in [(0, "blob:none"), (2, "blob:none"), (2, "tree:0")] {
        let name = format!("lazy-v{version}-{}", filter.replace(':', "-"));
        let option = format!("--filter={filter}");
        let git = served.scratch.git().protocol(version);
        git.run(&["clone", "--quiet", &option, &served.ours, &name]);
        let client = served.scratch.git_in(&name).protocol(version);
        for branch in ["octopus", "topic/1", "topic/2", "old"] {
            client.run(&["checkout", "--quiet", branch]);
            assert_eq!(client.run(&["status", "--porcelain"]), "");
        }
        // A diff of the whole history, in as many requests as git likes.
        let log = ["log", "--all", "--stat", "-p", "--format=%H"];
        assert_eq!(client.run(&log).len(), served.source.run(&log).len());
        client.fsck_strict();
        // All that is still missing, at once.
        let every: Vec<String> = served.source.objects(&["--all"]);
        let input = every.join("\n");
        let check = ["cat-file", "--batch-check=%(objectname) %(objecttype)"];
        let said = client.run_with(&check, input.as_bytes());
        assert!(!said.contains("missing"), "{said}");
        client.run(&["fetch", "--quiet", "--refetch", "--no-filter", "origin"]);
        client.fsck_strict();
    }
}
