//! Every operation by every rule on each kind of ref, through Git of both protocols and through REST; and
//! that forks and imports lead around none of them.

use std::collections::BTreeMap;

use super::support::git::Git;
use super::support::scratch::Scratch;
use super::support::server::ADMIN_KEY;
use super::*;

/// Where refs of each kind stand.
const KINDS: [&str; 4] = ["refs/tags", "refs/notes", "refs/ephemeral", "refs/changes"];
const OPS: [&str; 4] = ["create", "update", "delete", "force"];
const FACES: [&str; 3] = ["git-v0", "git-v2", "rest"];
const OWNERS: [&str; 2] = ["repository", "token"];

/// Refs, and why each was refused.
type Told = BTreeMap<String, Option<String>>;

/// A ref, and the change.
struct Change {
    name: String,
    op: &'static str,
    is_refused: bool,
}

fn changes(face: &str) -> Vec<(String, Vec<Change>)> {
    let groups = OWNERS
        .into_iter()
        .flat_map(|owner| RULES.map(|rule| (owner, rule)));
    let all = groups.map(|(owner, rule)| {
        let each = KINDS.into_iter().flat_map(|kind| OPS.map(|op| (kind, op)));
        let each = each.map(|(kind, op)| {
            // Refs under refs/tags move by force alone.
            let judged = if kind == "refs/tags" && op == "update" {
                "force"
            } else {
                op
            };
            Change {
                name: format!("{kind}/{owner}/{rule}/{face}-{op}"),
                op,
                is_refused: forbids(rule, judged) || (judged == "force" && forbids(rule, "update")),
            }
        });
        let word = if owner == "token" {
            "token"
        } else {
            "protected"
        };
        (format!("{word}: {rule}"), each.collect())
    });
    all.collect()
}

fn rules_of(owner: &str) -> Value {
    let rules = KINDS
        .into_iter()
        .flat_map(|kind| RULES.map(|rule| json!([format!("{kind}/{owner}/{rule}/*"), ops(rule)])));
    rules.collect()
}

/// `old` is behind `next`, and `sibling` is beside both.
fn history(git: &Git) {
    let base = git.commit("base");
    git.write("file", "sibling");
    git.commit("sibling");
    git.run(&["branch", "sibling"]);
    git.run(&["reset", "--quiet", "--hard", &base]);
    for name in ["old", "next"] {
        git.write("file", name);
        git.commit(name);
        git.run(&["branch", name]);
    }
}

/// The source of a change in git's words: the name of a local branch, or nothing.
fn source(change: &Change) -> Option<&'static str> {
    match change.op {
        "delete" => None,
        "force" => Some("sibling"),
        _ => Some("next"),
    }
}

/// The results for the refs of one push: the reason of a refusal, or none. Everything is forced, so that
/// Git itself refuses nothing.
fn push(git: &Git, hosted: &Hosted, face: &str, changes: &[Change]) -> Told {
    let git = git.clone().protocol(if face == "git-v2" { 2 } else { 0 });
    let spec = |change: &Change| format!("+{}:{}", source(change).unwrap_or(""), change.name);
    let mut arguments = vec!["push".to_owned(), "--porcelain".to_owned(), hosted.url()];
    arguments.extend(changes.iter().map(spec));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let pushed = git.try_run(&arguments, b"");
    let told = String::from_utf8(pushed.stdout).unwrap();
    let lines = told.lines().filter_map(|line| {
        let mut parts = line.split('\t');
        let (flag, refs, summary) = (parts.next()?, parts.next()?, parts.next()?);
        let name = refs.split_once(':')?.1.to_owned();
        let reason = summary.rsplit_once('(').map_or("", |(_, reason)| reason);
        let reason = reason.trim_end_matches(')').to_owned();
        Some((name, (flag == "!").then_some(reason)))
    });
    lines.collect()
}

