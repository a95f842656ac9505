//! Each route of REST that changes a ref, by every rule of the repository and of the token.

use super::support::git::Git;
use super::support::scratch::Scratch;
use super::*;

/// Whose rules they are, as refusals say it.
const OWNERS: [&str; 2] = ["repository", "token"];

/// Requests, and what each does to its ref. `REF` stands for the name after `refs/heads/` or the like.
fn cases(
    topic: &str,
    head: &str,
    first: &str,
) -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let files = json!([{"path": "new.txt", "content": "new"}]);
    let at = "REF";
    vec![
        (
            "commit",
            "update",
            "/commits",
            json!({"branch": at, "message": "m", "files": files, "expected_head": head}),
        ),
        (
            "commit-new",
            "create",
            "/commits",
            json!({"branch": at, "message": "m", "files": files, "expected_head": null, "base": "main"}),
        ),
        (
            "merge",
            "update",
            "/merge",
            json!({"into": at, "from": topic}),
        ),
        (
            "pick",
            "update",
            "/cherry-pick",
            json!({"onto": at, "commits": [topic]}),
        ),
        (
            "revert",
            "update",
            "/revert",
            json!({"onto": at, "commits": [head]}),
        ),
        (
            "restore",
            "update",
            "/restore",
            json!({"branch": at, "to": first}),
        ),
        (
            "restore-move",
            "force",
            "/restore",
            json!({"branch": at, "to": first, "how": "move"}),
        ),
        (
            "delete",
            "delete",
            "/refs",
            json!({"updates": [{"name": "refs/heads/REF", "new": null}]}),
        ),
        (
            "tag-new",
            "create",
            "/refs",
            json!({"updates": [{"name": "refs/tags/REF", "new": head, "tag": {"message": "t"}}]}),
        ),
        (
            "tag",
            "force",
            "/refs",
            json!({"updates": [{"name": "refs/tags/REF", "new": topic}]}),
        ),
        (
            "notes-new",
            "create",
            "/notes",
            json!({"object": head, "note": "n", "ref": "refs/notes/REF"}),
        ),
        (
            "notes",
            "update",
            "/notes",
            json!({"object": head, "note": "n", "ref": "refs/notes/REF"}),
        ),
    ]
}

/// `first` and `head` on main, `topic` beside it, and a ref for every case that needs one.
fn set_up(git: &Git, hosted: &Hosted) -> (String, String, String) {
    git.write("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n");
    let first = git.commit("first");
    git.run(&["checkout", "--quiet", "-b", "topic"]);
    git.write("b.txt", "topic\n");
    let topic = git.commit("topic");
    git.run(&["checkout", "--quiet", "main"]);
    git.write("a.txt", "one\n2\n3\n4\n5\n6\n7\n8\n");
    let head = git.commit("head");
    git.run(&["notes", "--ref=refs/notes/all", "add", "-m", "old", &first]);
    let mut refspecs = vec!["main".to_owned(), "topic".to_owned()];
    for owner in OWNERS {
        for rule in RULES {
            for (case, op, route, _) in cases(&topic, &head, &first) {
                let (from, kind) = match route {
                    "/notes" => ("refs/notes/all", "notes"),
                    // The old commit is an ancestor of the new one: under refs/tags it is forced.
                    _ if case == "tag" => ("main~1", "tags"),
                    _ => ("main", "heads"),
                };
                if op != "create" {
                    refspecs.push(format!("{from}:refs/{kind}/{owner}/{rule}/{case}"));
                }
            }
        }
    }
    let url = hosted.url();
    let mut arguments = vec!["push", "--quiet", &url];
    arguments.extend(refspecs.iter().map(String::as_str));
    git.run(&arguments);
    (first, topic, head)
}

fn rules_of(owner: &str) -> Value {
    let kinds = ["heads", "tags", "notes"].into_iter();
    let rules = kinds.flat_map(|kind| {
        let rule = move |rule| json!([format!("refs/{kind}/{owner}/{rule}/*"), ops(rule)]);
        RULES.map(rule)
    });
    rules.collect()
}

#[test]
fn no_route_of_rest_goes_around_the_rules() {
    let scratch = Scratch::new();
    let rest = server().rest();
    let hosted = rest.create_repository("rules-rest", "faces");
    let git = scratch.repository("work");
    let (first, topic, head) = set_up(&git, &hosted);
    set_rules(&hosted, &rules_of("repository"));
    let body = json!({"repo": "faces", "refs": rules_of("token")});
    let client = rest.with_bearer(&token("rules-rest", &body).1);
    for owner in OWNERS {
        for rule in RULES {
            for (case, op, route, body) in cases(&topic, &head, &first) {
                let name = format!("{owner}/{rule}/{case}");
                let before = git.run(&["ls-remote", &hosted.url(), &format!("refs/*/{name}")]);
                let body = body.to_string().replace("REF", &name);
                let body: Value = serde_json::from_str(&body).unwrap();
                let answer = client.post(&hosted.path(route), &body);
                let after = git.run(&["ls-remote", &hosted.url(), &format!("refs/*/{name}")]);
                if forbids(rule, op) {
                    let error = refused(&answer, 403, REF_REFUSED);
                    let details = &error["details"];
                    assert_eq!(
                        (&details["by"], &details["rule"]),
                        (&json!(owner), &json!(rule))
                    );
                    assert!(
                        details["pattern"].as_str().unwrap().contains(rule),
                        "{error}"
                    );
                    assert_eq!(before, after, "{name}");
                } else {
                    assert!(answer.status < 300, "{name}: {}", answer.text());
                    assert_ne!(before, after, "{name}");
                }
            }
        }
    }
}
