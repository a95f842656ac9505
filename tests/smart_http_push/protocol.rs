//! The protocol of a push: probes, encodings, options, progress, and clean refusals.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use flate2::{Compression, write::GzEncoder};

use super::raw::{NULL, RawPush, Report, post};
use super::support::history::History;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::server;

fn create(name: &str) -> Hosted {
    server().rest().create_repository("push-protocol", name)
}

#[test]
fn an_empty_push_gets_an_empty_answer() {
    let hosted = create("probe");
    let answer = post(&hosted, &[], b"0000");
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b""[..]));
    assert_eq!(
        answer.header("content-type"),
        "application/x-git-receive-pack-result"
    );
}

#[test]
fn a_body_may_come_chunked_gzipped_or_after_a_question() {
    let (scratch, hosted) = (Scratch::new(), create("bodies"));
    let source = scratch.repository("source");
    History::small(12).make(&source);
    // Git sends a probe first and then chunks.
    let chunked = source.clone().config("http.postBuffer", "1000");
    chunked.run(&["push", &hosted.url(), "main"]);

    let first = source.commit("gzipped");
    let main = source.run(&["rev-parse", "main~1"]);
    let push = RawPush::new()
        .update(&main, &first, "refs/heads/main")
        .pack(&source, &[&first]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&push.body()).unwrap();
    let body = encoder.finish().unwrap();
    let answer = post(&hosted, &[("Content-Encoding", "gzip")], &body);
    assert_eq!(
        Report::of(&answer.body).lines,
        ["unpack ok", "ok refs/heads/main"]
    );

    let next = source.commit("asked first");
    let push = RawPush::new()
        .update(&first, &next, "refs/heads/main")
        .pack(&source, &[&next]);
    let body = push.body();
    let mut stream = TcpStream::connect(("127.0.0.1", server().port())).unwrap();
    let head = format!(
        "POST /git/{}/{}.git/git-receive-pack HTTP/1.1\r\nHost: localhost\r\n\
         Authorization: Bearer {}\r\nContent-Type: application/x-git-receive-pack-request\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        hosted.namespace,
        hosted.name,
        hosted.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A client that asks waits a moment for the answer and then sends, answered or not.
    let patience = std::time::Duration::from_millis(200);
    stream.set_read_timeout(Some(patience)).unwrap();
    let mut first = [0; 1024];
    let mut answer = match stream.read(&mut first) {
        Ok(count) => first[..count].to_vec(),
        Err(_) => Vec::new(),
    };
    stream.set_read_timeout(None).unwrap();
    stream.write_all(&body).unwrap();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("200 OK"), "{answer}");
    assert!(answer.contains("ok refs/heads/main"), "{answer}");
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    assert_eq!(clone.run(&["rev-parse", "main"]), next);
}

#[test]
fn progress_is_shown_and_quiet_is_quiet() {
    let (scratch, hosted) = (Scratch::new(), create("progress"));
    let source = scratch.repository("source");
    // Large enough that the deltas' bases have left the cache.
    source.write("base", "line\n".repeat(5_000));
    source.commit("first");
    for round in 0..20 {
        source.write("base", format!("line\n{round}\n").repeat(5_000));
        source.commit("next");
    }
    source.run(&["repack", "-q", "-a", "-d"]);
    let push = source.try_run(&["push", "--progress", &hosted.url(), "main"], b"");
    assert!(push.ok, "{}", push.stderr);
    let connected = "remote: Checking connectivity: 21, done.";
    assert!(push.stderr.contains(connected), "{}", push.stderr);
    source.commit("quietly");
    let push = source.try_run(&["push", "--quiet", &hosted.url(), "main"], b"");
    assert_eq!((push.ok, push.stderr.as_str()), (true, ""));
}

