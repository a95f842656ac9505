//! Refs, commits, trees and blobs, with real git as the judge.

use ureq::http::Method;

use crate::rest;
use crate::support::git::Git;
use crate::support::rest::{Answer, Hosted, Rest};
use crate::support::scratch::Scratch;

mod files;
mod ranges;
mod trees;

/// A repository on the server and where its content came from.
struct Shelf {
    _scratch: Scratch,
    source: Git,
    hosted: Hosted,
    /// With the repository's own token.
    client: Rest,
}

impl Shelf {
    fn new(name: &str, fill: impl FnOnce(&Git)) -> Self {
        let scratch = Scratch::new();
        let source = scratch.repository("source");
        fill(&source);
        let hosted = rest().create_repository("rest-content", name);
        source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
        Self {
            _scratch: scratch,
            source,
            client: rest().with_bearer(&hosted.token),
            hosted,
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.client.get(&self.hosted.path(path))
    }

    fn with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let path = self.hosted.path(path);
        self.client.send(Method::GET, &path, headers, b"")
    }

    fn id(&self, name: &str) -> String {
        self.source.run(&["rev-parse", name])
    }
}
