//! Every operation by every rule of the repository and of the token, by every actor, through Git of
//! both protocols and through REST; and the dry run says the same.

use std::collections::BTreeMap;

use super::support::git::Git;
use super::support::scratch::Scratch;
use super::support::server::ADMIN_KEY;
use super::*;

const OPS: [&str; 4] = ["create", "update", "delete", "force"];
const FACES: [&str; 3] = ["git-v0", "git-v2", "rest"];

/// A caller, and whether its token has rules.
pub(super) struct Actor {
    pub(super) name: &'static str,
    pub(super) credential: String,
    token_id: Option<String>,
    pub(super) has_rules: bool,
}

/// One change: the rules for its ref, and its effect.
struct Change {
    repository: &'static str,
    token: &'static str,
    op: &'static str,
    name: String,
}

fn changes(actor: &str, face: &str) -> Vec<Change> {
    let mut all = Vec::new();
    for repository in RULES {
        for token in RULES {
            for op in OPS {
                let name = format!("refs/heads/{repository}/{token}/{actor}/{face}/{op}");
                all.push(Change {
                    repository,
                    token,
                    op,
                    name,
                });
            }
        }
    }
    all
}

/// The words of the refusal, if it is refused. The server learns last whether a move is forced; until
/// then it judges the move as any update.
fn expected(change: &Change, has_rules: bool) -> Option<String> {
    let seen_first = match change.op {
        "force" => "update",
        op => op,
    };
    [seen_first, change.op].into_iter().find_map(|op| {
        if has_rules && forbids(change.token, op) {
            return Some(format!("token: {}", change.token));
        }
        let is_protected = forbids(change.repository, op);
        is_protected.then(|| format!("protected: {}", change.repository))
    })
}

/// The rules of the repository, and those of tokens.
fn rules() -> (Value, Value) {
    let mut of_repository = Vec::new();
    let mut of_tokens = Vec::new();
    for repository in RULES {
        of_repository.push(json!([
            format!("refs/heads/{repository}/*"),
            ops(repository)
        ]));
        for token in RULES {
            of_tokens.push(json!([
                format!("refs/heads/{repository}/{token}/*"),
                ops(token)
            ]));
        }
    }
    (of_repository.into(), of_tokens.into())
}

pub(super) fn actors(hosted: &Hosted, refs: &Value) -> Vec<Actor> {
    let made = |name, has_rules, body: Value| {
        let (token_id, credential) = token(&hosted.namespace, &body);
        Actor {
            name,
            credential,
            token_id: Some(token_id),
            has_rules,
        }
    };
    let repo = &hosted.name;
    vec![
        Actor {
            name: "operator",
            credential: ADMIN_KEY.to_owned(),
            token_id: None,
            has_rules: false,
        },
        made("namespace-admin", false, json!({"scope": "admin"})),
        made(
            "namespace-write",
            false,
            json!({"scope": "write", "repos": [repo]}),
        ),
        made("repository-write", false, json!({"repo": repo})),
        made(
            "namespace-ruled",
            true,
            json!({"scope": "write", "refs": refs}),
        ),
        made(
            "repository-ruled",
            true,
            json!({"repo": repo, "refs": refs}),
        ),
    ]
}

