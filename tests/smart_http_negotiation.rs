//! Requests that git's client makes seldom or never, written by hand: the same bytes go to
//! `git upload-pack --stateless-rpc`, and both answers are compared line by line up to the pack.
//! And long negotiations of clients that have many commits of their own.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeSet;

use gix_object::bstr::ByteSlice;
use support::git::Git;
use support::history::{History, Random};
use support::rest::{Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};
use ureq::http::Method;

/// One history, at git's server and at ours.
struct Served {
    scratch: Scratch,
    source: Git,
    hosted: Hosted,
    rest: Rest,
    /// Parents before children.
    commits: Vec<String>,
}

fn served(name: &str) -> Served {
    served_by(server(), name)
}

fn served_by(server: &Server, name: &str) -> Served {
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    for number in 0..40 {
        source.write(&format!("f{}", number % 7), format!("{number}\n"));
        let date = format!("{} +0000", 1_600_000_000 + number * 60);
        let dated = source.clone().variable("GIT_COMMITTER_DATE", &date);
        dated.commit(&format!("commit {number}"));
        if number % 9 == 4 {
            source.run(&["branch", &format!("side-{number}")]);
        }
        if number % 9 == 8 {
            let merged = format!("side-{}", number - 4);
            dated.run(&["merge", "--quiet", "--no-ff", "-m", "merge", &merged]);
        }
    }
    source.run(&["tag", "-a", "-m", "a tag", "v1", "main~5"]);
    for setting in [
        "uploadpack.allowFilter",
        "uploadpack.allowAnySHA1InWant",
        "uploadpack.allowRefInWant",
        "uploadpack.advertiseSidebandAll",
        "uploadpack.allowSidebandAll",
        "transfer.advertiseObjectInfo",
        "uploadpack.advertiseBundleURIs",
    ] {
        source.run(&["config", setting, "true"]);
    }
    let rest = server.rest();
    let hosted = rest.create_repository("negotiation", name);
    source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let list = source.run(&["rev-list", "--all", "--reverse", "--topo-order"]);
    Served {
        commits: list.lines().map(str::to_owned).collect(),
        scratch,
        source,
        hosted,
        rest,
    }
}

/// A packet of a request; `0000` and `0001` stand for themselves.
fn body(lines: &[String]) -> Vec<u8> {
    let mut body = Vec::new();
    for line in lines {
        match line.as_str() {
            "0000" | "0001" => body.extend_from_slice(line.as_bytes()),
            line => body.extend_from_slice(format!("{:04x}{line}\n", line.len() + 5).as_bytes()),
        }
    }
    body
}

/// An answer: its lines up to the pack, and the pack.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    lines: Vec<String>,
    pack: Vec<u8>,
}

impl Answer {
    /// The lines, with shallow commits sorted, because git's order is arbitrary.
    fn sorted(&self) -> (Vec<&String>, BTreeSet<&String>) {
        let is_shallow = |line: &&String| line.contains("shallow ");
        let rest = self.lines.iter().filter(|line| !is_shallow(line));
        (
            rest.collect(),
            self.lines.iter().filter(is_shallow).collect(),
        )
    }

    fn parse(mut rest: &[u8], banded: bool) -> Self {
        let (mut lines, mut pack) = (Vec::new(), Vec::new());
        while rest.len() >= 4 && !rest.starts_with(b"PACK") {
            let digits = std::str::from_utf8(&rest[..4]).unwrap();
            let length = usize::from_str_radix(digits, 16).unwrap().max(4);
            let data = &rest[4..length];
            rest = &rest[length..];
            match data {
                [1, data @ ..] if banded => pack.extend_from_slice(data),
                [2, ..] if banded => {}
                [] => lines.push(digits.to_owned()),
                data => lines.push(without_request(String::from_utf8_lossy(data).trim_end())),
            }
        }
        if rest.starts_with(b"PACK") {
            pack.extend_from_slice(rest);
        }
        Self { lines, pack }
    }
}

/// An error as git words it: ours says behind it which request it was.
fn without_request(line: &str) -> String {
    match line.split_once(" (request ") {
        Some((error, id)) if line.starts_with("ERR ") => {
            assert!(id.len() == 17 && id.ends_with(')'), "{line}");
            error.to_owned()
        }
        _ => line.to_owned(),
    }
}

