//! Each route of REST that changes a ref, by every rule of the repository and of the token and by every
//! actor. The description of the API says which routes there are: one that is in no list here fails.

use std::collections::{BTreeMap, BTreeSet};

use ureq::http::Method;

use super::support::git::Git;
use super::support::scratch::Scratch;
use super::table::{Actor, actors};
use super::*;

/// The owners of rules, as refusals name them.
const OWNERS: [&str; 2] = ["repository", "token"];

const JSON: &str = "application/json";
const LINES: &str = "application/octet-stream";

/// Routes that make a repository, or bring one back, with its refs. Rules hold at these routes: the
/// stories in `kinds` say that these lead around none, and those of each that only administrators may.
const MAKE: [&str; 5] = [
    "POST /fork",
    "POST /import",
    "POST /recover",
    "POST /restore-deleted",
    "POST /rename",
];

/// Routes that are another one of the table for the object: the Worker writes the body of a merge.
const MERGE: [&str; 1] = ["POST /sync-fork"];

/// Routes that begin a sync with the upstream. The story `the_repositorys_own_rules_hold_for_its_upstream_too`
/// of `tests/smart_http_mirrors` says that it keeps the rules.
const SYNC: [&str; 3] = [
    "PUT /upstream",
    "POST /upstream/sync",
    "POST /upstream/hook",
];

/// Routes of a repository that change something else than a ref.
const MOVE_NOTHING: [&str; 18] = [
    "DELETE /upstream",
    "POST /downstreams",
    "PATCH /downstreams/{downstream}",
    "DELETE /downstreams/{downstream}",
    "POST /downstreams/{downstream}/push",
    "PATCH ",
    "DELETE ",
    "DELETE /tokens/{token}",
    "POST /maintenance",
    "POST /purge-unreachable",
    "PUT /blobs",
    "POST /rules/test",
    "POST /webhooks",
    "PATCH /webhooks/{webhook}",
    "DELETE /webhooks/{webhook}",
    "POST /webhooks/{webhook}/ping",
    "POST /webhooks/{webhook}/rotate-secret",
    "POST /webhooks/{webhook}/deliveries/{delivery}/redeliver",
];

/// A request, and its effect on its ref. `REF` stands for the name after `refs/heads/` or the like.
struct Case {
    name: &'static str,
    op: &'static str,
    route: &'static str,
    kind: &'static str,
    body: String,
}

/// The ids that requests name: `first` and `head` on main, and `topic` beside it.
struct History {
    first: String,
    topic: String,
    head: String,
}

fn case(name: &'static str, op: &'static str, route: &'static str, body: &Value) -> Case {
    Case {
        name,
        op,
        route,
        kind: JSON,
        body: body.to_string(),
    }
}

fn cases(history: &History) -> Vec<Case> {
    let History { first, topic, head } = history;
    let mut all = commits(history);
    let merged = json!({"into": "REF", "from": topic});
    let picked = json!({"onto": "REF", "commits": [topic]});
    let reverted = json!({"onto": "REF", "commits": [head]});
    let restored = json!({"branch": "REF", "to": first});
    let moved = json!({"branch": "REF", "to": first, "how": "move"});
    let note = json!({"object": head, "note": "n", "ref": "refs/notes/REF"});
    let away = json!({"object": first, "ref": "refs/notes/REF"});
    all.extend([
        case("merge", "update", "POST /merge", &merged),
        case("pick", "update", "POST /cherry-pick", &picked),
        case("revert", "update", "POST /revert", &reverted),
        case("restore", "update", "POST /restore", &restored),
        case("restore-move", "force", "POST /restore", &moved),
        case("notes-new", "create", "POST /notes", &note),
        case("notes", "update", "POST /notes", &note),
        case("notes-away", "update", "DELETE /notes", &away),
    ]);
    let refs = |name: &str, new: &Value| json!({"updates": [{"name": name, "new": new}]});
    let (branch, tag) = ("refs/heads/REF", "refs/tags/REF");
    let tagged = json!({"updates": [{"name": tag, "new": head, "tag": {"message": "t"}}]});
    let changes = [
        ("delete", "delete", refs(branch, &json!(null))),
        ("refs-new", "create", refs(branch, &json!(head))),
        ("refs-force", "force", refs(branch, &json!(topic))),
        ("tag-new", "create", tagged),
        ("tag", "force", refs(tag, &json!(topic))),
    ];
    let changes = changes.iter();
    all.extend(changes.map(|(name, op, body)| case(name, op, "POST /refs", body)));
    all
}