/// The same by a request to REST for each.
fn post(git: &Git, client: &Rest, hosted: &Hosted, changes: &[Change]) -> Told {
    let each = changes.iter().map(|change| {
        let new = source(change).map(|branch| git.run(&["rev-parse", branch]));
        let body = json!({ "updates": [{ "name": change.name, "new": new }] });
        let answer = client.post(&hosted.path("/refs"), &body);
        let refused = (answer.status != 200).then(|| {
            let error = refused(&answer, 403, REF_REFUSED);
            error["message"].as_str().unwrap().to_owned()
        });
        (change.name.clone(), refused)
    });
    each.collect()
}

#[test]
fn tags_notes_and_ephemeral_refs_obey_rules_by_every_face() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let hosted = rest.create_repository("rules-kinds", "kinds");
    let git = scratch.repository("work");
    history(&git);
    let url = hosted.url();
    let mut there = vec!["next:refs/heads/main".to_owned(), "sibling".to_owned()];
    for face in FACES {
        for change in changes(face).iter().flat_map(|(_, changes)| changes) {
            if change.op != "create" {
                there.push(format!("old:{}", change.name));
            }
        }
    }
    let mut arguments = vec!["push", "--quiet", &url];
    arguments.extend(there.iter().map(String::as_str));
    git.run(&arguments);
    set_rules(&hosted, &rules_of("repository"));
    let body = json!({ "repo": "kinds", "refs": rules_of("token") });
    let token = token("rules-kinds", &body).1;
    let client = rest.with_bearer(&token);
    let hosted = Hosted { token, ..hosted };
    for face in FACES {
        for (reason, changes) in changes(face) {
            let told = match face {
                "rest" => post(&git, &client, &hosted, &changes),
                face => push(&git, &hosted, face, &changes),
            };
            for change in &changes {
                let expected = change.is_refused.then(|| reason.clone());
                assert_eq!(told.get(&change.name), Some(&expected), "{}", change.name);
            }
        }
    }
}

#[test]
fn forks_and_imports_lead_around_no_rule() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, git) = scratch.pushed(&rest, "rules-around", "source");
    let rules = json!([["*", ["no-push"]]]);
    set_rules(&hosted, &rules);
    let body = json!({ "scope": "write", "refs": rules });
    let limited = token("rules-around", &body).1;
    let client = rest.with_bearer(&limited);
    let refs = git.remote_refs(&hosted.url_with(ADMIN_KEY));

    // A token with rules makes no repository, in which it would have none.
    let fork = client.post(&hosted.path("/fork"), &json!({ "name": "fork" }));
    let into = "/api/v1/namespaces/rules-around/repos/imported/import";
    let url = json!({ "url": "https://example.com/some.git" });
    let import = client.post(into, &url);
    let over = client.post(&hosted.path("/import"), &url);
    for refused in [fork, import, over] {
        refused_without_more(&refused);
    }
    // Not even the operator imports into a repository that is there.
    let over = rest.post(&hosted.path("/import"), &url);
    assert_eq!(over.status, 409, "{}", over.text());

    // A fork begins without rules, and its source keeps its own.
    let made = rest.post(&hosted.path("/fork"), &json!({ "name": "fork" }));
    let fork = Hosted::made("rules-around", &made);
    let shown = |hosted: &Hosted| rest.get(&hosted.path("")).result(200)["ref_rules"].clone();
    assert_eq!((shown(&fork), shown(&hosted)), (json!([]), rules));
    git.commit("more");
    git.run(&["push", "--quiet", &fork.url(), "HEAD:main"]);
    // The rules of the namespace's token hold in the fork too, and the fork's token opens it alone.
    let said = git.fails(&["push", &fork.url_with(&limited), "HEAD:refs/heads/other"]);
    assert!(said.contains("(token: no-push)"), "{said}");
    git.fails(&["push", &hosted.url_with(&fork.token), "HEAD:main"]);
    // The target's rules judge commits that come from the fork.
    let merge = json!({
        "into": "main",
        "from": { "repository": "rules-around/fork", "ref": "main" },
    });
    refused(&rest.post(&hosted.path("/merge"), &merge), 403, REF_REFUSED);
    assert_eq!(git.remote_refs(&hosted.url_with(ADMIN_KEY)), refs);
}

/// The caller may not do that at all.
#[track_caller]
fn refused_without_more(answer: &Answer) {
    refused(answer, 403, FORBIDDEN);
}