impl Served {
    fn ours(&self, version: u8, body: &[u8]) -> Vec<u8> {
        let rest = self.rest.with_bearer(&self.hosted.token);
        let path = format!(
            "/git/{}/{}.git/git-upload-pack",
            self.hosted.namespace, self.hosted.name
        );
        let protocol = format!("version={version}");
        let headers = [
            ("Content-Type", "application/x-git-upload-pack-request"),
            ("Git-Protocol", protocol.as_str()),
        ];
        let answer = rest.send(Method::POST, &path, &headers, body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body
    }

    fn theirs(&self, version: u8, body: &[u8]) -> Vec<u8> {
        let git = self.source.clone();
        let git = git.variable("GIT_PROTOCOL", &format!("version={version}"));
        git.try_run(&["upload-pack", "--stateless-rpc", "."], body)
            .stdout
    }

    /// The ids that a pack has; a thin one is completed from the source.
    fn objects(&self, pack: &[u8]) -> BTreeSet<String> {
        let git = &self.source;
        let name = self.scratch.join(format!("{:p}.pack", pack.as_ptr()));
        let name = name.to_str().unwrap();
        let _ = std::fs::remove_file(name);
        git.run_with(&["index-pack", "--stdin", "--fix-thin", name], pack);
        let index = name.replace(".pack", ".idx");
        let listed = git.run_with(&["show-index"], &std::fs::read(&index).unwrap());
        let id = |line: &str| line.split(' ').nth(1).unwrap().to_owned();
        listed.lines().map(id).collect()
    }

    /// Both servers answer alike. The bases of thin packs and the order of packs are not compared.
    #[track_caller]
    fn check(&self, version: u8, lines: &[String]) -> Answer {
        let banded = version == 2 || lines[0].contains("side-band");
        let request = body(lines);
        let ours = Answer::parse(&self.ours(version, &request), banded);
        let theirs = Answer::parse(&self.theirs(version, &request), banded);
        assert_eq!(ours.sorted(), theirs.sorted(), "{lines:#?}");
        assert_eq!(ours.pack.is_empty(), theirs.pack.is_empty(), "{lines:#?}");
        // At the edge of a shallow history git sends what the client has, and we less of it.
        let has = |word: &str| lines.iter().any(|line| line.starts_with(word));
        let exact = !has("have ") || !(has("deepen") || has("shallow"));
        if !ours.pack.is_empty() && !has("thin-pack") && exact {
            let (ours, theirs) = (self.objects(&ours.pack), self.objects(&theirs.pack));
            assert_eq!(ours, theirs, "{lines:#?}");
        }
        ours
    }
}

/// Ids that no repository has.
fn unknown(random: &mut Random) -> String {
    format!("{:016x}{:024x}", random.next(), random.next())
}

fn some_haves(served: &Served, random: &mut Random) -> Vec<String> {
    let known = random.below(4);
    let mut haves: Vec<String> = (0..random.below(4)).map(|_| unknown(random)).collect();
    for _ in 0..known {
        let have = served.commits[random.below(served.commits.len())].clone();
        let place = random.below(haves.len() + 1);
        haves.insert(place, have);
    }
    haves
}

#[test]
fn acknowledgements_equal_gits() {
    let served = served("acknowledge");
    let mut random = Random(5);
    let modes = [
        "",
        " multi_ack",
        " multi_ack_detailed",
        " multi_ack_detailed no-done",
    ];
    let bands = ["", " side-band", " side-band-64k"];
    for round in 0..150 {
        let want = &served.commits[served.commits.len() / 2 + random.below(20)];
        let (mode, band) = (modes[round % 4], bands[round % 3]);
        let mut lines = vec![format!("want {want}{mode}{band} ofs-delta no-progress")];
        if random.percent(30) {
            lines.push(format!("want {}", served.commits[random.below(30)]));
        }
        if random.percent(20) {
            lines.push(format!("deepen {}", 1 + random.below(5)));
        }
        lines.push("0000".to_owned());
        let haves = some_haves(&served, &mut random);
        lines.extend(haves.iter().map(|have| format!("have {have}")));
        lines.push(["done", "0000"][random.below(2)].to_owned());
        served.check(u8::from(random.percent(50)), &lines);
    }
}

fn fetch(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut request = vec!["command=fetch".to_owned(), "object-format=sha1".to_owned()];
    request.push("0001".to_owned());
    request.push("no-progress".to_owned());
    request.extend(lines);
    request.push("0000".to_owned());
    request
}

#[test]
fn sections_of_a_fetch_equal_gits() {
    let served = served("sections");
    let mut random = Random(6);
    for _ in 0..150 {
        let mut lines = Vec::new();
        for _ in 0..=random.below(2) {
            lines.push(format!("want {}", served.commits[10 + random.below(30)]));
        }
        let haves = some_haves(&served, &mut random);
        lines.extend(haves.iter().map(|have| format!("have {have}")));
        for (line, percent) in [
            ("done", 40),
            ("wait-for-done", 20),
            ("include-tag", 30),
            ("ofs-delta", 50),
            ("thin-pack", 30),
            ("filter blob:none", 20),
            ("packfile-uris https", 10),
        ] {
            if random.percent(percent) && !(line.starts_with("packfile") && lines.is_empty()) {
                lines.push(line.to_owned());
            }
        }
        lines.retain(|line| !line.starts_with("packfile-uris"));
        match random.below(5) {
            0 => lines.push(format!("deepen {}", 1 + random.below(5))),
            1 => lines.push("deepen-since 1600000600".to_owned()),
            2 => lines.push(format!("shallow {}", served.commits[random.below(20)])),
            _ => {}
        }
        served.check(2, &fetch(lines));
    }
}

#[test]
fn wanted_refs_follow_the_shallow_commits() {
    let extensions = "ref-in-want,sideband-all,packfile-uris";
    let extended = Server::start_with(&[("CAIRN_FETCH_EXTENSIONS", extensions)]);
    let served = served_by(&extended, "want-ref");
    // Git's client uses what it sees.
    let clone = served.scratch.clone(&served.hosted.url(), "clone", &[]);
    clone.fsck_strict();
    let main = served.source.run(&["rev-parse", "main"]);
    let edge = served.source.run(&["rev-parse", "main~1"]);
    let request = fetch(["want-ref refs/heads/main", "deepen 2", "done"].map(str::to_owned));
    let answer = Answer::parse(&served.ours(2, &body(&request)), true);
    let wanted = format!("{main} refs/heads/main");
    assert_eq!(answer.lines[0], "shallow-info");
    assert!(answer.lines.contains(&format!("shallow {edge}")) || answer.lines.len() > 6);
    let place = |line: &str| answer.lines.iter().position(|found| found == line);
    assert!(
        place("shallow-info") < place("wanted-refs"),
        "{:?}",
        answer.lines
    );
    assert!(place(&wanted) < place("packfile"), "{:?}", answer.lines);
    // Without a depth the order is nobody's question.
    served.check(
        2,
        &fetch(["want-ref refs/tags/v1", "done"].map(str::to_owned)),
    );
    let unknown = fetch(["want-ref refs/heads/none", "done"].map(str::to_owned));
    let answer = Answer::parse(&served.ours(2, &body(&unknown)), true);
    assert_eq!(answer.lines, ["ERR unknown ref refs/heads/none"]);
}

/// A plain git server with nothing configured, and one request that only an extension knows.
#[test]
fn extensions_are_neither_advertised_nor_served_without_the_setting() {
    let served = served("extensions");
    let rest = served.rest.with_bearer(&served.hosted.token);
    let path = format!(
        "/git/{}/{}.git/info/refs?service=git-upload-pack",
        served.hosted.namespace, served.hosted.name
    );
    let shown = rest.send(Method::GET, &path, &[("Git-Protocol", "version=2")], b"");
    let shown = shown.text();
    assert!(
        shown.contains("fetch=shallow wait-for-done filter\n"),
        "{shown}"
    );
    for line in [
        "want-ref refs/heads/main",
        "sideband-all",
        "packfile-uris https",
    ] {
        let request = fetch([line, "done"].map(str::to_owned));
        let answer = Answer::parse(&served.ours(2, &body(&request)), true);
        assert_eq!(answer.lines, [format!("ERR unexpected line: '{line}'")]);
    }
}

#[test]
fn refusals_have_gits_words() {
    let served = served("refused");
    let nobodys = "1".repeat(40);
    let tip = served.commits.last().unwrap().clone();
    let unknown_want = vec![
        format!("want {nobodys} side-band-64k"),
        "0000".into(),
        "done".into(),
    ];
    let error = format!("ERR upload-pack: not our ref {nobodys}");
    for (version, request) in [
        (0, unknown_want.clone()),
        (1, unknown_want),
        (2, fetch([format!("want {nobodys}"), "done".to_owned()])),
    ] {
        let answer = served.check(version, &request);
        assert_eq!(answer.lines, std::slice::from_ref(&error));
    }
    let said = |lines: &[&str]| {
        let lines = lines.iter().map(|line| (*line).to_owned());
        let request = fetch([format!("want {tip}")].into_iter().chain(lines));
        let answer = Answer::parse(&served.ours(2, &body(&request)), true);
        assert_eq!(answer.lines.len(), 1, "{answer:?}");
        answer.lines[0].clone()
    };
    assert_eq!(
        said(&["nonsense", "done"]),
        "ERR unexpected line: 'nonsense'"
    );
    assert_eq!(
        said(&["filter blob:x", "done"]),
        "ERR invalid filter-spec 'blob:x'"
    );
    assert_eq!(
        said(&["filter sparse:oid=main:nothing", "done"]),
        "ERR unable to access sparse blob in 'main:nothing'"
    );
    assert_eq!(
        said(&["deepen-not nowhere", "done"]),
        "ERR git upload-pack: deepen-not is not a ref: nowhere"
    );
    assert!(said(&["deepen-since 4000000000", "done"]).contains("no commits selected"));
}

#[test]
fn facts_about_objects_and_bundles() {
    let served = served("facts");
    let tip = served.commits.last().unwrap();
    let ask = |lines: &[String]| {
        let answer = served.ours(2, &body(lines));
        String::from_utf8(answer).unwrap()
    };
    let size = served.source.run(&["cat-file", "-s", tip]);
    let request = ["command=object-info", "object-format=sha1", "0001", "size"].map(str::to_owned);
    let mut request = request.to_vec();
    request.extend([format!("oid {tip}"), "0000".to_owned()]);
    assert_eq!(
        ask(&request),
        String::from_utf8(served.theirs(2, &body(&request))).unwrap()
    );
    assert!(ask(&request).contains(&format!("{tip} {size}")));
    let bundles = ["command=bundle-uri", "object-format=sha1", "0001", "0000"].map(str::to_owned);
    assert_eq!(ask(&bundles), "0000");
    let url = served.hosted.url();
    let clone = served.scratch.git().config("transfer.bundleURI", "true");
    clone.run(&[
        "clone",
        "--quiet",
        "-o",
        "up",
        "--server-option=x=y",
        &url,
        "bundled",
    ]);
    served.scratch.git_in("bundled").fsck_strict();
}

#[test]
fn a_client_learns_what_is_common_without_fetching() {
    let served = served("negotiate-only");
    let url = served.hosted.url();
    let client = served.scratch.clone(&url, "client", &[]);
    client.commit("mine");
    let arguments = [
        "fetch",
        "--negotiate-only",
        "--negotiation-tip=HEAD",
        "origin",
    ];
    let common = client.run(&arguments);
    let expected = client.run(&["rev-parse", "HEAD~1"]);
    assert!(common.lines().any(|id| id == expected), "{common}");
    for id in common.lines() {
        client.run(&["merge-base", "--is-ancestor", id, "HEAD~1"]);
    }
}

#[test]
fn a_client_with_much_of_its_own_finds_what_is_common() {
    let served = served("rounds");
    let url = served.hosted.url();
    for version in [0, 1, 2] {
        let name = format!("client-{version}");
        let client = served.scratch.clone(&url, &name, &["--mirror"]);
        client.run(&["update-ref", "refs/heads/main", "main~20"]);
        // On top of an old commit, and beside it, more than fits one round.
        let more = History {
            commits: 3000,
            branches: 30,
            paths: 3,
            blob_bytes_max: 20,
            ..History::small(9)
        };
        let stream = more.stream();
        let stream = stream.replace("refs/heads/", "refs/heads/mine/");
        let stream = stream
            .replace("tag v", "tag mine-v")
            .replace("tags/light", "tags/mine-light");
        client.run_with(&["fast-import", "--quiet", "--done"], &stream);
        served.source.run(&["checkout", "--quiet", "main"]);
        served.source.write("new", format!("{version}\n"));
        served.source.commit("new");
        served.source.run(&["push", "--quiet", &url, "main"]);
        let traced = client
            .clone()
            .protocol(version)
            .variable("GIT_TRACE_PACKET", "1");
        let ended = traced.try_run(
            &[
                "fetch",
                "--progress",
                "origin",
                "+refs/heads/main:refs/heads/main",
            ],
            b"",
        );
        assert!(ended.ok, "{}", ended.stderr);
        client.fsck_strict();
        assert_eq!(
            client.run(&["rev-parse", "main"]),
            served.source.run(&["rev-parse", "main"])
        );
        // Everything that is common was found: only what is new came.
        let received = ended.stderr.lines().find(|line| line.contains("Total "));
        let total = received
            .unwrap_or_default()
            .split("Total ")
            .nth(1)
            .unwrap_or_default();
        let objects: u32 = total.split(' ').next().unwrap().parse().unwrap_or(u32::MAX);
        assert!(objects <= 70, "{received:?}");
    }
}
