//! A client of Git LFS that follows each story, and does nothing by itself.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use ureq::http::Method;

use crate::support::rest::{Answer, Hosted, Rest};
use crate::support::server::{Server, server};

/// The media type of every JSON body.
pub const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

/// A repository of the shared server, as a caller with some credential sees it.
#[derive(Debug, Clone)]
pub struct Lfs {
    /// The caller.
    pub rest: Rest,
    /// `/git/<ns>/<repo>.git/info/lfs`
    pub base: String,
}

/// An object: its name and its bytes.
#[derive(Debug, Clone)]
pub struct Object {
    /// Its name.
    pub oid: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Object {
    /// The object of these bytes.
    pub fn of(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let oid = faster_hex::hex_string(&Sha256::digest(&bytes));
        Self { oid, bytes }
    }

    /// An object of so many bytes that no other story has.
    pub fn of_length(length: usize, seed: u8) -> Self {
        let bytes = (0..length).map(|at| (at * 31 + at / 251).to_le_bytes()[0] ^ seed);
        Self::of(bytes.collect::<Vec<u8>>())
    }

    /// The pointer that a commit has in its place.
    pub fn pointer(&self) -> String {
        let (oid, size) = (&self.oid, self.bytes.len());
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
    }

    /// As a batch names it.
    pub fn named(&self) -> Value {
        json!({ "oid": self.oid, "size": self.bytes.len() })
    }
}

impl Lfs {
    /// A new repository, with the token that its creator got.
    pub fn create(namespace: &str, name: &str) -> (Hosted, Self) {
        let hosted = server().rest().create_repository(namespace, name);
        let lfs = Self::of(&hosted, server().rest().with_bearer(&hosted.token));
        (hosted, lfs)
    }

    /// A repository, as this caller sees it.
    pub fn of(hosted: &Hosted, rest: Rest) -> Self {
        let base = hosted.git_path("info/lfs");
        Self { rest, base }
    }

    /// The same repository for another caller.
    pub fn by(&self, rest: Rest) -> Self {
        let base = self.base.clone();
        Self { rest, base }
    }

    /// A JSON body to a path below `info/lfs`.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string())
    }

    /// The same with any body.
    pub fn post_text(&self, path: &str, body: &str) -> Answer {
        let content_type = format!("{MEDIA_TYPE}; charset=utf-8");
        let headers = [("Content-Type", &*content_type), ("Accept", MEDIA_TYPE)];
        let path = format!("{}{path}", self.base);
        self.rest
            .send(Method::POST, &path, &headers, body.as_bytes())
    }

    /// A batch of these objects.
    pub fn batch(&self, operation: &str, objects: &[&Object]) -> Answer {
        let objects: Vec<_> = objects.iter().map(|object| object.named()).collect();
        self.post(
            "/objects/batch",
            &json!({ "operation": operation, "transfers": ["basic"], "objects": objects,
                "ref": { "name": "refs/heads/main" }, "hash_algo": "sha256" }),
        )
    }

    /// The entry of a batch for its one object.
    pub fn told(&self, operation: &str, object: &Object) -> Value {
        let answer = self.batch(operation, &[object]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), MEDIA_TYPE);
        answer.json()["objects"][0].take()
    }

    /// Sends the bytes under a name and a size.
    pub fn put_as(&self, oid: &str, size: usize, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let path = format!("{}/objects/{oid}/{size}", self.base);
        let mut all = vec![("Content-Type", "application/octet-stream")];
        all.extend(headers);
        self.rest.send(Method::PUT, &path, &all, body)
    }

    /// Sends an object.
    pub fn put(&self, object: &Object) -> Answer {
        self.put_as(&object.oid, object.bytes.len(), &[], &object.bytes)
    }

    /// The path of an object's bytes.
    pub fn path(&self, object: &Object) -> String {
        format!("{}/objects/{}", self.base, object.oid)
    }

    /// Gets an object.
    pub fn get(&self, object: &Object, headers: &[(&str, &str)]) -> Answer {
        self.rest
            .send(Method::GET, &self.path(object), headers, b"")
    }

    /// Whether the repository has the object, by all that it says.
    pub fn has(&self, object: &Object) -> bool {
        let answer = self.get(object, &[]);
        let has = answer.status == 200;
        assert_eq!(has, self.told("download", object)["actions"].is_object());
        assert!(!has || answer.body == object.bytes);
        has
    }
}

/// An upload by hand; each part is sent when the story says so.
#[derive(Debug)]
pub struct Upload {
    stream: TcpStream,
}

impl Upload {
    /// Sends the head of a PUT with these lines about its body.
    pub fn begin(server: &Server, lfs: &Lfs, token: &str, object: &Object, lines: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let (path, size) = (lfs.path(object), object.bytes.len());
        let head = format!(
            "PUT {path}/{size} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/octet-stream\r\n{lines}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        Self { stream }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends one chunk of a chunked body; none ends it.
    pub fn chunk(&mut self, bytes: &[u8]) {
        self.send(format!("{:x}\r\n", bytes.len()).as_bytes());
        self.send(bytes);
        self.send(b"\r\n");
    }

    /// The status of the answer, and its message.
    pub fn answer(mut self) -> (u16, String) {
        let mut said = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let read = self.stream.read(&mut piece).unwrap();
            said.extend_from_slice(&piece[..read]);
            let text = String::from_utf8_lossy(&said).into_owned();
            let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
            let is_whole = body.is_some_and(|body| body.is_empty() || body.contains('}'));
            if read == 0 || is_whole {
                assert!(text.starts_with("HTTP/1.1 "), "{text}");
                return (text[9..12].parse().unwrap(), text);
            }
        }
    }
}

/// The message of an error in an answer as it came, head and all.
pub fn message_in(said: &str) -> String {
    let (_, body) = said.split_once("\r\n\r\n").unwrap();
    let body = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
    let body: Value = serde_json::from_str(body).unwrap();
    body["message"].as_str().unwrap().to_owned()
}

/// The message of an error with this status.
pub fn message(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), MEDIA_TYPE);
    let body = answer.json();
    assert_eq!(body["request_id"], answer.header("x-request-id"), "{body}");
    body["message"].as_str().unwrap().to_owned()
}
