//! One history at git's server and at ours. The same bytes go to `git upload-pack --stateless-rpc`, and
//! both answers are compared line by line up to the pack.

use std::collections::BTreeSet;

use ureq::http::Method;

use super::support::git::Git;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::{Server, server};

/// One history, at git's server and at ours.
pub struct Served {
    pub scratch: Scratch,
    pub source: Git,
    pub hosted: Hosted,
    pub rest: Rest,
    /// Parents before children.
    pub commits: Vec<String>,
}

pub fn served(name: &str) -> Served {
    served_by(server(), name)
}

pub fn served_by(server: &Server, name: &str) -> Served {
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
pub fn body(lines: &[String]) -> Vec<u8> {
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
pub struct Answer {
    pub lines: Vec<String>,
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

    pub fn parse(mut rest: &[u8], banded: bool) -> Self {
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
    pub fn ours(&self, version: u8, body: &[u8]) -> Vec<u8> {
        let rest = self.rest.with_bearer(&self.hosted.token);
        let path = self.hosted.git_path("git-upload-pack");
        let protocol = format!("version={version}");
        let headers = [
            ("Content-Type", "application/x-git-upload-pack-request"),
            ("Git-Protocol", protocol.as_str()),
        ];
        let answer = rest.send(Method::POST, &path, &headers, body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.body
    }

    pub fn theirs(&self, version: u8, body: &[u8]) -> Vec<u8> {
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
    pub fn check(&self, version: u8, lines: &[String]) -> Answer {
        let banded = version == 2 || lines[0].contains("side-band");
        let request = body(lines);
        let ours = Answer::parse(&self.ours(version, &request), banded);
        let theirs = Answer::parse(&self.theirs(version, &request), banded);
        assert_eq!(ours.sorted(), theirs.sorted(), "{lines:#?}");
        assert_eq!(ours.pack.is_empty(), theirs.pack.is_empty(), "{lines:#?}");
        // At the edge of a shallow history git sends objects that the client has, and we send fewer of them.
        let has = |word: &str| lines.iter().any(|line| line.starts_with(word));
        let exact = !has("have ") || !(has("deepen") || has("shallow"));
        if !ours.pack.is_empty() && !has("thin-pack") && exact {
            let (ours, theirs) = (self.objects(&ours.pack), self.objects(&theirs.pack));
            assert_eq!(ours, theirs, "{lines:#?}");
        }
        ours
    }
}
