//! Commits whose files come in lines.

use serde_json::{Value, json};

use crate::support::history::noise;
use crate::{Desk, INVALID_INPUT, chunk, lines};

fn metadata(files: &Value) -> Value {
    json!({"branch": "main", "message": "streamed", "files": files})
}

#[test]
fn files_in_lines_equal_gits() {
    let desk = Desk::new("lines");
    // One that is held, one that waits beside the pack, one whose size was told.
    let (small, large, told) = (noise(1, 1000), noise(2, 3_000_000), noise(3, 2_000_000));
    let files = json!([
        {"path": "small", "content_id": "s"},
        {"path": "d/large", "mode": "100755", "content_id": "l"},
        {"path": "told", "content_id": "t", "size": told.len()},
        {"path": "inline", "content": "here\n"},
        {"path": "twin", "content_id": "s"},
        {"path": "empty", "content_id": "e"},
    ]);
    let mut chunks: Vec<Value> = large
        .chunks(700_001)
        .map(|c| chunk("l", c, false))
        .collect();
    chunks.push(chunk("l", b"", true));
    chunks.push(chunk("e", b"", true));
    chunks.extend(
        told.chunks(300_000)
            .map(|c| chunk("t", c, c.len() < 300_000)),
    );
    chunks.push(chunk("s", &small[..10], false));
    chunks.push(chunk("s", &small[10..], true));
    let made = desk
        .post_lines(&lines(&metadata(&files), &chunks))
        .result(201);
    assert_eq!(made["filesChanged"], 6);
    let git = desk.scratch.repository("git");
    for (path, content) in [
        ("small", small.as_slice()),
        ("d/large", &large),
        ("told", &told),
        ("inline", b"here\n"),
        ("twin", &small),
        ("empty", b""),
    ] {
        git.write(path, content);
    }
    git.run(&["update-index", "--chmod=+x", "d/large"]);
    assert_eq!(made["tree"], git.run(&["write-tree"]));
    let clone = desk.clone("clone");
    assert_eq!(clone.run(&["rev-parse", "HEAD"]), made["commit"]);
}

#[test]
fn where_the_body_is_split_makes_no_difference() {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    let desk = Desk::new("split");
    let files = json!([{"path": "a", "content_id": "a"}, {"path": "b", "content_id": "b"}]);
    let chunks = [
        chunk("b", b"bb", true),
        chunk("a", b"a", false),
        chunk("a", b"aa", true),
    ];
    let mut trees = Vec::new();
    for (number, piece_bytes) in [1, 7, 64, 100_000].into_iter().enumerate() {
        let mut metadata = metadata(&files);
        metadata["branch"] = json!(format!("b{number}"));
        metadata["allow_empty"] = json!(true);
        // Without the last newline.
        let mut body = lines(&metadata, &chunks);
        body.pop();
        let mut stream = TcpStream::connect(("127.0.0.1", crate::server().port())).unwrap();
        let path = desk.hosted.path("/commits");
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             authorization: Bearer {}\r\ncontent-type: application/x-ndjson\r\n\
             transfer-encoding: chunked\r\n\r\n",
            desk.hosted.token
        )
        .unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in body.chunks(piece_bytes) {
            write!(stream, "{:x}\r\n", piece.len()).unwrap();
            stream.write_all(piece).unwrap();
            stream.write_all(b"\r\n").unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 201"),
            "{piece_bytes}: {answer}"
        );
        let tree = answer.split("\"tree\":\"").nth(1).unwrap();
        trees.push(tree[..40].to_owned());
    }
    trees.dedup();
    assert_eq!(trees.len(), 1, "{trees:?}");
}

