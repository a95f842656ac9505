//! Clients that do not read.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::rest::Hosted;
use super::server::Server;

/// Whether an answer with a known length is here completely.
fn is_whole(begun: &[u8]) -> bool {
    let text = String::from_utf8_lossy(begun).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| length.parse() == Ok(body.len()))
}

/// A request for everything; only the first bytes of its answer are read.
#[derive(Debug)]
pub struct Stalled {
    stream: TcpStream,
    /// The bytes that came so far: the head, and a bit of the body.
    pub begun: String,
}

impl Stalled {
    /// Asks for the objects that `tip` reaches; returns when the answer has begun.
    pub fn new(server: &Server, hosted: &Hosted, tip: &str) -> Self {
        let want = format!("want {tip}\n");
        let want = format!("{:04x}{want}", want.len() + 4);
        let body = format!("0011command=fetch0001{want}0009done\n0000");
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        write!(
            stream,
            "POST /git/{}/{}.git/git-upload-pack HTTP/1.1\r\nHost: 127.0.0.1\r\n\
             Authorization: Bearer {}\r\nGit-Protocol: version=2\r\n\
             Content-Type: application/x-git-upload-pack-request\r\n\
             Content-Length: {}\r\n\r\n{body}",
            hosted.namespace,
            hosted.name,
            hosted.token,
            body.len()
        )
        .unwrap();
        let mut begun = vec![0; 2000];
        let mut read = 0;
        // A refusal is short, and the connection stays open.
        while read < begun.len() && !is_whole(&begun[..read]) {
            match stream.read(&mut begun[read..]).unwrap() {
                0 => break,
                bytes => read += bytes,
            }
        }
        begun.truncate(read);
        let begun = String::from_utf8_lossy(&begun).into_owned();
        Self { stream, begun }
    }

    /// Whether the pack comes. A refusal has status 200 too, and its reason in-band.
    pub fn is_served(&self) -> bool {
        assert!(self.begun.starts_with("HTTP/1.1 200"), "{}", self.begun);
        !self.begun.contains("ERR ")
    }

    /// Reads on, to the end; how many bytes came.
    pub fn finish(mut self) -> usize {
        let mut rest = Vec::new();
        let mut piece = vec![0; 1 << 16];
        while !rest.ends_with(b"0000\r\n0\r\n\r\n") {
            match self.stream.read(&mut piece).unwrap() {
                0 => break,
                bytes => rest.extend_from_slice(&piece[..bytes]),
            }
        }
        assert!(
            rest.ends_with(b"0000\r\n0\r\n\r\n"),
            "the answer is cut off"
        );
        rest.len()
    }
}
