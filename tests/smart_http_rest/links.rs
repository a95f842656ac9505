//! `Link` headers: a client without knowledge of cursors walks through a list.

use std::time::Duration;

use serde_json::{Value, json};
use support::rest::{Answer, Rest};
use support::scratch::Scratch;
use support::server::server;
use support::wait::until_true;

use crate::{repos, rest, support};

/// The path and query of a relation in the header, if it has that.
fn link(answer: &Answer, relation: &str) -> Option<String> {
    let header = answer.headers.get("link")?.to_str().unwrap();
    let wanted = format!("; rel=\"{relation}\"");
    let found = header
        .split(", ")
        .find_map(|link| link.strip_suffix(&wanted))?;
    let url = found.strip_prefix('<').unwrap().strip_suffix('>').unwrap();
    let path = url.strip_prefix(&server().url());
    Some(path.expect("the link leads to this server").to_owned())
}

/// The identity of an entry, without fields that change meanwhile.
fn identity(entry: &Value) -> Value {
    let names = ["id", "hash", "name", "object", "namespace"];
    let found = names.iter().find_map(|name| entry.get(name));
    found.unwrap_or(entry).clone()
}

fn identities(entries: &Value) -> Vec<Value> {
    entries.as_array().unwrap().iter().map(identity).collect()
}

/// Everything in a list of pages of one entry, read by following the links.
fn walked(client: &Rest, list: &str) -> Vec<Value> {
    let separator = if list.contains('?') { '&' } else { '?' };
    let begin = format!("{list}{separator}limit=1");
    let (mut at, mut all) = (begin.clone(), Vec::new());
    loop {
        let answer = client.get(&at);
        assert_eq!(answer.headers.get("x-cairn-next"), None, "{at}");
        all.extend(identities(&answer.result(200)));
        assert!(all.len() < 100, "{list} has no end");
        if at == begin {
            assert_eq!(link(&answer, "first"), None, "{at}");
        } else {
            let first = link(&answer, "first").expect("a later page leads to the first");
            assert_eq!(
                identity(&client.get(&first).result(200)[0]),
                all[0],
                "{first}"
            );
        }
        match link(&answer, "next") {
            Some(next) => at = next,
            None => return all,
        }
    }
}

#[test]
fn lists_with_a_cursor_are_walked_by_their_links() {
    let (rest, scratch) = (rest(), Scratch::new());
    for namespace in ["rest-links-more", "rest-links-most"] {
        let body = json!({ "namespace": namespace });
        rest.post("/api/v1/namespaces", &body).result(201);
    }
    let (hosted, work) = scratch.pushed(&rest, "rest-links", "first");
    for message in ["second", "third"] {
        work.commit(message);
        work.run(&["branch", message]);
        work.run(&["push", "--quiet", &hosted.url(), "main", message]);
    }
    for commit in ["main", "main~1"] {
        let note = ["notes", "add", "-m", "words", commit];
        work.run(&note);
    }
    work.run(&["push", "--quiet", &hosted.url(), "refs/notes/commits"]);
    for name in ["second", "third"] {
        rest.create_repository("rest-links", name);
    }
    let mut made = Vec::new();
    for _ in 0..2 {
        made.push(rest.make_token("rest-links", &json!({ "repo": "first" })));
        let of_namespace = json!({ "scope": "read" });
        rest.make_token("rest-links", &of_namespace);
    }
    let namespace = "/api/v1/namespaces/rest-links";
    // Acts on a repository reach the namespace's log a moment later.
    until_true("the log has all of it", Duration::from_secs(30), || {
        let log = rest.get(&format!("{namespace}/audit")).text();
        made.iter().all(|token| log.contains(&token.id))
    });
    let lists = [
        "/api/v1/namespaces?search=rest-links".to_owned(),
        format!("{namespace}/repos?sort=name"),
        format!("{namespace}/tokens"),
        format!("{namespace}/audit"),
        hosted.path("/tokens"),
        hosted.path("/refs"),
        hosted.path("/log?ref=main"),
        hosted.path("/reflog"),
        hosted.path("/notes"),
    ];
    for list in lists {
        let whole = rest.get(&list);
        let entries = identities(&whole.result(200));
        assert!(entries.len() > 1, "{list}: {entries:?}");
        assert_eq!(walked(&rest, &list), entries, "{list}");
        assert_eq!(whole.headers.get("link"), None, "{list}");
    }
}

#[test]
fn a_numbered_page_leads_on_by_its_cursor_and_back_by_its_number() {
    let rest = rest();
    for name in ["a", "b", "c"] {
        rest.create_repository("rest-numbered", name);
    }
    let page = rest.get(&format!(
        "{}?sort=name&per_page=1&page=2",
        repos("rest-numbered")
    ));
    let named = |path: Option<String>| rest.get(&path.unwrap()).result(200)[0]["name"].clone();
    assert_eq!(named(link(&page, "next")), "c");
    let first = link(&page, "first");
    assert!(first.as_deref().unwrap().contains("page=1"), "{first:?}");
    assert_eq!(named(first), "a");
}
