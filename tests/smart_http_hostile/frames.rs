//! HTTP around a push: types, encodings, clients that hang up.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::pack::{BLOB, Pack, nobody};
use super::request::{Verdict, create_evil};
use super::support::rest::Hosted;
use super::support::server::{Server, server};
use super::support::wait::until_true;
use super::target::{Expect, Target};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

const GZIP: [(&str, &str); 1] = [("Content-Encoding", "gzip")];

#[test]
fn wrong_gzip() {
    let mut target = Target::new("gzip");
    let plain = create_evil(nobody(1), &Pack::new().finish());
    let sound = gzip(&plain);
    let answer = target.send("git-receive-pack", &GZIP, &sound);
    let missing = Expect::Ng("missing necessary objects");
    target.judge("a sound body, compressed", &answer, missing);

    let flipped = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 0xff;
        bytes
    };
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing is compressed", plain.clone()),
        ("the magic is wrong", flipped(0)),
        ("the method is wrong", flipped(2)),
        ("the reserved flags are set", flipped(3)),
        ("a bit flipped inside", flipped(sound.len() / 2)),
        ("the checksum is wrong", flipped(sound.len() - 6)),
        ("the length is wrong", flipped(sound.len() - 1)),
        ("cut in the header", sound[..5].to_vec()),
        ("cut inside", sound[..sound.len() / 2].to_vec()),
        ("cut in the trailer", sound[..sound.len() - 3].to_vec()),
        ("zlib instead", super::pack::deflate(&plain)),
    ];
    for (name, body) in cases {
        let answer = target.send("git-receive-pack", &GZIP, &body);
        // The report of the fault depends on the bytes read before it.
        let expect = match Verdict::of(&answer) {
            Verdict::Fatal(_) => Expect::Fatal(""),
            Verdict::Report { unpack, .. } if unpack != "ok" => Expect::Refused(""),
            _ => missing,
        };
        target.judge(&format!("gzip: {name}"), &answer, expect);
    }
    // 256 MiB of zeros in 256 KiB: not a packet, refused at once.
    let answer = target.send("git-receive-pack", &GZIP, &gzip(&vec![0; 256 << 20]));
    assert!(
        matches!(Verdict::of(&answer), Verdict::Fatal(_)),
        "{}",
        answer.text()
    );
    // A bomb that looks like a pack of one small blob.
    let mut pack = Pack::new();
    pack.blob(b"x");
    let bomb = [create_evil(nobody(1), &pack.finish()), vec![0; 256 << 20]].concat();
    let answer = target.send("git-receive-pack", &GZIP, &gzip(&bomb));
    target.judge(
        "gzip: a bomb behind a pack",
        &answer,
        Expect::Unpack("junk"),
    );
    // And inside a fetch request.
    let bomb = b"0032want 1111111111111111111111111111111111111111\n".repeat(3_000_000);
    let answer = target.send("git-upload-pack", &GZIP, &gzip(&bomb));
    target.judge("gzip: 150 MB of wants", &answer, Expect::Fatal(""));
    target.finish(14);
}

#[test]
fn unknown_types_and_encodings() {
    let mut target = Target::new("types");
    let body = create_evil(nobody(1), &Pack::new().finish());
    for kind in [
        "text/plain",
        "application/json",
        "application/x-www-form-urlencoded",
        "application/x-git-upload-pack-request",
        "application/x-git-receive-pack-result",
        "",
    ] {
        let answer = target.send("git-receive-pack", &[("Content-Type", kind)], &body);
        target.judge(&format!("the type '{kind}'"), &answer, Expect::Status(415));
    }
    for encoding in [
        "br",
        "deflate",
        "zstd",
        "compress",
        "gzip, gzip",
        "nonsense",
    ] {
        let answer = target.send("git-receive-pack", &[("Content-Encoding", encoding)], &body);
        target.judge(
            &format!("the encoding '{encoding}'"),
            &answer,
            Expect::Status(415),
        );
    }
    target.finish(12);
}