/// Commits, as JSON and as lines.
fn commits(history: &History) -> Vec<Case> {
    let head = &history.head;
    let files = json!([{"path": "new.txt", "content": "new"}]);
    let listed = json!([{"path": "new.txt", "content_id": "1"}]);
    let commit = |files: &Value, expected: &Value| json!({"branch": "REF", "message": "m", "files": files, "expected_head": expected});
    let mut new = commit(&files, &json!(null));
    new["base"] = json!("main");
    let metadata = json!({"metadata": commit(&listed, &json!(head))});
    let chunk = json!({"chunk": {"content_id": "1", "data": "bmV3", "eof": true}});
    let commit = commit(&files, &json!(head));
    let lines = Case {
        kind: LINES,
        body: format!("{metadata}\n{chunk}\n"),
        ..case("commit-lines", "update", "POST /commits", &json!(null))
    };
    vec![
        case("commit", "update", "POST /commits", &commit),
        case("commit-new", "create", "POST /commits", &new),
        lines,
    ]
}

impl Case {
    fn send(&self, client: &Rest, hosted: &Hosted, name: &str) -> Answer {
        let (method, path) = self.route.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let body = self.body.replace("REF", name);
        let kind = [("content-type", self.kind)];
        client.send(method, &hosted.path(path), &kind, body.as_bytes())
    }
}

/// The name of a case's ref after `refs/heads/` or the like.
fn name_of(actor: &Actor, owner: &str, rule: &str, case: &Case) -> String {
    format!("{owner}/{rule}/{}/{}", actor.name, case.name)
}

/// The rules' owners that an actor meets.
fn owners(actor: &Actor) -> &'static [&'static str] {
    if actor.has_rules {
        &OWNERS
    } else {
        &OWNERS[..1]
    }
}

fn history(git: &Git) -> History {
    git.write("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n");
    let first = git.commit("first");
    git.run(&["checkout", "--quiet", "-b", "topic"]);
    git.write("b.txt", "topic\n");
    let topic = git.commit("topic");
    git.run(&["checkout", "--quiet", "main"]);
    git.write("a.txt", "one\n2\n3\n4\n5\n6\n7\n8\n");
    let head = git.commit("head");
    git.run(&["notes", "--ref=refs/notes/all", "add", "-m", "old", &first]);
    History { first, topic, head }
}

/// Pushes a ref for every case that needs one.
fn push_refs(git: &Git, hosted: &Hosted, actors: &[Actor], cases: &[Case]) {
    let mut refspecs = vec!["main".to_owned(), "topic".to_owned()];
    for actor in actors {
        for owner in owners(actor) {
            for rule in RULES {
                for case in cases.iter().filter(|case| case.op != "create") {
                    let (from, kind) = match case.route {
                        "POST /notes" | "DELETE /notes" => ("refs/notes/all", "notes"),
                        // The old commit is an ancestor of the new one: under refs/tags it is forced.
                        _ if case.name == "tag" => ("main~1", "tags"),
                        _ => ("main", "heads"),
                    };
                    let name = name_of(actor, owner, rule, case);
                    refspecs.push(format!("{from}:refs/{kind}/{name}"));
                }
            }
        }
    }
    let url = hosted.url();
    let mut arguments = vec!["push", "--quiet", &url];
    arguments.extend(refspecs.iter().map(String::as_str));
    git.run(&arguments);
}

fn rules_of(owner: &str) -> Value {
    let kinds = ["heads", "tags", "notes"].into_iter();
    let rules = kinds.flat_map(|kind| {
        let rule = move |rule| json!([format!("refs/{kind}/{owner}/{rule}/*"), ops(rule)]);
        RULES.map(rule)
    });
    rules.collect()
}

