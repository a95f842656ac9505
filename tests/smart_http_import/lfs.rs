//! Objects of Git LFS come along with an import: from another Cairn, and from remotes that lack some
//! of them, lie, are slow or name hosts of others.

use serde_json::{Value, json};
use ureq::http::Method;

use super::story::{Source, begin, ready, server};
use super::support::git::Git;
use super::support::lfs_files::{Gives, LfsFiles, oid, pointer};
use super::support::remote::{Remote, Rules};
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::Server;

pub fn object(number: usize) -> Vec<u8> {
    format!("object {number}\n").repeat(number + 1).into_bytes()
}

pub fn objects(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(object).collect()
}

/// Commits pointers to these objects.
fn commit(work: &Git, objects: &[Vec<u8>]) {
    work.write(
        ".gitattributes",
        "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    );
    for (number, bytes) in objects.iter().enumerate() {
        work.write(&format!("{number}.bin"), pointer(bytes));
    }
    work.commit("objects");
}

/// A remote whose `main` has pointers to these objects.
pub fn source(objects: &[Vec<u8>]) -> Source {
    let source = Source::empty();
    let work = source.scratch.repository("work");
    commit(&work, objects);
    let target = source.scratch.join("remotes/source.git");
    work.run(&["push", "--quiet", target.to_str().unwrap(), "main"]);
    source
}

pub fn lfs(files: LfsFiles) -> Rules {
    Rules {
        lfs: Some(files),
        ..Rules::default()
    }
}

/// The bytes that a repository gives out under a name; `None`: it does not have it.
pub fn given(rest: &Rest, hosted: &Hosted, oid: &str) -> Option<Vec<u8>> {
    let path = hosted.git_path(&format!("info/lfs/objects/{oid}"));
    let answer = rest.with_bearer(&hosted.token);
    let answer = answer.send(Method::GET, &path, &[], b"");
    match answer.status {
        200 => Some(answer.body),
        404 => None,
        status => panic!("{status}: {}", answer.text()),
    }
}

pub fn has_all(rest: &Rest, hosted: &Hosted, objects: &[Vec<u8>]) {
    for bytes in objects {
        let found = given(rest, hosted, &oid(bytes));
        assert!(found.as_ref() == Some(bytes), "{}", oid(bytes));
    }
}

/// Why an object is missing, as the report says.
pub fn reason<'a>(report: &'a Value, bytes: &[u8]) -> &'a str {
    let first = report["missing"]["first"].as_array().unwrap();
    let found = first.iter().find(|missing| missing["oid"] == oid(bytes));
    let found = found.unwrap_or_else(|| panic!("{} in {report}", oid(bytes)));
    assert_eq!(found["size"], bytes.len());
    found["reason"].as_str().unwrap_or_default()
}

/// Another Cairn's repository with these objects; the URL has the credential.
fn hosted_with(remote: &Server, name: &str, scratch: &Scratch, objects: &[Vec<u8>]) -> Hosted {
    let rest = remote.rest();
    let hosted = rest.create_repository("origin", name);
    let work = scratch.repository(&format!("work-{name}"));
    commit(&work, objects);
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let bearer = rest.with_bearer(&hosted.token);
    for bytes in objects {
        let size = bytes.len();
        let path = format!(
            "/git/origin/{name}.git/info/lfs/objects/{}/{size}",
            oid(bytes)
        );
        let put = bearer.send(Method::PUT, &path, &[], bytes);
        assert_eq!(put.status, 200, "{}", put.text());
    }
    hosted
}

#[test]
fn an_import_from_another_cairn_takes_the_objects_along() {
    let (remote, scratch) = (Server::start(), Scratch::new());
    // More than one page; none, few and many bytes.
    let mut objects = objects(44);
    objects.extend([vec![7; 3 << 20], Vec::new()]);
    let origin = hosted_with(&remote, "objects", &scratch, &objects);
    // One that only an old commit names, and one that no ref reaches.
    let work = scratch.git_in("work-objects");
    work.write("0.bin", "none any more\n");
    work.commit("gone");
    work.run(&["push", "--quiet", &origin.url(), "main"]);

    let rest = server().rest();
    let hosted = begin(
        &rest,
        "import-lfs",
        "cairn",
        &json!({ "url": origin.url() }),
    );
    let shown = ready(&rest, &hosted);
    let bytes: usize = objects.iter().map(Vec::len).sum();
    let report = json!({
        "objects": objects.len(), "bytes": bytes, "missing": { "count": 0, "bytes": 0, "first": [] }
    });
    assert_eq!(shown["lfs_import"], report, "{shown}");
    remote.rest().delete(&origin.path(""));
    has_all(&rest, &hosted, &objects);
}