/// A push over a raw socket: sends `sent` of a body and announces `announced` bytes.
fn hang_up(port: u16, hosted: &Hosted, announced: Option<usize>, sent: &[u8]) -> TcpStream {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a socket has timeouts");
    let token = hosted.token.split('?').next().unwrap_or_default();
    let length = announced.map_or("Transfer-Encoding: chunked".to_owned(), |bytes| {
        format!("Content-Length: {bytes}")
    });
    let head = format!(
        "POST /git/{}/{}.git/git-receive-pack HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Authorization: Bearer {token}\r\nContent-Type: application/x-git-receive-pack-request\r\n\
         {length}\r\n\r\n",
        hosted.namespace, hosted.name
    );
    socket.write_all(head.as_bytes()).expect("the server reads");
    let chunk = [format!("{:x}\r\n", sent.len()).as_bytes(), sent, b"\r\n"].concat();
    let bytes = if announced.is_some() { sent } else { &chunk };
    socket.write_all(bytes).expect("the server reads");
    socket
}

/// A push of a sound branch whose blob does not compress: some chunks are written before its end.
fn large_push(target: &Target) -> Vec<u8> {
    let mut random = super::support::history::Random(1);
    let noise: Vec<u8> = (0..200_000)
        .flat_map(|_| random.next().to_le_bytes())
        .collect();
    let mut pack = Pack::new();
    let blob = pack.object(BLOB, &noise);
    let tree = pack.tree(&[("100644", b"noise", blob)]);
    let commit = pack.commit(tree, &[target.tip]);
    create_evil(commit, &pack.finish())
}

#[test]
fn a_client_that_hangs_up() {
    let target = Target::new("hang-up");
    let body = large_push(&target);
    let before = target.advertised();
    let port = server().port();
    let ends = [
        0,
        1,
        4,
        100,
        171,
        185,
        300_000,
        900_000,
        body.len() - 20,
        body.len() - 1,
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let announced = (number % 2 == 0).then_some(body.len());
        let socket = hang_up(port, &target.hosted, announced, &body[..end]);
        if number % 3 == 0 {
            // Half closed: the client would still read an answer.
            let _ = socket.shutdown(Shutdown::Write);
            let _ = (&socket).take(4096).read_to_end(&mut Vec::new());
        }
        drop(socket);
        assert_eq!(target.advertised(), before, "cut at {end}");
    }
    target.finish(0);
}

/// The reserved bytes of the isolate, which the figures of any repository show.
fn reserved(server: &Server, hosted: &Hosted) -> u64 {
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    stats["isolate"]["reserved_bytes"]
        .as_u64()
        .expect("a figure")
}

/// Waits until nothing is reserved: the server notices only later that a client has hung up.
fn await_nothing_reserved(server: &Server, hosted: &Hosted) {
    until_true("nothing is reserved", Duration::from_secs(20), || {
        reserved(server, hosted) == 0
    });
}

#[test]
fn the_memory_of_a_client_that_hangs_up_is_released() {
    let server = Server::start();
    let hosted = server.rest().create_repository("hostile", "memory");
    let mut pack = Pack::new();
    pack.blob(&vec![7; 1 << 20]);
    // Deltas that take some seconds to resolve, while the client is gone.
    let base = super::pack::object_id(BLOB, &vec![7; 1 << 20]);
    for number in 0..200_u32 {
        let own = super::pack::insert(&number.to_be_bytes());
        let copies = super::pack::copy(0, 1 << 20).repeat(4);
        let delta = super::pack::delta(1 << 20, (4 << 20) + 4, &[copies, own].concat());
        pack.ref_delta(base, &delta);
    }
    let body = create_evil(nobody(1), &pack.finish());
    for announced in [Some(body.len()), None] {
        for end in [200, body.len() / 2, body.len()] {
            drop(hang_up(server.port(), &hosted, announced, &body[..end]));
        }
    }
    await_nothing_reserved(&server, &hosted);
    let answer = server.rest().get(&hosted.path("")).result(200);
    assert_eq!(answer["object_count"], 0);
}
