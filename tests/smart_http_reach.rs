//! What may be named by id: forks share packs with their source, and a force push leaves behind what
//! it replaced. Every face is asked for every kind of object.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use cairn::git::hash::PackHasher;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use gix_object::bstr::ByteSlice as _;
use serde_json::{Value, json};
use support::git::Git;
use support::rest::{Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};
use ureq::http::Method;

const SECRET: &str = "the key of the kingdom, which should not have been pushed\n";

/// Objects of one kind each, by what they are.
#[derive(Debug, Clone)]
struct Objects {
    commit: String,
    tree: String,
    blob: String,
    tag: String,
}

impl Objects {
    /// Those of the commit that HEAD is at, whose tree has `file`, with an annotated tag on it.
    fn at_head(work: &Git, file: &str, tag: &str) -> Self {
        work.run(&["tag", "-a", "-m", tag, tag]);
        Self {
            commit: work.run(&["rev-parse", "HEAD"]),
            tree: work.run(&["rev-parse", "HEAD^{tree}"]),
            blob: work.run(&["rev-parse", &format!("HEAD:{file}")]),
            tag: work.run(&["rev-parse", &format!("refs/tags/{tag}")]),
        }
    }

    fn each(&self) -> [(&'static str, &str); 4] {
        [
            ("commit", &self.commit),
            ("tree", &self.tree),
            ("blob", &self.blob),
            ("tag", &self.tag),
        ]
    }
}

/// A source whose history was rewritten: what was removed, what another branch has, what is left.
struct Story {
    rest: Rest,
    scratch: Scratch,
    work: Git,
    source: Hosted,
    removed: Objects,
    other: Objects,
    kept: Objects,
}

impl Story {
    fn begin(namespace: &str) -> Self {
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

        // More states of what is kept, so that its older one is no tip's.
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

    fn fork(&self, body: &Value) -> Hosted {
        let made = self.rest.post(&self.source.path("/fork"), body).result(201);
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        Hosted {
            namespace: self.source.namespace.clone(),
            name: text("name"),
            remote: text("remote"),
            token: text("token"),
        }
    }
}

/// Asks a repository for an object by every face that takes an id; those that gave it.
struct Faces<'a> {
    rest: Rest,
    hosted: &'a Hosted,
    url: String,
}

impl<'a> Faces<'a> {
    fn of_member(story: &'a Story, hosted: &'a Hosted) -> Self {
        Self {
            rest: story.rest.with_bearer(&hosted.token),
            hosted,
            url: hosted.url(),
        }
    }

    fn of_stranger(story: &'a Story, hosted: &'a Hosted) -> Self {
        Self {
            rest: story.rest.anonymous(),
            hosted,
            url: hosted.remote.clone(),
        }
    }

    fn that_give(&self, scratch: &Scratch, kind: &str, id: &str) -> Vec<&'static str> {
        let mut given = Vec::new();
        for (face, version) in [("fetch v0", "0"), ("fetch v2", "2")] {
            let into = scratch.bare_repository(&format!("{}-{version}", &id[..12]));
            let config = format!("protocol.version={version}");
            let fetched = into.try_run(&["-c", &config, "fetch", "--quiet", &self.url, id], b"");
            if fetched.ok {
                given.push(face);
            }
            std::fs::remove_dir_all(into.folder()).unwrap();
        }
        if self.object_info(id) {
            given.push("object-info");
        }
        for (face, path) in [
            ("commit", format!("/commit/{id}")),
            ("tree", format!("/tree/{id}")),
            ("blob", format!("/blob/{id}")),
            ("log", format!("/log?ref={id}")),
            ("file", format!("/file?ref={id}&path=readme")),
            ("raw", format!("/raw/{id}/readme")),
        ] {
            let answer = self.rest.get(&self.hosted.path(&path));
            match answer.status {
                200 => given.push(face),
                404 => {}
                _ => panic!("{face} of a {kind}: {} {}", answer.status, answer.text()),
            }
        }
        given
    }

