//! A repository asked for objects by every face that takes an id.

use ureq::http::Method;

use super::rewritten::{Objects, Story};
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;

/// Asks a repository for an object by every face that takes an id; those that gave it.
pub struct Faces<'a> {
    pub rest: Rest,
    pub hosted: &'a Hosted,
    pub url: String,
}

impl<'a> Faces<'a> {
    pub fn of_member(story: &'a Story, hosted: &'a Hosted) -> Self {
        Self {
            rest: story.rest.with_bearer(&hosted.token),
            hosted,
            url: hosted.url(),
        }
    }

    pub fn of_stranger(story: &'a Story, hosted: &'a Hosted) -> Self {
        Self {
            rest: story.rest.anonymous(),
            hosted,
            url: hosted.remote.clone(),
        }
    }

    pub fn that_give(&self, scratch: &Scratch, kind: &str, id: &str) -> Vec<&'static str> {
        let mut given = Vec::new();
        for (face, version) in [("fetch v0", "0"), ("fetch v2", "2")] {
            let into = scratch.bare_repository(&format!("{}-{version}", &id[..12]));
            let config = format!("protocol.version={version}");
            let fetched = into.try_run(&["-c", &config, "fetch", "--quiet", &self.url, id], b"");
            if fetched.ok {
                given.push(face);
            }
            std::fs::remove_dir_all(into.folder()).unwrap();
        }
        if self.object_info(id) {
            given.push("object-info");
        }
        for (face, path) in [
            ("commit", format!("/commit/{id}")),
            ("tree", format!("/tree/{id}")),
            ("blob", format!("/blob/{id}")),
            ("log", format!("/log?ref={id}")),
            ("file", format!("/file?ref={id}&path=readme")),
            ("raw", format!("/raw/{id}/readme")),
        ] {
            let answer = self.rest.get(&self.hosted.path(&path));
            match answer.status {
                200 => given.push(face),
                404 => {}
                _ => panic!("{face} of a {kind}: {} {}", answer.status, answer.text()),
            }
        }
        given
    }

    fn object_info(&self, id: &str) -> bool {
        let packet = |line: &str| format!("{:04x}{line}", line.len() + 4);
        let body = format!(
            "{}{}0001{}{}0000",
            packet("command=object-info"),
            packet("object-format=sha1"),
            packet("size"),
            packet(&format!("oid {id}")),
        );
        let path = self.hosted.git_path("git-upload-pack");
        let headers = [
            ("Git-Protocol", "version=2"),
            ("Content-Type", "application/x-git-upload-pack-request"),
        ];
        let answer = self
            .rest
            .send(Method::POST, &path, &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        // The line of a missing object ends behind the id.
        let told = answer.text();
        let (before, _) = told.split_once(&format!("{id} ")).expect("it is told of");
        !before.ends_with("002d")
    }

    #[track_caller]
    pub fn give_nothing_of(&self, scratch: &Scratch, what: &str, objects: &Objects) {
        for (kind, id) in objects.each() {
            let given = self.that_give(scratch, kind, id);
            assert!(given.is_empty(), "{what}, {kind} {id}: {given:?}");
        }
    }

    /// The faces that show the kind of a reached object give it.
    #[track_caller]
    pub fn give_all_of(&self, scratch: &Scratch, what: &str, objects: &Objects) {
        let git = ["fetch v0", "fetch v2", "object-info"];
        for (kind, id) in objects.each() {
            let given = self.that_give(scratch, kind, id);
            let shown: &[&str] = match kind {
                "commit" | "tag" => &["commit", "tree", "log", "file", "raw"],
                "tree" => &["tree", "file", "raw"],
                _ => &["blob"],
            };
            let expect = [&git[..], shown].concat();
            assert_eq!(given, expect, "{what}, {kind} {id}");
        }
    }
}
