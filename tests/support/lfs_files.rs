//! Objects of Git LFS that a [`Remote`](super::remote::Remote) gives out, and its faults about them.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The answer to a request for the bytes of an object.
#[derive(Debug, Clone)]
pub enum Gives {
    /// These bytes, whatever the name says.
    Bytes(Vec<u8>),
    /// These bytes where so many are announced; then the connection ends.
    Cut(Vec<u8>, usize),
    /// The head and a byte; then nothing, for as long as the client waits.
    Stall(usize),
    /// A redirect to there.
    Redirect(String),
    /// This status, to the question already.
    Error(u16),
    /// An action that leads to there.
    Href(String),
}

/// The objects, by name.
#[derive(Debug, Clone, Default)]
pub struct LfsFiles {
    objects: BTreeMap<String, (usize, Gives)>,
    /// The authorization that every action names.
    pub authorization: Option<String>,
}

/// The name of these bytes.
pub fn oid(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    faster_hex::hex_string(&digest)
}

/// The pointer to these bytes.
pub fn pointer(bytes: &[u8]) -> String {
    format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n",
        oid(bytes),
        bytes.len()
    )
}

/// The object that a path names.
pub fn object_in(target: &str) -> Option<&str> {
    let (_, oid) = target.split_once("/info/lfs/objects/")?;
    (oid.len() == 64).then_some(oid)
}

impl LfsFiles {
    /// These objects, given out as they are.
    pub fn of(objects: &[Vec<u8>]) -> Self {
        let mut files = Self::default();
        for bytes in objects {
            files.set(bytes, Gives::Bytes(bytes.clone()));
        }
        files
    }

    /// Sets the answers about the object with these bytes.
    pub fn set(&mut self, bytes: &[u8], gives: Gives) {
        self.objects.insert(oid(bytes), (bytes.len(), gives));
    }

    /// Answers a batch.
    pub fn answer(&self, base: &str, body: &[u8], mut out: TcpStream) -> std::io::Result<()> {
        let asked: Value = serde_json::from_slice(body).expect("a batch is json");
        assert_eq!(asked["operation"], "download");
        let objects: Vec<_> = asked["objects"]
            .as_array()
            .expect("a batch names objects")
            .iter()
            .map(|object| self.about(base, object["oid"].as_str().expect("it has a name")))
            .collect();
        let body = json!({ "transfer": "basic", "objects": objects }).to_string();
        write!(
            out,
            "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.git-lfs+json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
    }

    fn about(&self, base: &str, oid: &str) -> Value {
        let (size, gives) = match self.objects.get(oid) {
            Some((size, gives)) => (*size, gives),
            None => (0, &Gives::Error(404)),
        };
        let href = match gives {
            Gives::Error(code) => {
                return json!({ "oid": oid, "error": { "code": code, "message": "not here" } });
            }
            Gives::Href(href) => href.clone(),
            _ => format!("{base}/objects/{oid}"),
        };
        let header: BTreeMap<_, _> = self
            .authorization
            .iter()
            .map(|value| ("Authorization", value))
            .collect();
        let action = json!({ "href": href, "header": header });
        json!({ "oid": oid, "size": size, "actions": { "download": action } })
    }

    /// Sends the bytes of an object, or other bytes instead.
    pub fn send(&self, oid: &str, mut out: TcpStream) -> std::io::Result<()> {
        let head = |status: &str, length: usize| {
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n")
        };
        match self.objects.get(oid).map(|(_, gives)| gives) {
            Some(Gives::Bytes(bytes)) => {
                write!(out, "{}\r\n", head("200 OK", bytes.len()))?;
                out.write_all(bytes)
            }
            Some(Gives::Cut(bytes, announced)) => {
                write!(out, "{}\r\n", head("200 OK", *announced))?;
                out.write_all(bytes)
            }
            Some(Gives::Stall(announced)) => {
                write!(out, "{}\r\nx", head("200 OK", *announced))?;
                out.flush()?;
                out.read(&mut [0]).map(drop)
            }
            Some(Gives::Redirect(location)) => {
                write!(out, "{}Location: {location}\r\n\r\n", head("302 Found", 0))
            }
            _ => write!(out, "{}\r\n", head("404 Not Found", 0)),
        }
    }
}