    fn object_info(&self, id: &str) -> bool {
        let packet = |line: &str| format!("{:04x}{line}", line.len() + 4);
        let body = format!(
            "{}{}0001{}{}0000",
            packet("command=object-info"),
            packet("object-format=sha1"),
            packet("size"),
            packet(&format!("oid {id}")),
        );
        let path = format!(
            "/git/{}/{}.git/git-upload-pack",
            self.hosted.namespace, self.hosted.name
        );
        let headers = [
            ("Git-Protocol", "version=2"),
            ("Content-Type", "application/x-git-upload-pack-request"),
        ];
        let answer = self
            .rest
            .send(Method::POST, &path, &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        // A line of what is not there ends behind the id.
        let told = answer.text();
        let (before, _) = told.split_once(&format!("{id} ")).expect("it is told of");
        !before.ends_with("002d")
    }

    #[track_caller]
    fn give_nothing_of(&self, scratch: &Scratch, what: &str, objects: &Objects) {
        for (kind, id) in objects.each() {
            let given = self.that_give(scratch, kind, id);
            assert!(given.is_empty(), "{what}, {kind} {id}: {given:?}");
        }
    }

    /// What is reached is given by the faces that show its kind.
    #[track_caller]
    fn give_all_of(&self, scratch: &Scratch, what: &str, objects: &Objects) {
        let git = ["fetch v0", "fetch v2", "object-info"];
        for (kind, id) in objects.each() {
            let given = self.that_give(scratch, kind, id);
            let shown: &[&str] = match kind {
                "commit" | "tag" => &["commit", "tree", "log", "file", "raw"],
                "tree" => &["tree", "file", "raw"],
                _ => &["blob"],
            };
            let expect = [&git[..], shown].concat();
            assert_eq!(given, expect, "{what}, {kind} {id}");
        }
    }
}

#[test]
fn a_fork_of_the_default_branch_gives_nothing_but_what_that_reaches() {
    let story = Story::begin("reach-default");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    let member = Faces::of_member(&story, &forked);
    member.give_nothing_of(&story.scratch, "removed", &story.removed);
    member.give_nothing_of(&story.scratch, "another branch's", &story.other);
    let mut kept = story.kept.clone();
    let tag = std::mem::replace(&mut kept.tag, kept.commit.clone());
    member.give_all_of(&story.scratch, "kept", &kept);
    assert!(
        member.that_give(&story.scratch, "tag", &tag).is_empty(),
        "its tag was not forked"
    );

    story
        .rest
        .patch(&forked.path(""), &json!({ "public": true }))
        .result(200);
    let stranger = Faces::of_stranger(&story, &forked);
    stranger.give_nothing_of(&story.scratch, "removed", &story.removed);
    stranger.give_nothing_of(&story.scratch, "another branch's", &story.other);
    stranger.give_all_of(&story.scratch, "kept", &kept);
}

#[test]
fn a_fork_gives_what_its_refs_reach_and_nothing_that_its_source_removed() {
    let story = Story::begin("reach-fork");
    let forked = story.fork(&json!({ "name": "fork" }));
    let member = Faces::of_member(&story, &forked);
    member.give_nothing_of(&story.scratch, "removed", &story.removed);
    member.give_all_of(&story.scratch, "another branch's", &story.other);
    member.give_all_of(&story.scratch, "kept", &story.kept);
}

#[test]
fn a_repository_gives_its_members_what_its_reflog_keeps() {
    let story = Story::begin("reach-reflog");
    let member = Faces::of_member(&story, &story.source);
    member.give_all_of(&story.scratch, "removed", &story.removed);
    member.give_all_of(&story.scratch, "kept", &story.kept);
    // A clone may have begun just before: for some minutes anybody may name it.
    story
        .rest
        .patch(&story.source.path(""), &json!({ "public": true }))
        .result(200);
    let stranger = Faces::of_stranger(&story, &story.source);
    stranger.give_all_of(&story.scratch, "just replaced", &story.removed);
}

#[test]
fn a_push_is_not_given_what_it_only_names() {
    let story = Story::begin("reach-push");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    let null = "0".repeat(40);
    // Refs at objects that are stored and not the fork's.
    for (kind, id) in story.removed.each().into_iter().chain(story.other.each()) {
        let report = pushed(
            &forked,
            &format!("{null} {id} refs/tags/named"),
            &story.work,
            &[],
        );
        assert!(
            report.contains("ng refs/tags/named"),
            "{kind} {id}: {report}"
        );
    }
    // A commit of one's own with the secret in its tree, and one on top of the removed commit.
    let tree = format!("100644 blob {}\tstolen\n", story.removed.blob);
    let tree = story.work.run_with(&["mktree"], tree.as_bytes());
    let with_blob = story
        .work
        .run(&["commit-tree", "-m", "with the blob", &tree]);
    let removed = &story.removed;
    let with_tree = story
        .work
        .run(&["commit-tree", "-m", "with the tree", &removed.tree]);
    let on_top = story.work.run(&[
        "commit-tree",
        "-m",
        "on top",
        "-p",
        &removed.commit,
        &story.kept.tree,
    ]);
    for (what, commit, objects) in [
        ("a blob", &with_blob, vec![&with_blob, &tree]),
        ("a tree", &with_tree, vec![&with_tree]),
        ("a parent", &on_top, vec![&on_top]),
    ] {
        let line = format!("{null} {commit} refs/heads/named");
        let report = pushed(&forked, &line, &story.work, &objects);
        assert!(report.contains("ng refs/heads/named"), "{what}: {report}");
    }
    let faces = Faces::of_member(&story, &forked);
    faces.give_nothing_of(&story.scratch, "removed", removed);

    // Whoever has the objects may push them, although they are stored already.
    story.work.run(&[
        "push",
        "--quiet",
        &forked.url(),
        "of-plans",
        "refs/tags/other",
    ]);
    faces.give_all_of(&story.scratch, "another branch's", &story.other);
    story
        .scratch
        .clone(&forked.url(), "whole", &["--mirror"])
        .fsck_strict();
}

#[test]
fn a_thin_pack_cannot_build_on_what_its_pusher_may_not_see() {
    let story = Story::begin("reach-thin");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    let size = SECRET.len();
    assert!(size < 0x7f);
    // A delta that copies all of its base.
    let size = u8::try_from(size).unwrap();
    let delta = [size, size, 0x90, size];
    let mut pack = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    pack.push(0x70 | 4);
    pack.extend(hex(&story.removed.blob));
    pack.extend(zlib(&delta));
    pack.extend(sha1(&pack));
    let line = format!("{} {} refs/tags/stolen", "0".repeat(40), story.removed.blob);
    let report = sent(&forked, &line, &pack);
    assert!(report.contains("ng refs/tags/stolen"), "{report}");
    let faces = Faces::of_member(&story, &forked);
    faces.give_nothing_of(&story.scratch, "removed", &story.removed);
}

#[test]
fn a_partial_clone_fetches_what_it_lacks() {
    let story = Story::begin("reach-partial");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    story
        .rest
        .patch(&story.source.path(""), &json!({ "public": true }))
        .result(200);
    for (name, url) in [
        ("fork", forked.url()),
        ("public", story.source.remote.clone()),
    ] {
        for filter in ["blob:none", "tree:0"] {
            let folder = format!("{name}-{}", filter.replace(':', "-"));
            let clone = story
                .scratch
                .clone(&url, &folder, &[&format!("--filter={filter}")]);
            // An old state of a file, which is fetched when it is shown.
            let shown = clone.run(&["show", "HEAD~1:kept"]);
            assert!(shown.starts_with("an older state"), "{shown}");
            clone.run(&["log", "-p", "--all"]);
        }
    }
}

#[test]
fn what_a_client_says_it_has_tells_it_nothing() {
    let story = Story::begin("reach-haves");
    let forked = story.fork(&json!({ "name": "fork", "default_branch_only": true }));
    // A shallow commit that the client names and does not have: to deepen is to want its parents.
    let packet = |line: &str| format!("{:04x}{line}", line.len() + 4);
    let tip = story.work.run(&["rev-parse", "main"]);
    let on_top = &story.removed.commit;
    let body = format!(
        "{}{}0001{}{}{}{}0000",
        packet("command=fetch"),
        packet("object-format=sha1"),
        packet(&format!("want {tip}\n")),
        packet(&format!("shallow {on_top}\n")),
        packet("deepen 2147483647\n"),
        packet("done\n"),
    );
    let path = format!(
        "/git/{}/{}.git/git-upload-pack",
        forked.namespace, forked.name
    );
    let headers = [
        ("Git-Protocol", "version=2"),
        ("Content-Type", "application/x-git-upload-pack-request"),
    ];
    let rest = story.rest.with_bearer(&forked.token);
    let answer = rest.send(Method::POST, &path, &headers, body.as_bytes());
    assert!(!answer.text().contains("unshallow"), "{}", answer.text());
}

/// Pushes this update with a pack of these objects alone.
fn pushed(hosted: &Hosted, line: &str, work: &Git, objects: &[&String]) -> String {
    let mut list = String::new();
    for id in objects {
        list.push_str(id);
        list.push('\n');
    }
    let packed = work.try_run(&["pack-objects", "--stdout", "-q"], list.as_bytes());
    assert!(packed.ok, "{}", packed.stderr);
    sent(hosted, line, &packed.stdout)
}

fn sent(hosted: &Hosted, line: &str, pack: &[u8]) -> String {
    let line = format!("{line}\0 report-status object-format=sha1");
    let mut body = format!("{:04x}{line}0000", line.len() + 4).into_bytes();
    body.extend(pack);
    let path = format!(
        "/git/{}/{}.git/git-receive-pack",
        hosted.namespace, hosted.name
    );
    let headers = [("Content-Type", "application/x-git-receive-pack-request")];
    let rest = server().rest().with_bearer(&hosted.token);
    let answer = rest.send(Method::POST, &path, &headers, &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    let mut hasher = PackHasher::default();
    hasher.update(bytes);
    hasher.finish().to_vec()
}

/// Bytes that no compressor makes shorter, so that they stand in a pack as they are.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 7_u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(bytes)
    .collect()
}

/// The files below a folder that have these bytes in them.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if std::fs::read(&path).unwrap().find(bytes).is_some() {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn a_purge_removes_a_secret_wherever_it_is() {
    let (mut server, scratch) = (Server::start(), Scratch::new());
    let rest = server.rest();
    let hosted = rest.create_repository("purge", "source");
    let settings = json!({
        "settle_seconds": 0, "ready_bytes_min": 0, "cold_after_seconds": 0, "cold_bytes_min": 0,
    });
    rest.patch(&hosted.path(""), &settings).result(200);
    let work = scratch.repository("work");
    let secret = noise(5000);
    let (before, after) = (&secret[..2000], &secret[3000..]);
    work.write("readme", "for everybody\n");
    work.run(&["add", "."]);
    work.commit("first");
    work.write("config", &secret);
    work.run(&["add", "."]);
    work.commit("a mistake");
    let removed = Objects::at_head(&work, "config", "removed");
    work.run(&[
        "push",
        "--quiet",
        &hosted.url(),
        "main",
        "refs/tags/removed",
    ]);
    let upkeep = |task: &str| {
        let body = json!({ "task": task });
        rest.post(&hosted.path("/maintenance"), &body).result(200)
    };
    upkeep("snapshot");
    work.run(&["reset", "--quiet", "--hard", "HEAD~1"]);
    // A delta whose base has the secret.
    work.write("config", [before, after].concat());
    work.run(&["add", "."]);
    work.commit("mended");
    work.run(&[
        "push",
        "--quiet",
        "--force",
        &hosted.url(),
        "main",
        ":refs/tags/removed",
    ]);
    upkeep("snapshot");
    let sample = &secret[2200..2300];
    assert!(
        !files_with(server.state(), sample).is_empty(),
        "it was there"
    );

