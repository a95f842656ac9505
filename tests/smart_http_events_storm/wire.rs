//! A push as bytes: one commit in a pack, put together without git, sent by one request.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha1::{Digest as _, Sha1};
use ureq::http::Method;

use super::ledger::{Told, Update};
use super::support::rest::{Hosted, Rest};

/// The id that stands for "no object".
const NULL: &str = "0000000000000000000000000000000000000000";

const IDENTITY: &str = "A U Thor <author@example.com> 1700000000 +0000";

/// A commit, and the means to push it.
#[derive(Debug)]
pub struct Made {
    pub id: String,
    /// Blob, tree and commit.
    objects: [(u8, Vec<u8>); 3],
}

/// Makes a commit with one file; the message names it.
pub fn commit(parent: Option<&str>, message: &str) -> Made {
    let blob = format!("{message}\n").into_bytes();
    let mut tree = b"100644 file\0".to_vec();
    tree.extend(digest("blob", &blob));
    let parent = parent.map_or(String::new(), |id| format!("parent {id}\n"));
    let commit = format!(
        "tree {}\n{parent}author {IDENTITY}\ncommitter {IDENTITY}\n\n{message}\n",
        hex(&digest("tree", &tree)),
    );
    let commit = commit.into_bytes();
    Made {
        id: hex(&digest("commit", &commit)),
        objects: [(3, blob), (2, tree), (1, commit)],
    }
}

/// The pack of these commits.
fn pack(made: &[Made]) -> Vec<u8> {
    let objects = made.iter().flat_map(|made| &made.objects);
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend(u32::try_from(made.len() * 3).unwrap().to_be_bytes());
    for (kind, content) in objects {
        let mut left = content.len() >> 4;
        let mut byte = (kind << 4) | (content.len() & 15) as u8;
        while left > 0 {
            pack.push(byte | 0x80);
            byte = (left & 0x7f) as u8;
            left >>= 7;
        }
        pack.push(byte);
        let mut encoder = ZlibEncoder::new(&mut pack, Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap();
    }
    let trailer = Sha1::digest(&pack);
    pack.extend(trailer);
    pack
}

/// Pushes, and gives the result of each update.
pub fn push(rest: &Rest, hosted: &Hosted, updates: &[Update], made: &[Made]) -> Vec<Told> {
    let mut body = Vec::new();
    let mut capabilities = "\0 report-status object-format=sha1";
    for update in updates {
        let (old, new) = (update.before.as_deref(), update.after.as_deref());
        let (old, new, name) = (old.unwrap_or(NULL), new.unwrap_or(NULL), &update.name);
        let line = format!("{old} {new} {name}{capabilities}");
        write!(body, "{:04x}{line}", line.len() + 4).unwrap();
        capabilities = "";
    }
    body.extend(b"0000");
    if !made.is_empty() {
        body.extend(pack(made));
    }
    let path = hosted.git_path("git-receive-pack");
    let headers = [("Content-Type", "application/x-git-receive-pack-request")];
    let answer = match rest.try_send(Method::POST, &path, &headers, &body) {
        Ok(answer) if answer.status == 200 => answer.text(),
        Ok(answer) if answer.status < 500 && answer.status != 429 => {
            return vec![Told::Refused; updates.len()];
        }
        _ => return vec![Told::Lost; updates.len()],
    };
    let told = |update: &Update| {
        let says = |word: &str| answer.contains(&format!("{word} {}", update.name));
        match (says("ok"), says("ng")) {
            (true, false) => Told::Done,
            (false, true) => Told::Refused,
            // Names must not begin alike within one push.
            _ => Told::Lost,
        }
    };
    updates.iter().map(told).collect()
}

fn digest(kind: &str, content: &[u8]) -> Vec<u8> {
    let mut hash = Sha1::new();
    hash.update(format!("{kind} {}\0", content.len()));
    hash.update(content);
    hash.finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    faster_hex::hex_string(bytes)
}
