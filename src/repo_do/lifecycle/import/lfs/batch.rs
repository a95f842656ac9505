//! The question to a server of Git LFS for downloads, and its answer
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md>).

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::git::lfs::{LfsOid, Pointer};
use crate::repo_do::contract::LinkUrl;
use crate::repo_do::contract::lfs::LFS_OBJECT_BYTES_MAX;

/// Headers of one action at most, and bytes of each.
const HEADERS_MAX: usize = 32;
const HEADER_BYTES_MAX: usize = 8192;

/// Headers that say how a request is sent, which is ours to say.
const OUR_HEADERS: [&str; 8] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "range",
    "transfer-encoding",
    "upgrade",
];

/// Characters that are shown of a remote's own words.
const WORDS_CHARACTERS_MAX: usize = 200;

/// Where an object can be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// The object.
    pub(super) oid: LfsOid,
    /// Its bytes, as the remote says.
    pub(super) bytes: u64,
    /// The URL.
    pub(super) url: LinkUrl,
    /// Headers for this URL.
    pub(super) headers: Vec<(String, String)>,
    /// Whether the URL and the headers need no further credentials.
    pub(super) is_authenticated: bool,
}

/// The remote's answer about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It can be fetched.
    Link(Link),
    /// It will not come, and why.
    Refused(String),
    /// Not now, and why.
    Later(String),
}

/// The answer as a whole is useless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum BatchError {
    /// It is not the JSON that the specification asks for.
    #[error("the remote does not speak git lfs: {0}")]
    Malformed(String),
    /// It wants a way of transfer that was not offered.
    #[error("the remote offers only the transfer '{0}'")]
    Transfer(String),
    /// It names objects by another hash.
    #[error("the remote names objects by '{0}'")]
    HashAlgo(String),
}

#[derive(Deserialize)]
struct Batch {
    #[serde(default)]
    transfer: Option<String>,
    #[serde(default)]
    hash_algo: Option<String>,
    objects: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    oid: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    authenticated: Option<bool>,
    #[serde(default)]
    actions: Option<Actions>,
    #[serde(default)]
    error: Option<ObjectError>,
}

#[derive(Deserialize)]
struct Actions {
    #[serde(default)]
    download: Option<Download>,
}

#[derive(Deserialize)]
struct Download {
    href: String,
    #[serde(default)]
    header: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct ObjectError {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    message: String,
}

/// The body of the question.
pub(super) fn question(objects: &[Pointer]) -> String {
    let objects = objects.iter();
    let named = objects.map(|object| json!({"oid": object.oid.to_string(), "size": object.size}));
    json!({
        "operation": "download",
        "transfers": ["basic"],
        "hash_algo": "sha256",
        "objects": named.collect::<Vec<_>>(),
    })
    .to_string()
}

/// Reads the answer: one for each object of the question, in its order. `allow_private`: as in
/// [`LinkUrl::parse`].
pub(super) fn read(
    body: &[u8],
    asked: &[Pointer],
    allow_private: bool,
) -> Result<Vec<Answer>, BatchError> {
    let malformed = |error: serde_json::Error| BatchError::Malformed(error.to_string());
    let batch: Batch = serde_json::from_slice(body).map_err(malformed)?;
    if let Some(transfer) = batch.transfer.filter(|transfer| transfer != "basic") {
        return Err(BatchError::Transfer(shown(&transfer)));
    }
    if let Some(hash_algo) = batch.hash_algo.filter(|algo| algo != "sha256") {
        return Err(BatchError::HashAlgo(shown(&hash_algo)));
    }
    let mut named = HashMap::new();
    for object in batch.objects {
        if let Some(oid) = LfsOid::from_hex(object.oid.as_bytes()) {
            named.entry(oid).or_insert(object);
        }
    }
    let answer = |pointer: &Pointer| match named.remove(&pointer.oid) {
        Some(object) => object.answer(pointer, allow_private),
        None => Answer::Later("the remote's answer lacks it".to_owned()),
    };
    Ok(asked.iter().map(answer).collect())
}

impl Named {
    fn answer(self, pointer: &Pointer, allow_private: bool) -> Answer {
        if let Some(error) = self.error {
            return error.answer();
        }
        let Some(download) = self.actions.and_then(|actions| actions.download) else {
            return Answer::Refused("the remote offers no download of it".to_owned());
        };
        // Its name is the digest of its bytes: a pointer with another size is the fault then.
        let bytes = self.size.unwrap_or(pointer.size);
        if bytes > LFS_OBJECT_BYTES_MAX {
            let message = format!("it has {bytes} bytes, at most {LFS_OBJECT_BYTES_MAX} are taken");
            return Answer::Refused(message);
        }
        let url = match LinkUrl::parse(&download.href, allow_private) {
            Ok(url) => url,
            Err(error) => return Answer::Refused(format!("the remote's href is refused: {error}")),
        };
        match headers(download.header.unwrap_or_default()) {
            Ok(headers) => Answer::Link(Link {
                oid: pointer.oid,
                bytes,
                url,
                headers,
                is_authenticated: self.authenticated.unwrap_or(false),
            }),
            Err(reason) => Answer::Refused(reason),
        }
    }
}

impl ObjectError {
    fn answer(self) -> Answer {
        let Self { code, message } = self;
        let message = format!("the remote says {code}: {}", shown(&message));
        match code {
            408 | 425 | 429 | 500.. => Answer::Later(message),
            _ => Answer::Refused(message),
        }
    }
}

/// The headers of an action, but those that are ours.
fn headers(given: BTreeMap<String, Value>) -> Result<Vec<(String, String)>, String> {
    if given.len() > HEADERS_MAX {
        let count = given.len();
        return Err(format!(
            "the remote's action has {count} headers, at most {HEADERS_MAX} are sent"
        ));
    }
    let mut headers = Vec::new();
    for (name, value) in given {
        let name = name.to_ascii_lowercase();
        let Value::String(value) = value else {
            return Err("a header of the remote's action is no text".to_owned());
        };
        let bytes = name.len().saturating_add(value.len());
        if bytes > HEADER_BYTES_MAX {
            return Err(format!(
                "a header of the remote's action has {bytes} bytes, at most {HEADER_BYTES_MAX} \
                 are sent"
            ));
        }
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) || value.chars().any(char::is_control) {
            return Err("a header of the remote's action is malformed".to_owned());
        }
        if !OUR_HEADERS.contains(&name.as_str()) {
            headers.push((name, value));
        }
    }
    Ok(headers)
}

/// A remote's words as they are shown: short, and in one line.
pub(super) fn shown(words: &str) -> String {
    let printable = words.chars().filter(|character| !character.is_control());
    printable.take(WORDS_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests;