/// The refs below `refs/heads/`, `refs/tags/` and `refs/notes/` by the rest of their names.
fn refs_now(git: &Git, hosted: &Hosted) -> BTreeMap<String, String> {
    let listed = git.run(&["ls-remote", "--refs", &hosted.url()]);
    let refs = listed.lines().filter_map(|line| {
        let (id, name) = line.split_once('\t')?;
        let name = name.splitn(3, '/').nth(2)?;
        Some((name.to_owned(), id.to_owned()))
    });
    refs.collect()
}

#[test]
fn no_route_of_rest_goes_around_the_rules() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let hosted = rest.create_repository("rules-rest", "faces");
    let git = scratch.repository("work");
    let history = history(&git);
    let cases = cases(&history);
    let actors = actors(&hosted, &rules_of("token"));
    push_refs(&git, &hosted, &actors, &cases);
    set_rules(&hosted, &rules_of("repository"));
    for actor in &actors {
        let client = rest.with_bearer(&actor.credential);
        let before = refs_now(&git, &hosted);
        let mut is_refused = BTreeMap::new();
        for owner in owners(actor) {
            for rule in RULES {
                for case in &cases {
                    let name = name_of(actor, owner, rule, case);
                    let answer = case.send(&client, &hosted, &name);
                    let forbidden = forbids(rule, case.op);
                    if forbidden {
                        assert_refusal_names(&answer, owner, rule);
                    } else {
                        assert!(answer.status < 300, "{name}: {}", answer.text());
                    }
                    is_refused.insert(name, forbidden);
                }
            }
        }
        let after = refs_now(&git, &hosted);
        for (name, is_refused) in is_refused {
            let is_unchanged = before.get(&name) == after.get(&name);
            assert_eq!(is_unchanged, is_refused, "{name}");
        }
    }
}

#[track_caller]
fn assert_refusal_names(answer: &Answer, owner: &str, rule: &str) {
    let error = refused(answer, 403, REF_REFUSED);
    let details = &error["details"];
    assert_eq!(
        (&details["by"], &details["rule"]),
        (&json!(owner), &json!(rule))
    );
    let pattern = details["pattern"].as_str().unwrap();
    assert!(pattern.contains(rule), "{error}");
}

/// The bodies of the repositories' routes that change something, by the description of the API: method,
/// path below the repository, and the type of a body that may stand in place of JSON.
fn described() -> BTreeSet<String> {
    let description = server().rest().get("/api/v1/openapi.json").json();
    let paths = description["paths"].as_object().unwrap().iter();
    let below = paths.filter_map(|(path, item)| {
        let path = path.strip_prefix("/api/v1/namespaces/{namespace}/repos/{repo}")?;
        Some((path, item.as_object().unwrap()))
    });
    let mut routes = BTreeSet::new();
    for (path, item) in below {
        let methods = ["post", "put", "patch", "delete"].into_iter();
        for (method, operation) in methods.filter_map(|one| Some((one, item.get(one)?))) {
            let route = format!("{} {path}", method.to_uppercase());
            let kinds = operation["requestBody"]["content"].as_object();
            let kinds = kinds.filter(|kinds| kinds.contains_key(JSON));
            let kinds = kinds.into_iter().flat_map(|kinds| kinds.keys());
            let others = kinds.filter(|kind| *kind == LINES);
            routes.extend(others.map(|kind| format!("{route} {kind}")));
            routes.insert(route);
        }
    }
    routes
}

#[test]
fn every_route_that_changes_something_is_in_the_table_or_moves_no_ref() {
    let nothing = History {
        first: String::new(),
        topic: String::new(),
        head: String::new(),
    };
    let judged = cases(&nothing).into_iter().map(|case| match case.kind {
        JSON => case.route.to_owned(),
        kind => format!("{} {kind}", case.route),
    });
    let others = MAKE
        .iter()
        .chain(&MERGE)
        .chain(&SYNC)
        .chain(&MOVE_NOTHING)
        .map(|&route| route.to_owned());
    let known: BTreeSet<_> = judged.chain(others).collect();
    assert_eq!(described(), known, "described, and known to this table");
}