#[test]
fn lines_that_do_not_fit_are_refused_and_leave_nothing() {
    let desk = Desk::new("bad-lines");
    desk.commit("main", &[("a", "1")]);
    let files = json!([{"path": "a", "content_id": "a"}, {"path": "b", "content_id": "b"}]);
    let large = noise(4, 600_000);
    // Something of each is in quarantine before it goes wrong.
    let begin = [chunk("a", &large, false)];
    let of = |more: &[Value]| {
        let chunks: Vec<Value> = begin.iter().chain(more).cloned().collect();
        lines(&metadata(&files), &chunks)
    };
    let with_line = |line: &str| {
        let mut body = of(&[]);
        body.extend_from_slice(line.as_bytes());
        body
    };
    let bad_base64 = json!({"content_id": "a", "data": "AAA*", "eof": true});
    let bodies = [
        (
            "a broken line",
            with_line("{\"chunk\": {\"conte"),
            "/2/chunk",
            "line 3",
        ),
        ("an empty line", with_line("\n{}\n"), "/2", "line 3"),
        ("no JSON", with_line("hello\n"), "/2", "line 3"),
        (
            "a second metadata",
            with_line("{\"metadata\": {}}\n"),
            "/2/metadata",
            "line 3",
        ),
        (
            "wrong base64",
            of(&[bad_base64]),
            "/2/chunk/data",
            "no base64",
        ),
        (
            "a chunk without its file",
            of(&[chunk("z", b"x", true)]),
            "/2/chunk/content_id",
            "no file",
        ),
        (
            "chunks of two files",
            of(&[chunk("b", b"x", true)]),
            "/2/chunk/content_id",
            "no piece",
        ),
        ("no end", of(&[]), "/0/metadata/files/0/content_id", "eof"),
        (
            "a content that does not come",
            of(&[chunk("a", b"", true)]),
            "/0/metadata/files/1/content_id",
            "eof",
        ),
        (
            "a content twice",
            of(&[chunk("a", b"", true), chunk("a", b"x", true)]),
            "/3/chunk/content_id",
            "at its end",
        ),
        ("nothing", Vec::new(), "/0/metadata", "no line"),
    ];
    for (what, body, pointer, says) in bodies {
        let error = desk.refused(what, 400, |desk| desk.post_lines(&body));
        assert_eq!(error["code"], INVALID_INPUT, "{what}: {error}");
        assert_eq!(error["source"]["pointer"], pointer, "{what}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says), "{what}: {message}");
    }
    // The sizes that were told.
    for (size, says) in [(3, "3 were told"), (700_000, "700000 were told")] {
        let files = json!([{"path": "a", "content_id": "a", "size": size}]);
        let body = lines(&metadata(&files), &[chunk("a", &large, true)]);
        let error = desk.refused("another size", 400, |desk| desk.post_lines(&body));
        assert_eq!(error["source"]["pointer"], "/0/metadata/files/0/size");
        assert!(error["message"].as_str().unwrap().contains(says), "{error}");
    }
    desk.clone("clone");
}

#[test]
fn a_body_that_breaks_off_leaves_nothing() {
    use std::io::Write as _;
    use std::net::TcpStream;

    let desk = Desk::new("aborted");
    desk.commit("main", &[("a", "1")]);
    let before = desk.traces();
    let files = json!([{"path": "a", "content_id": "a"}]);
    let body = lines(
        &metadata(&files),
        &[
            chunk("a", noise(5, 1_000_000), false),
            chunk("a", noise(6, 1_000_000), false),
        ],
    );
    let path = desk.hosted.path("/commits");
    {
        let mut stream = TcpStream::connect(("127.0.0.1", crate::server().port())).unwrap();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/x-ndjson\r\ncontent-length: 9000000\r\n\r\n",
            desk.hosted.token
        )
        .unwrap();
        stream.write_all(&body).unwrap();
        // Until something of it is in quarantine.
        let patience = std::time::Duration::from_secs(20);
        crate::support::wait::until_true("the body is taken", patience, || desk.traces() != before);
    }
    let patience = std::time::Duration::from_secs(20);
    crate::support::wait::until_true("all of it is gone", patience, || desk.traces() == before);
}
