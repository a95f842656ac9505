//! A push as bytes: commands and a pack put together by hand.

use super::support::git::Git;
use super::support::rest::{Answer, Hosted};
use super::support::server::server;

/// The id that stands for "no object".
pub const NULL: &str = "0000000000000000000000000000000000000000";

/// The capabilities of a client that understands everything.
pub const CAPABILITIES: &str = "report-status-v2 side-band-64k object-format=sha1";

/// A push as bytes.
#[derive(Debug, Clone, Default)]
pub struct RawPush {
    capabilities: String,
    lines: Vec<String>,
    options: Option<Vec<String>>,
    pack: Vec<u8>,
}

impl RawPush {
    pub fn new() -> Self {
        Self {
            capabilities: CAPABILITIES.to_owned(),
            ..Self::default()
        }
    }

    /// Asks for one more capability.
    #[must_use]
    pub fn with(mut self, capability: &str) -> Self {
        self.capabilities.push(' ');
        self.capabilities.push_str(capability);
        self
    }

    #[must_use]
    pub fn update(mut self, old: &str, new: &str, name: &str) -> Self {
        self.lines.push(format!("{old} {new} {name}"));
        self
    }

    #[must_use]
    pub fn options(mut self, options: &[&str]) -> Self {
        self.options = Some(options.iter().map(|&option| option.to_owned()).collect());
        self.with("push-options")
    }

    /// Adds a pack of these objects alone.
    #[must_use]
    pub fn pack(mut self, git: &Git, ids: &[impl AsRef<str>]) -> Self {
        let mut list = String::new();
        for id in ids {
            list.push_str(id.as_ref());
            list.push('\n');
        }
        let packed = git.try_run(&["pack-objects", "--stdout", "-q"], list.as_bytes());
        assert!(packed.ok, "{}", packed.stderr);
        self.pack = packed.stdout;
        self
    }

    /// The body.
    pub fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let mut capabilities = Some(&self.capabilities);
        for line in &self.lines {
            match capabilities.take() {
                Some(list) => packet(&format!("{line}\0 {list}"), &mut body),
                None => packet(line, &mut body),
            }
        }
        body.extend(b"0000");
        for option in self.options.iter().flatten() {
            packet(option, &mut body);
        }
        if self.options.is_some() {
            body.extend(b"0000");
        }
        body.extend(&self.pack);
        body
    }

    /// Sends it; gives the server's report, and its remarks.
    pub fn send(&self, hosted: &Hosted) -> Report {
        let answer = post(hosted, &[], &self.body());
        assert_eq!(answer.status, 200, "{}", answer.text());
        Report::of(&answer.body)
    }
}

/// Sends bytes to a repository's receive-pack.
pub fn post(hosted: &Hosted, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let path = hosted.git_path("git-receive-pack");
    let mut all = vec![("Content-Type", "application/x-git-receive-pack-request")];
    all.extend(headers);
    let rest = server().rest().with_bearer(&hosted.token);
    rest.send(ureq::http::Method::POST, &path, &all, body)
}

/// The answer to a push.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// `unpack …`, `ok …`, `ng …`, `option …`.
    pub lines: Vec<String>,
    /// Band 2.
    pub remarks: String,
    /// Band 3.
    pub error: String,
}

impl Report {
    /// Takes a multiplexed answer apart.
    pub fn of(answer: &[u8]) -> Self {
        let mut report = Self::default();
        let mut data = Vec::new();
        for packet in packets(answer) {
            let text = String::from_utf8_lossy(packet.get(1..).unwrap_or_default()).into_owned();
            match packet.first() {
                Some(1) => data.extend_from_slice(&packet[1..]),
                Some(2) => report.remarks.push_str(&text),
                Some(3) => report.error.push_str(&text),
                Some(_) => report.error = String::from_utf8_lossy(packet).into_owned(),
                None => {}
            }
        }
        let lines = packets(&data).into_iter();
        report.lines = lines
            .filter(|line| !line.is_empty())
            .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
            .collect();
        report
    }
}

fn packet(line: &str, out: &mut Vec<u8>) {
    out.extend(format!("{:04x}", line.len() + 4).bytes());
    out.extend(line.bytes());
}

/// The packets of an answer; a flush is an empty one.
fn packets(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let Some((digits, _)) = bytes.split_first_chunk::<4>() {
        let digits = std::str::from_utf8(digits).expect("a packet begins with four digits");
        let length = usize::from_str_radix(digits, 16).expect("a packet begins with its length");
        let (packet, rest) = bytes.split_at(length.max(4));
        found.push(&packet[4..]);
        bytes = rest;
    }
    found
}