    let purge = || {
        rest.post(&hosted.path("/purge-unreachable"), &json!({}))
            .result(200)
    };
    let purged = purge();
    assert!(purged["objects"].as_u64().unwrap() >= 4, "{purged}");
    assert!(purged["packs_rewritten"].as_u64().unwrap() >= 1, "{purged}");
    assert!(purged["bytes"].as_u64().unwrap() >= 1000, "{purged}");
    assert_eq!(purged["holders"], json!([]), "{purged}");
    let verified = upkeep("verify");
    assert_eq!(verified["ok"], true, "{verified}");
    let again = purge();
    assert_eq!(again["objects"], 0, "{again}");

    server.restart();
    let rest = server.rest();
    let hosted = Hosted {
        remote: format!("{}/git/purge/source.git", server.url()),
        ..hosted
    };
    // SQLite writes over its log in time.
    let mut left = files_with(server.state(), sample);
    left.retain(|path| path.extension().is_none_or(|name| name != "sqlite-wal"));
    assert!(left.is_empty(), "{left:?}");
    let faces = Faces {
        rest: rest.with_bearer(&hosted.token),
        hosted: &hosted,
        url: hosted.url(),
    };
    faces.give_nothing_of(&scratch, "removed", &removed);
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    assert_eq!(
        clone.run(&["rev-parse", "main"]),
        work.run(&["rev-parse", "main"])
    );
}