/// The results for the refs of one git push: the reason of a refusal, or none.
fn push(git: &Git, url: &str, version: u8, changes: &[Change]) -> BTreeMap<String, Option<String>> {
    let mut arguments = vec!["push".to_owned(), "--porcelain".to_owned(), url.to_owned()];
    for change in changes {
        let name = &change.name;
        arguments.push(match change.op {
            "delete" => format!(":{name}"),
            "force" => format!("+sibling:{name}"),
            _ => format!("next:{name}"),
        });
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let git = git.clone().protocol(version);
    let ended = git.try_run(&arguments, b"");
    let text = String::from_utf8(ended.stdout).unwrap();
    let told = text.lines().filter_map(|line| {
        let mut parts = line.split('\t');
        let (flag, refs, summary) = (parts.next()?, parts.next()?, parts.next()?);
        let name = refs.split_once(':')?.1.to_owned();
        let reason = summary
            .split_once('(')
            .map(|(_, reason)| reason.trim_end_matches(')'));
        Some((
            name,
            (flag == "!").then(|| reason.unwrap_or_default().to_owned()),
        ))
    });
    told.collect()
}

/// The same by one request to REST.
fn post(
    client: &Rest,
    hosted: &Hosted,
    (next, sibling): (&str, &str),
    changes: &[Change],
) -> BTreeMap<String, Option<String>> {
    let update = |change: &Change| {
        let new = match change.op {
            "delete" => None,
            "force" => Some(sibling),
            _ => Some(next),
        };
        json!({"name": change.name, "new": new})
    };
    let updates: Vec<_> = changes.iter().map(update).collect();
    let body = json!({"updates": updates});
    let answer = client.post(&hosted.path("/refs"), &body).result(200);
    let told = answer["updates"].as_array().unwrap().iter().map(|update| {
        let name = update["name"].as_str().unwrap().to_owned();
        let error = (update["ok"] == false).then(|| {
            let error = &update["error"];
            assert_eq!(error["code"], REF_REFUSED, "{error}");
            let (by, rule) = (&error["details"]["by"], &error["details"]["rule"]);
            let message = error["message"].as_str().unwrap().to_owned();
            let (word, op) = message.split_once(": ").unwrap();
            assert_eq!(rule, op);
            assert_eq!(
                by,
                if word == "token" {
                    "token"
                } else {
                    "repository"
                }
            );
            assert!(error["details"]["pattern"].is_string(), "{error}");
            message
        });
        (name, error)
    });
    told.collect()
}

#[test]
fn every_operation_rule_actor_and_face_agree_with_the_model() {
    let scratch = Scratch::new();
    let rest = server().rest();
    let hosted = rest.create_repository("rules-table", "table");
    let git = scratch.repository("work");
    git.commit("base");
    let base = git.run(&["rev-parse", "HEAD"]);
    git.write("file", "sibling");
    let sibling = git.commit("sibling");
    git.run(&["branch", "sibling"]);
    git.run(&["reset", "--quiet", "--hard", &base]);
    git.write("file", "old");
    git.commit("old");
    git.run(&["branch", "old"]);
    git.write("file", "next");
    let next = git.commit("next");
    git.run(&["branch", "next"]);
    let (of_repository, of_tokens) = rules();
    let actors = actors(&hosted, &of_tokens);
    let mut there = vec!["main".to_owned(), "sibling".to_owned()];
    for actor in &actors {
        for face in FACES {
            for change in changes(actor.name, face) {
                if change.op != "create" {
                    there.push(format!("old:{}", change.name));
                }
            }
        }
    }
    let url = hosted.url();
    let mut arguments = vec!["push", "--quiet", &url];
    arguments.extend(there.iter().map(String::as_str));
    git.run(&arguments);
    set_rules(&hosted, &of_repository);

    for actor in &actors {
        let client = rest.with_bearer(&actor.credential);
        for face in FACES {
            let changes = changes(actor.name, face);
            for change in &changes {
                assert_dry_run_agrees(&client, &hosted, actor, change);
            }
            let told = match face {
                "rest" => post(&client, &hosted, (&next, &sibling), &changes),
                face => {
                    let version = if face == "git-v2" { 2 } else { 0 };
                    push(&git, &hosted.url_with(&actor.credential), version, &changes)
                }
            };
            for change in &changes {
                let expected = expected(change, actor.has_rules);
                assert_eq!(
                    told.get(&change.name),
                    Some(&expected),
                    "{} {face} {}",
                    actor.name,
                    change.name
                );
            }
        }
    }
}

/// Asks for one face alone, because the answer does not depend on the face.
fn assert_dry_run_agrees(client: &Rest, hosted: &Hosted, actor: &Actor, change: &Change) {
    if !change.name.contains("/rest/") {
        return;
    }
    let expected = expected(change, actor.has_rules);
    let own = json!({"ref": change.name, "op": change.op});
    let mut asked = vec![(client.clone(), own.clone())];
    if let Some(token_id) = actor.token_id.as_ref().filter(|_| actor.has_rules) {
        let mut of_token = own;
        of_token["token_id"] = token_id.as_str().into();
        asked.push((server().rest(), of_token));
    }
    for (client, body) in asked {
        let judged = try_rules(&client, hosted, &body).result(200);
        assert_eq!(
            judged["allowed"],
            expected.is_none(),
            "{} {judged}",
            actor.name
        );
        assert_eq!(judged["message"].as_str(), expected.as_deref());
        if let Some(message) = &expected {
            let (word, rule) = message.split_once(": ").unwrap();
            let by = if word == "token" {
                "token"
            } else {
                "repository"
            };
            assert_eq!((&judged["by"], &judged["rule"]), (&json!(by), &json!(rule)));
        }
    }
}
