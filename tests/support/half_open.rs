//! Clients that begin a request and do not go on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::rest::Hosted;
use super::server::Server;

/// Where a client stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Behind the headers of a fetch, without a credential.
    FetchHeaders,
    /// Behind the headers of a push.
    PushHeaders,
    /// Behind the commands of a push.
    PushCommands,
    /// In a pack that announces 500,000 objects.
    PushPack,
    /// In the middle of `ls-refs`, without a credential.
    LsRefs,
}

/// All kinds.
pub const KINDS: [Kind; 5] = [
    Kind::FetchHeaders,
    Kind::PushHeaders,
    Kind::PushCommands,
    Kind::PushPack,
    Kind::LsRefs,
];

/// A connection whose request is half sent.
#[derive(Debug)]
pub struct HalfOpen {
    stream: TcpStream,
}

impl HalfOpen {
    /// Begins a request to a public repository.
    pub fn new(server: &Server, hosted: &Hosted, kind: Kind) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        let (service, begun) = match kind {
            Kind::FetchHeaders => ("git-upload-pack", Vec::new()),
            Kind::LsRefs => (
                "git-upload-pack",
                b"0014command=ls-refs\n0001001bref-".to_vec(),
            ),
            Kind::PushHeaders => ("git-receive-pack", Vec::new()),
            Kind::PushCommands => ("git-receive-pack", commands()),
            Kind::PushPack => ("git-receive-pack", [commands(), pack()].concat()),
        };
        let authorization = match service {
            "git-receive-pack" => format!("Authorization: Bearer {}\r\n", hosted.token),
            _ => String::new(),
        };
        let mut request = format!(
            "POST /git/{}/{}.git/{service} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}\
             Git-Protocol: version=2\r\nContent-Type: application/x-{service}-request\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
            hosted.namespace, hosted.name,
        )
        .into_bytes();
        if !begun.is_empty() {
            request.extend(format!("{:x}\r\n", begun.len()).into_bytes());
            request.extend(begun);
            request.extend(b"\r\n");
        }
        stream.write_all(&request).unwrap();
        Self { stream }
    }

    /// Whether the server has answered, which is to refuse it, or hung up.
    pub fn is_over(&mut self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        self.stream.read(&mut [0; 64]).is_ok()
    }
}

/// One command, to make a branch.
fn commands() -> Vec<u8> {
    let (zero, one) = ("0".repeat(40), "1".repeat(40));
    let line = format!("{zero} {one} refs/heads/half\0report-status side-band-64k");
    format!("{:04x}{line}0000", line.len() + 4).into_bytes()
}

/// The beginning of a pack of 500,000 objects: its head, and half of the first.
fn pack() -> Vec<u8> {
    let mut pack = b"PACK\0\0\0\x02".to_vec();
    pack.extend(500_000_u32.to_be_bytes());
    // A blob of 100 bytes: two bytes of header, and then zlib's.
    pack.extend([0xb4, 0x06, 0x78, 0x9c]);
    pack
}