#[test]
fn a_purge_names_the_forks_and_reaches_them() {
    let story = Story::begin("purge-forks");
    let mut forks = Vec::new();
    for name in ["one", "two"] {
        forks.push(story.fork(&json!({ "name": name, "default_branch_only": true })));
    }
    let path = story.source.path("/purge-unreachable");
    let made = story
        .rest
        .post(
            "/api/v1/namespaces/purge-forks/tokens",
            &json!({ "scope": "admin" }),
        )
        .result(201);
    let platform = story.rest.with_bearer(made["plaintext"].as_str().unwrap());
    let purged = platform.post(&path, &json!({})).result(200);
    assert!(purged["objects"].as_u64().unwrap() >= 4, "{purged}");
    let names = |answer: &Value| {
        let holders = answer["holders"].as_array().unwrap().iter();
        let mut names: Vec<_> = holders.map(|holder| holder["name"].clone()).collect();
        names.sort_by_key(ToString::to_string);
        names
    };
    assert_eq!(names(&purged), ["one", "two"], "{purged}");
    let member = Faces::of_member(&story, &story.source);
    member.give_nothing_of(&story.scratch, "removed", &story.removed);
    member.give_all_of(&story.scratch, "another branch's", &story.other);

    let body = json!({ "network": true });
    let purged = story.rest.post(&path, &body).result(200);
    for holder in purged["holders"].as_array().unwrap() {
        assert!(holder["objects"].as_u64().unwrap() >= 4, "{purged}");
    }
    for forked in &forks {
        let stats = story.rest.get(&forked.path("/stats")).result(200);
        assert_eq!(stats["packs"]["superseded"], 0, "{stats}");
        let clone = story
            .scratch
            .clone(&forked.url(), &forked.name, &["--mirror"]);
        clone.fsck_strict();
        let member = Faces::of_member(&story, forked);
        member.give_nothing_of(&story.scratch, "removed", &story.removed);
    }
}

#[test]
fn only_administrators_purge_and_only_the_operator_a_network() {
    let story = Story::begin("purge-who");
    let path = story.source.path("/purge-unreachable");
    let body = json!({});
    assert_eq!(story.rest.anonymous().post(&path, &body).status, 401);
    let member = story.rest.with_bearer(&story.source.token);
    assert_eq!(member.post(&path, &body).status, 403);
    let made = story
        .rest
        .post(
            "/api/v1/namespaces/purge-who/tokens",
            &json!({ "scope": "admin" }),
        )
        .result(201);
    let platform = story.rest.with_bearer(made["plaintext"].as_str().unwrap());
    let answer = platform.post(&path, &json!({ "network": true }));
    assert_eq!(answer.status, 403, "{}", answer.text());
    let answer = story.rest.post(&path, &json!({ "everything": true }));
    assert_eq!(answer.status, 400, "{}", answer.text());
    let nowhere = "/api/v1/namespaces/purge-who/repos/nowhere/purge-unreachable";
    assert_eq!(story.rest.post(nowhere, &body).status, 404);
    assert_eq!(story.rest.get(&path).status, 405);
    // Without a body too.
    let answer = story.rest.send(Method::POST, &path, &[], b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
}