#[test]
fn a_client_without_side_bands_or_reports_is_served() {
    let (scratch, hosted) = (Scratch::new(), create("plain"));
    let source = scratch.repository("source");
    let first = source.commit("first");
    let tree = source.run(&["rev-parse", "main^{tree}"]);
    let pack = |push: RawPush| push.pack(&source, &[&first, &tree]).body();
    let plain = |body: &[u8], capabilities: &str| {
        // The capabilities are replaced by fewer ones: the length of the line must follow.
        let text = String::from_utf8_lossy(&body[..4]).into_owned();
        let length = usize::from_str_radix(&text, 16).unwrap();
        let line = &body[4..length];
        let end = line.iter().position(|&byte| byte == 0).unwrap();
        let mut line = line[..=end].to_vec();
        line.extend(capabilities.bytes());
        let mut out = format!("{:04x}", line.len() + 4).into_bytes();
        out.extend(line);
        out.extend(&body[length..]);
        out
    };
    let body = pack(RawPush::new().update(NULL, &first, "refs/heads/a"));
    let answer = post(&hosted, &[], &plain(&body, "report-status"));
    let text = answer.text();
    assert_eq!(text, "000eunpack ok\n0014ok refs/heads/a\n0000");
    let body = pack(RawPush::new().update(NULL, &first, "refs/heads/b"));
    let answer = post(&hosted, &[], &plain(&body, ""));
    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
    assert_eq!(source.remote_refs(&hosted.url()).len(), 3);
}

#[test]
fn push_options_are_taken() {
    let (scratch, hosted) = (Scratch::new(), create("options"));
    let source = scratch.repository("source");
    source.commit("first");
    source.run(&["push", "-o", "ci.skip", "-o", "x=ü", &hosted.url(), "main"]);
    let second = source.commit("second");
    let first = source.run(&["rev-parse", "main~1"]);
    let report = RawPush::new()
        .options(&["one", "two"])
        .update(&first, &second, "refs/heads/main")
        .pack(&source, &[&second])
        .send(&hosted);
    assert_eq!(report.lines, ["unpack ok", "ok refs/heads/main"]);
    let stats = server().rest().get(&hosted.path("/stats")).result(200);
    assert_eq!(stats["reflog_rows"], 2);
}

#[test]
fn an_empty_pack_moves_refs_to_stored_commits() {
    let (scratch, hosted) = (Scratch::new(), create("empty-pack"));
    let source = scratch.repository("source");
    source.commit("first");
    source.commit("second");
    source.run(&["push", &hosted.url(), "main"]);
    source.run(&[
        "push",
        &hosted.url(),
        "main~1:refs/heads/back",
        "+main~1:main",
    ]);
    let clone = scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    assert_eq!(clone.run(&["rev-list", "--count", "main"]), "1");
}

#[test]
fn a_capability_that_is_not_offered_is_refused_cleanly() {
    let (scratch, hosted) = (Scratch::new(), create("refused"));
    let source = scratch.repository("source");
    let first = source.commit("first");
    let before = source.remote_refs(&hosted.url());
    let said = source.fails(&["push", "--signed=true", &hosted.url(), "main"]);
    assert!(said.contains("--signed"), "{said}");
    let forced = b"005apush-cert\0 report-status side-band-64k push-cert=abc \
        agent=git/2.40 object-format=sha10000";
    let answer = post(&hosted, &[], forced);
    let text = answer.text();
    assert!(
        text.contains("expected") || text.contains("signed"),
        "{text}"
    );
    let sha256 = RawPush::new()
        .update(NULL, &first, "refs/heads/main")
        .with("object-format=sha256");
    let body = String::from_utf8(sha256.body()).unwrap();
    let body = body.replacen("object-format=sha1 ", "", 1);
    let digits = format!("{:04x}", body.len() - 4);
    let answer = post(&hosted, &[], format!("{digits}{}", &body[4..]).as_bytes());
    assert!(answer.text().contains("object format"), "{}", answer.text());
    let twice = RawPush::new()
        .update(NULL, &first, "refs/heads/main")
        .update(NULL, &first, "refs/heads/main")
        .send(&hosted);
    let refused = |line: &String| line.contains("multiple updates");
    assert!(twice.lines.len() == 3, "{twice:?}");
    assert!(twice.lines.iter().all(refused), "{twice:?}");
    let other = scratch
        .git()
        .try_run(&["init", "-q", "--object-format=sha256", "sha256"], b"");
    if other.ok {
        let other = scratch.git_in("sha256");
        other.commit("of another kind");
        other.fails(&["push", &hosted.url(), "main"]);
    }
    assert_eq!(source.remote_refs(&hosted.url()), before);
}