#[test]
fn a_remote_without_lfs_is_imported_with_a_report() {
    let objects = objects(12);
    let source = source(&objects);
    let rest = server().rest();
    let hosted = begin(&rest, "import-lfs", "none", &json!({ "url": source.url() }));
    let report = ready(&rest, &hosted)["lfs_import"].clone();
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("the remote has no lfs server"), "{report}");
    assert_eq!(
        (&report["objects"], &report["missing"]["count"]),
        (&json!(0), &json!(12))
    );
    assert_eq!(report["missing"]["first"].as_array().unwrap().len(), 10);
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    // Somebody who has them sends them later.
    let path = format!(
        "/git/import-lfs/none.git/info/lfs/objects/{}/{}",
        oid(&objects[0]),
        objects[0].len()
    );
    let bearer = rest.with_bearer(&hosted.token);
    assert_eq!(
        bearer.send(Method::PUT, &path, &[], &objects[0]).status,
        200
    );
}

#[test]
fn objects_are_left_out_if_they_are_not_wanted() {
    let objects = objects(2);
    let source = source(&objects);
    source.remote.set(lfs(LfsFiles::of(&objects)));
    let rest = server().rest();
    let body = json!({ "url": source.url(), "lfs": false });
    let hosted = begin(&rest, "import-lfs", "out", &body);
    let shown = ready(&rest, &hosted);
    assert_eq!(shown.get("lfs_import"), None, "{shown}");
    assert_eq!(given(&rest, &hosted, &oid(&objects[0])), None);
    let seen = source.remote.seen();
    assert!(!seen.iter().any(|seen| seen.path.contains("/info/lfs")));
    // A repository without pointers is not asked for any, and says that nothing is missing.
    let plain = Source::empty();
    let work = plain.scratch.repository("work");
    work.write("file", "content\n");
    work.commit("first");
    let target = plain.scratch.join("remotes/source.git");
    work.run(&["push", "--quiet", target.to_str().unwrap(), "main"]);
    let hosted = begin(&rest, "import-lfs", "plain", &json!({ "url": plain.url() }));
    let shown = ready(&rest, &hosted);
    assert_eq!(shown["lfs_import"]["missing"]["count"], 0, "{shown}");
    let seen = plain.remote.seen();
    assert!(!seen.iter().any(|seen| seen.path.contains("/info/lfs")));
}

#[test]
fn objects_that_a_remote_lacks_or_falsifies_are_reported() {
    let objects = objects(9);
    let source = source(&objects);
    let mut files = LfsFiles::of(&objects);
    let mut other = objects[1].clone();
    other[0] ^= 1;
    files.set(&objects[1], Gives::Bytes(other));
    files.set(&objects[2], Gives::Error(404));
    files.set(&objects[3], Gives::Href("file:///etc/passwd".to_owned()));
    files.set(
        &objects[4],
        Gives::Href("http://me:secret@127.0.0.1/x".to_owned()),
    );
    files.set(&objects[5], Gives::Redirect("ftp://127.0.0.1/x".to_owned()));
    files.set(
        &objects[6],
        Gives::Cut(objects[6][..5].to_vec(), objects[6].len()),
    );
    files.set(&objects[7], Gives::Bytes(objects[6].clone()));
    source.remote.set(lfs(files));
    let rest = server().rest();
    let hosted = begin(&rest, "import-lfs", "lies", &json!({ "url": source.url() }));
    let report = ready(&rest, &hosted)["lfs_import"].clone();
    assert_eq!(
        (&report["objects"], &report["missing"]["count"]),
        (&json!(2), &json!(7)),
        "{report}"
    );
    for (number, words) in [
        (1, "their sha-256 differs"),
        (2, "the remote says 404"),
        (3, "href is refused"),
        (4, "href is refused"),
        (5, "redirects to a url that is refused"),
        (6, "broke off"),
        (7, "bytes where it has"),
    ] {
        let told = reason(&report, &objects[number]);
        assert!(told.contains(words), "{number}: {told}");
        assert_eq!(
            given(&rest, &hosted, &oid(&objects[number])),
            None,
            "{number}"
        );
    }
    has_all(&rest, &hosted, &[objects[0].clone(), objects[8].clone()]);
}

