//! A push that is too large is refused while it comes: its client learns at once how to go on, and the
//! rest of its pack is not waited for.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::raw::NULL;
use super::support::git::refs_equal;
use super::support::history::{History, noise};
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::{Server, server};

/// The bytes of one pkt-line.
fn packet(text: &str) -> Vec<u8> {
    format!("{:04x}{text}", text.len() + 4).into_bytes()
}

/// A push whose body is not at its end: it begins with `begun`.
fn begin(server: &Server, hosted: &Hosted, begun: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    let wait = Some(Duration::from_secs(30));
    stream.set_read_timeout(wait).unwrap();
    let head = format!(
        "POST /git/{}/{}.git/git-receive-pack HTTP/1.1\r\nHost: 127.0.0.1\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/x-git-receive-pack-request\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        hosted.namespace,
        hosted.name,
        hosted.token,
        begun.len()
    );
    let request = [head.as_bytes(), begun, b"\r\n"].concat();
    stream.write_all(&request).unwrap();
    stream
}

/// Reads until `end` came.
fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if text.contains(end) {
            return text;
        }
        let bytes = stream.read(&mut piece).unwrap();
        assert!(bytes > 0, "the answer ends: {text}");
        read.extend_from_slice(&piece[..bytes]);
    }
}

/// The commands of a push by this client, and the header of a pack of so many objects.
fn announced(agent: &str, objects: u32) -> Vec<u8> {
    let id = "1".repeat(40);
    let command = format!(
        "{NULL} {id} refs/heads/main\0report-status-v2 side-band-64k object-format=sha1 \
         agent={agent}"
    );
    let count = objects.to_be_bytes();
    [&packet(&command)[..], b"0000", b"PACK\0\0\0\x02", &count].concat()
}

#[test]
fn a_push_of_too_many_objects_is_refused_before_the_rest_of_it_comes() {
    let hosted = server().rest().create_repository("push", "announced");
    let mut stream = begin(server(), &hosted, &announced("git/2.47.0", 5_000_001));
    // One MiB of it comes, since bodies are read in pieces; the answer is here before the rest.
    let chunk = [&b"100000\r\n"[..], &noise(1, 1 << 20), b"\r\n"].concat();
    stream.write_all(&chunk).unwrap();
    let said = read_until(&mut stream, "ng refs/heads/main");
    for part in [
        "error: the pack has 5000001 objects, at most ",
        "push the history in parts, older commits first",
        "git push <remote> <older commit>:refs/heads/main",
        "or import it",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // The server reads only a part of the rest: then the connection is closed.
    let sent = (0..200).take_while(|_| stream.write_all(&chunk).is_ok());
    let sent = sent.count();
    assert!(sent < 100, "{sent} MiB are taken");
}

#[test]
fn a_client_that_sends_before_it_reads_gets_the_whole_refusal() {
    let hosted = server().rest().create_repository("push", "not-git");
    let mut stream = begin(server(), &hosted, &announced("JGit/6", 5_000_001));
    let chunk = [&b"100000\r\n"[..], &noise(1, 1 << 20), b"\r\n"].concat();
    for _ in 0..20 {
        stream.write_all(&chunk).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let said = read_until(&mut stream, "\r\n0\r\n\r\n");
    assert!(said.contains("ng refs/heads/main the pack has"), "{said}");
}

#[test]
fn git_shows_how_to_push_too_many_objects_and_stops_sending_them() {
    let server = Server::start_with(&[("CAIRN_PUSH_OBJECTS_MAX", "120")]);
    let hosted = server.rest().create_repository("push", "objects");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    History {
        commits: 80,
        branches: 1,
        ..History::small(62)
    }
    .make(&source);
    let said = source.fails(&["push", &hosted.url(), "main"]);
    let reason = "objects, at most 120 are taken at once: push the history in parts";
    for part in [
        reason,
        "remote: error: the pack has ",
        "! [remote rejected] main",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // As it says.
    let line = source.run(&["rev-list", "--reverse", "--first-parent", "main"]);
    for commit in line.lines().skip(4).step_by(5) {
        let refspec = format!("{commit}:refs/heads/main");
        source.run(&["push", "--quiet", &hosted.url(), &refspec]);
    }
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    source.run(&["push", "--quiet", &hosted.url(), "--tags"]);
    let mirror = scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source, &mirror);

    // 60 MiB more: git has the refusal before it has sent them.
    let large = server.rest().create_repository("push", "objects-large");
    source.write("noise", noise(9, 60 << 20));
    source.commit("large");
    let said = source.fails(&["push", &large.url(), "main"]);
    assert!(said.contains("remote: error: the pack has "), "{said}");
    assert!(said.contains(reason), "{said}");
    let refused =
        |line: &&Value| line["repository"] == "objects-large" && line["error"] == "MEMORY_LIMIT";
    let lines = server.request_lines(|lines| lines.iter().any(|line| refused(&line)));
    let line = lines.iter().find(refused).unwrap();
    let bytes = line["bytes_in"].as_u64().unwrap();
    assert!(bytes < 30 << 20, "{bytes} of 60 MiB were read");
}

#[test]
fn too_many_ref_updates_are_refused_when_their_number_is_passed() {
    let hosted = server().rest().create_repository("push", "many-updates");
    let id = "1".repeat(40);
    let capabilities = "report-status-v2 side-band-64k object-format=sha1 agent=git/2.47.0";
    let mut begun = packet(&format!("{NULL} {id} refs/tags/t\0{capabilities}"));
    for number in 0..65_536 {
        begun.extend(packet(&format!("{NULL} {id} refs/tags/t{number}")));
    }
    let mut stream = begin(server(), &hosted, &begun);
    let chunk = [&b"100000\r\n"[..], &noise(1, 1 << 20), b"\r\n"].concat();
    stream.write_all(&chunk).unwrap();
    let said = read_until(&mut stream, "refs/tags/v1*:refs/tags/v1*");
    assert!(
        said.contains("too many ref updates in one push, at most 65536 are taken at once"),
        "{said}"
    );
}
