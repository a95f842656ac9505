//! Requests of receive-pack and upload-pack, and their answers.

use std::fmt;

use gix_hash::ObjectId;

use super::support::rest::Answer;

/// The capabilities that a pusher asks for unless a case names others.
pub const CAPABILITIES: &str = "report-status side-band-64k ofs-delta agent=hostile/1.0";

pub fn null() -> ObjectId {
    ObjectId::null(gix_hash::Kind::Sha1)
}

/// A packet.
pub fn pkt(line: impl AsRef<[u8]>) -> Vec<u8> {
    let line = line.as_ref();
    [format!("{:04x}", line.len() + 4).as_bytes(), line].concat()
}

/// A command line without capabilities.
pub fn command(old: ObjectId, new: ObjectId, name: impl AsRef<[u8]>) -> Vec<u8> {
    [format!("{old} {new} ").as_bytes(), name.as_ref()].concat()
}

/// The body of a push: command lines, the first with capabilities, then a pack.
pub fn push_with(capabilities: &str, commands: &[Vec<u8>], pack: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (number, line) in commands.iter().enumerate() {
        if number == 0 {
            body.extend(pkt(
                [line, b"\0 ".as_slice(), capabilities.as_bytes()].concat()
            ));
        } else {
            body.extend(pkt(line));
        }
    }
    body.extend(b"0000");
    body.extend_from_slice(pack);
    body
}

pub fn push(commands: &[Vec<u8>], pack: &[u8]) -> Vec<u8> {
    push_with(CAPABILITIES, commands, pack)
}

/// The body of a push that creates the branch `evil` at `tip`.
pub fn create_evil(tip: ObjectId, pack: &[u8]) -> Vec<u8> {
    push(&[command(null(), tip, "refs/heads/evil")], pack)
}

/// The result in a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The report of a push: the `unpack` line, then the others.
    Report { unpack: String, refs: Vec<String> },
    /// Refused as a whole: band 3, or `ERR`.
    Fatal(String),
    /// An HTTP status other than 200.
    Http(u16, String),
    /// 200, and neither of these: the packets' text, or the pack's beginning.
    Other(String),
}

impl Verdict {
    pub fn of(answer: &Answer) -> Self {
        if answer.status != 200 {
            return Self::Http(answer.status, answer.text());
        }
        let mut lines = packets(&answer.body).unwrap_or_default();
        // With side-bands, each packet begins with its band.
        let bands = |line: &Vec<u8>| matches!(line.first(), Some(1..=3));
        if !lines.is_empty() && lines.iter().all(bands) {
            if let Some(fatal) = lines.iter().find(|line| line[0] == 3) {
                return Self::Fatal(text(&fatal[1..]));
            }
            let inner: Vec<u8> = lines
                .iter()
                .filter(|line| line[0] == 1)
                .flat_map(|line| line[1..].to_vec())
                .collect();
            lines = packets(&inner).unwrap_or_else(|| vec![inner]);
        }
        let mut lines: Vec<String> = lines.iter().map(|line| text(line)).collect();
        if let Some(message) = lines.iter().find_map(|line| line.strip_prefix("ERR ")) {
            return Self::Fatal(message.to_owned());
        }
        match lines.first().and_then(|line| line.strip_prefix("unpack ")) {
            Some(unpack) => Self::Report {
                unpack: unpack.to_owned(),
                refs: lines.split_off(1),
            },
            None => Self::Other(lines.join("|").chars().take(300).collect()),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report { unpack, refs } => write!(f, "unpack {unpack} | {}", refs.join(" | ")),
            Self::Fatal(message) => write!(f, "fatal: {message}"),
            Self::Http(status, text) => write!(f, "{status}: {text}"),
            Self::Other(text) => write!(f, "answered: {text}"),
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}

/// The data packets of a body; nothing if it is not made of packets.
fn packets(mut body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    while !body.is_empty() {
        let digits = std::str::from_utf8(body.get(..4)?).ok()?;
        let length = usize::from_str_radix(digits, 16).ok()?.max(4);
        if digits > "0003" {
            found.push(body.get(4..length)?.to_vec());
        }
        body = &body[length..];
    }
    Some(found)
}