#[test]
fn credentials_go_to_the_remote_alone_and_headers_with_their_href() {
    let objects = objects(4);
    let source = source(&objects);
    let other = Remote::serve(&source.scratch.join("remotes"));
    other.set(lfs(LfsFiles::of(&objects)));
    let elsewhere = |at: usize| {
        let name = oid(&objects[at]);
        other.url(&format!("source.git/info/lfs/objects/{name}"))
    };
    let mut files = LfsFiles::of(&objects);
    files.authorization = Some("Action of-the-remote".to_owned());
    files.set(&objects[1], Gives::Href(elsewhere(1)));
    files.set(&objects[2], Gives::Redirect(elsewhere(2)));
    let rules = Rules {
        credentials: Some("me:secret".to_owned()),
        ..lfs(files)
    };
    source.remote.set(rules.clone());
    let rest = server().rest();
    let url = source.remote.url_with("me:secret", "source.git");
    let hosted = begin(&rest, "import-lfs", "headers", &json!({ "url": url }));
    let shown = ready(&rest, &hosted);
    assert_eq!(shown["lfs_import"]["objects"], 4, "{shown}");
    let authorization = |remote: &Remote, at: usize| {
        let name = oid(&objects[at]);
        let mut seen = remote.seen().into_iter();
        seen.find(|seen| seen.path.ends_with(&name))
            .unwrap()
            .authorization
    };
    let action = Some("Action of-the-remote".to_owned());
    assert_eq!(authorization(&source.remote, 0), action);
    assert_eq!(authorization(&other, 1), action);
    assert_eq!(authorization(&source.remote, 2), action);
    assert_eq!(authorization(&other, 2), None, "led to another host");

    // Without an authorization of its own an action on the remote's own host gets the import's.
    let mut files = rules.lfs.unwrap();
    files.authorization = None;
    source.remote.set(Rules {
        credentials: rules.credentials,
        ..lfs(files)
    });
    let again = begin(&rest, "import-lfs", "again", &json!({ "url": url }));
    ready(&rest, &again);
    let last = |remote: &Remote, at: usize| {
        let name = oid(&objects[at]);
        let mut seen = remote.seen().into_iter().rev();
        seen.find(|seen| seen.path.ends_with(&name))
            .unwrap()
            .authorization
    };
    assert!(last(&source.remote, 0).unwrap().starts_with("Basic "));
    assert_eq!((last(&other, 1), last(&other, 2)), (None, None));
}

#[test]
fn lfsconfig_names_a_server_that_gets_no_credentials() {
    let objects = objects(2);
    let source = Source::empty();
    let other = Remote::serve(&source.scratch.join("remotes"));
    other.set(lfs(LfsFiles::of(&objects)));
    let work = source.scratch.repository("work");
    let server_url = other.url("elsewhere/info/lfs");
    work.write(".lfsconfig", format!("[lfs]\n\turl = {server_url}\n"));
    commit(&work, &objects);
    let target = source.scratch.join("remotes/source.git");
    work.run(&["push", "--quiet", target.to_str().unwrap(), "main"]);
    source.remote.set(Rules {
        credentials: Some("me:secret".to_owned()),
        ..Rules::default()
    });
    let rest = server().rest();
    let url = source.remote.url_with("me:secret", "source.git");
    let hosted = begin(&rest, "import-lfs", "config", &json!({ "url": url }));
    assert_eq!(ready(&rest, &hosted)["lfs_import"]["objects"], 2);
    has_all(&rest, &hosted, &objects);
    assert!(other.seen().iter().all(|seen| seen.authorization.is_none()));
}
