//! The repository that is attacked: it has a history, which must stay as it is.

use gix_hash::ObjectId;
use serde_json::{Value, json};
use ureq::http::Method;

use super::request::{Verdict, create_evil, null};
use super::support::git::{Git, refs_equal};
use super::support::history::History;
use super::support::rest::{Answer, Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::server;

/// How a case must end. The words are found somewhere in the message.
#[derive(Debug, Clone, Copy)]
pub enum Expect {
    /// The pack is refused: `unpack` says why, and each ref is `ng … unpacker error`.
    Unpack(&'static str),
    /// The pack is taken, or there is none, and each ref is `ng` for this reason.
    Ng(&'static str),
    /// The whole request is refused in-band.
    Fatal(&'static str),
    /// The same, by a report that refuses every ref.
    Refused(&'static str),
    /// The request is refused by HTTP.
    Status(u16),
    /// Answered well, with nothing done.
    Harmless(&'static str),
    /// Done: every ref is `ok`.
    Done,
}

impl Expect {
    fn fits(self, verdict: &Verdict) -> bool {
        match (self, verdict) {
            (Self::Unpack(words), Verdict::Report { unpack, refs }) => {
                let unpacker =
                    |line: &String| line.starts_with("ng ") && line.ends_with(" unpacker error");
                unpack != "ok" && unpack.contains(words) && refs.iter().all(unpacker)
            }
            (Self::Ng(words), Verdict::Report { unpack, refs }) => {
                let refused = |line: &String| line.starts_with("ng ") && line.contains(words);
                unpack == "ok" && refs.iter().all(refused)
            }
            (Self::Done, Verdict::Report { unpack, refs }) => {
                unpack == "ok" && refs.iter().all(|line| line.starts_with("ok "))
            }
            (Self::Fatal(words), Verdict::Fatal(message)) => message.contains(words),
            (Self::Refused(words), Verdict::Report { unpack, refs }) => {
                let refused = |line: &String| line.starts_with("ng ") && line.contains(words);
                unpack != "ok" && unpack.contains(words) && refs.iter().all(refused)
            }
            (Self::Status(expected), Verdict::Http(status, _)) => *status == expected,
            (Self::Harmless(words), Verdict::Other(text)) => text.contains(words),
            _ => false,
        }
    }
}

pub struct Target {
    pub scratch: Scratch,
    pub hosted: Hosted,
    /// The repository that was pushed before the attack.
    pub source: Git,
    /// The commit that `main` names, and its tree.
    pub tip: ObjectId,
    pub tip_tree: ObjectId,
    client: Rest,
    /// The advertisement before the attack.
    refs: String,
    /// Cases that ended otherwise than expected.
    surprises: Vec<String>,
    cases: usize,
}

impl Target {
    pub fn new(name: &str) -> Self {
        Self::of(name, &json!({ "name": name }))
    }

    /// One that checks objects as git's `--strict` does.
    pub fn strict(name: &str) -> Self {
        Self::of(name, &json!({ "name": name, "fsck": { "strict": true } }))
    }

    fn of(name: &str, body: &Value) -> Self {
        let rest = server().rest();
        let hosted = rest.create_repository_with("hostile", body);
        let scratch = Scratch::new();
        let source = scratch.repository("source");
        History::small(name.len() as u64).make(&source);
        source.run(&["push", "--mirror", &hosted.url()]);
        let id = |name: &str| -> ObjectId {
            let digits = source.run(&["rev-parse", name]);
            ObjectId::from_hex(digits.as_bytes()).expect("git prints ids")
        };
        let (tip, tip_tree) = (id("main"), id("main^{tree}"));
        let mut target = Self {
            client: rest.with_bearer(&hosted.token),
            scratch,
            hosted,
            source,
            tip,
            tip_tree,
            refs: String::new(),
            surprises: Vec::new(),
            cases: 0,
        };
        target.refs = target.advertised();
        target
    }

    /// The refs, to the letter.
    pub fn advertised(&self) -> String {
        let answer = self
            .client
            .get(&self.hosted.git_path("info/refs?service=git-receive-pack"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// A request of the service, with these headers besides its content type.
    pub fn send(&self, service: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let content_type = format!("application/x-{service}-request");
        let mut all = headers.to_vec();
        if !headers.iter().any(|(name, _)| *name == "Content-Type") {
            all.push(("Content-Type", &content_type));
        }
        self.client
            .send(Method::POST, &self.hosted.git_path(service), &all, body)
    }

    /// One case: how it ends, and that no ref moved.
    pub fn judge(&mut self, name: &str, answer: &Answer, expect: Expect) {
        self.cases += 1;
        let verdict = Verdict::of(answer);
        if !expect.fits(&verdict) {
            self.surprises
                .push(format!("{name}: expected {expect:?}, got {verdict}"));
        }
        if self.advertised() != self.refs {
            self.surprises.push(format!("{name}: the refs changed"));
            self.refs = self.advertised();
        }
    }

    /// A push that must be refused.
    pub fn push(&mut self, name: &str, body: &[u8], expect: Expect) {
        let answer = self.send("git-receive-pack", &[], body);
        self.judge(name, &answer, expect);
    }

    /// A push of this pack, to create a branch at `tip`.
    pub fn pack(&mut self, name: &str, tip: ObjectId, pack: &[u8], expect: Expect) {
        self.push(name, &create_evil(tip, pack), expect);
    }

    /// A push of a pack that does not come as far as its tip.
    pub fn broken_pack(&mut self, name: &str, pack: &[u8], words: &'static str) {
        self.pack(name, self.tip, pack, Expect::Unpack(words));
    }

    /// A fetch request of version 0 or 2.
    pub fn fetch(&mut self, name: &str, version: u8, body: &[u8], expect: Expect) {
        let protocol = format!("version={version}");
        let headers = [("Git-Protocol", protocol.as_str())];
        let answer = self.send("git-upload-pack", &headers, body);
        self.judge(name, &answer, expect);
    }

    /// The end of the group: every case went as expected, the repository is sound and works.
    pub fn finish(self, cases_min: usize) {
        let count = self.surprises.len();
        assert!(
            count == 0,
            "{count} of {} cases:\n{}",
            self.cases,
            self.surprises.join("\n")
        );
        assert!(self.cases >= cases_min, "{} cases", self.cases);
        let clone = self
            .scratch
            .clone(&self.hosted.url(), "after", &["--mirror"]);
        clone.fsck_strict();
        refs_equal(&self.source, &clone);
        self.source.commit("life goes on");
        self.source.run(&["push", &self.hosted.url(), "main"]);
        let clone = self
            .scratch
            .clone(&self.hosted.url(), "later", &["--mirror"]);
        clone.fsck_strict();
    }
}

/// `old` of a command that creates a ref.
pub fn nothing() -> ObjectId {
    null()
}
