//! The operator's settings and views.

use serde_json::Value;

use super::client::{Lfs, Object, message};
use crate::support::server::Server;

#[test]
fn actions_begin_with_the_public_url_and_each_request_has_a_line() {
    let server = Server::start_with(&[("CAIRN_PUBLIC_URL", "https://git.example/cairn/")]);
    let hosted = server.rest().create_repository("lfs-deployed", "lines");
    let lfs = Lfs::of(&hosted, server.rest().with_bearer(&hosted.token));
    let object = Object::of_length(5000, 21);
    let told = lfs.told("upload", &object);
    let href = told["actions"]["upload"]["href"].as_str().unwrap();
    let base = "https://git.example/cairn/git/lfs-deployed/lines.git/info/lfs";
    assert_eq!(href, format!("{base}/objects/{}/5000", object.oid));
    assert_eq!(lfs.put(&object).status, 200);
    assert_eq!(lfs.post("/verify", &object.named()).status, 200);
    assert_eq!(lfs.get(&object, &[("Range", "bytes=0-9")]).status, 206);
    message(&lfs.by(lfs.rest.anonymous()).get(&object, &[]), 401);
    let lines = server.request_lines(|lines| lines.iter().filter(|line| is_lfs(line)).count() == 5);
    let lines: Vec<_> = lines.iter().filter(|line| is_lfs(line)).collect();
    let route = "/git/:ns/:repo/info/lfs";
    let of = |line: &Value| {
        let text = |field: &str| line[field].as_str().unwrap_or("-").to_owned();
        let route = text("route").replace(route, "");
        (text("method"), route, line["status"].as_u64().unwrap())
    };
    let mut seen: Vec<_> = lines.iter().map(|line| of(line)).collect();
    let mut expected = [
        ("POST", "/objects/batch", 200),
        ("PUT", "/objects/:oid/:size", 200),
        ("POST", "/verify", 200),
        ("GET", "/objects/:oid", 206),
        ("GET", "/objects/:oid", 401),
    ]
    .map(|(method, route, status)| (method.into(), route.into(), status));
    // The line of a stream may come after the next request's.
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
    let line = |status: u16, method: &str| {
        let mut found = lines.iter();
        *found
            .find(|line| line["status"] == status && line["method"] == method)
            .unwrap()
    };
    let (put, read, challenged) = (line(200, "PUT"), line(206, "GET"), line(401, "GET"));
    assert_eq!(
        (&put["namespace"], &put["repository"]),
        (&"lfs-deployed".into(), &"lines".into())
    );
    assert_eq!(put["bytes_in"], 5000, "{put}");
    assert_eq!(read["bytes_out"], 10, "{read}");
    // A client sends no credential before it is asked for one.
    assert_eq!(challenged["error"], Value::Null, "{challenged}");
    assert!(
        !server.log().contains(&object.oid),
        "a name stands in the log"
    );
}

fn is_lfs(line: &Value) -> bool {
    line["route"]
        .as_str()
        .is_some_and(|route| route.contains("/info/lfs"))
}

#[test]
fn the_rate_limit_counts_an_upload_once_and_is_told_as_git_lfs_reads_it() {
    let rates = [("CAIRN_RATE_REQUESTS", "6"), ("CAIRN_RATE_SECONDS", "3600")];
    let server = Server::start_with(&rates);
    let hosted = server.rest().create_repository("lfs-deployed", "limited");
    let lfs = Lfs::of(&hosted, server.rest().with_bearer(&hosted.token));
    let objects: Vec<_> = (0..7)
        .map(|at| Object::of(format!("object {at}")))
        .collect();
    let answers = objects.iter().map(|object| {
        let answer = lfs.put(object);
        if answer.status == 200 {
            assert_eq!(lfs.post("/verify", &object.named()).status, 200);
        }
        answer
    });
    let mut answers: Vec<_> = answers.collect();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    let taken = statuses.iter().take_while(|status| **status == 200).count();
    // To make the repository was one request, or some.
    assert!((3..=6).contains(&taken), "{statuses:?}");
    let refused = answers.pop().unwrap();
    message(&refused, 429);
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
}
