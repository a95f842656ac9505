//! A push that is held in the middle of its body.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use super::rest;
use super::support::databases::database_of_namespace;
use super::support::git::Git;
use super::support::history::noise;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::server;
use super::support::wait;

const PATIENCE: Duration = Duration::from_secs(20);

/// A repository with a small commit, and the body of a push of a larger one.
pub(super) struct Held {
    pub(super) hosted: Hosted,
    body: Vec<u8>,
    _scratch: Scratch,
}

impl Held {
    pub(super) fn begin(namespace: &str, name: &str, bytes: usize) -> Self {
        let scratch = Scratch::new();
        let (hosted, work) = scratch.pushed(&rest(), namespace, name);
        let old = work.run(&["rev-parse", "HEAD"]);
        work.write("noise", noise(7, bytes));
        work.run(&["add", "."]);
        work.commit("large");
        let body = body_of(&work, &old);
        Self {
            hosted,
            body,
            _scratch: scratch,
        }
    }

    /// Sends the head and half of the body.
    pub(super) fn send_half(&self) -> HalfSent<'_> {
        let mut stream = TcpStream::connect(("127.0.0.1", server().port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Authorization: Bearer {}\r\n\
             Content-Type: application/x-git-receive-pack-request\r\n\
             Content-Length: {}\r\n\r\n",
            self.hosted.git_path("git-receive-pack"),
            self.hosted.token,
            self.body.len()
        );
        let half = self.body.len() / 2;
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&self.body[..half]).unwrap();
        HalfSent { held: self, stream }
    }

    /// The same, once the namespace counts it.
    pub(super) fn send_half_and_claim(&self) -> HalfSent<'_> {
        let sent = self.send_half();
        wait::until_true("the namespace counts the push", PATIENCE, || {
            claims(&self.hosted.namespace) == 1
        });
        sent
    }
}

/// How many requests hold bytes of the namespace.
pub(super) fn claims(namespace: &str) -> i64 {
    let database = database_of_namespace(server().state(), namespace);
    let count = "SELECT count(*) FROM room_claim";
    database.query_row(count, [], |row| row.get(0)).unwrap()
}

/// A push whose other half is still to be sent.
pub(super) struct HalfSent<'a> {
    held: &'a Held,
    stream: TcpStream,
}

impl HalfSent<'_> {
    /// Sends the rest; the answer.
    pub(super) fn finish(self) -> String {
        let body = &self.held.body;
        self.end_with(&body[body.len() / 2..])
    }

    /// Sends zeros in the place of the rest; the answer.
    pub(super) fn spoil(self) -> String {
        let body = &self.held.body;
        self.end_with(&vec![0; body.len() - body.len() / 2])
    }

    fn end_with(mut self, rest: &[u8]) -> String {
        // A push that is refused at once is answered all the same.
        let _ = self.stream.write_all(rest);
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer
    }
}

fn body_of(work: &Git, old: &str) -> Vec<u8> {
    let new = work.run(&["rev-parse", "HEAD"]);
    let objects = work.objects(&[&new, &format!("^{old}")]);
    let list = objects.join("\n") + "\n";
    let packed = work.try_run(&["pack-objects", "--stdout", "-q"], list.as_bytes());
    assert!(packed.ok, "{}", packed.stderr);
    let capabilities = "report-status-v2 side-band-64k object-format=sha1";
    let line = format!("{old} {new} refs/heads/main\0 {capabilities}");
    let mut body = format!("{:04x}{line}0000", line.len() + 4).into_bytes();
    body.extend(packed.stdout);
    body
}
