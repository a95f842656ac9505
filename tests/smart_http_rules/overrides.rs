//! The operator passes the repository's rules by a push option; nobody else does.

use super::support::git::Git;
use super::support::scratch::Scratch;
use super::support::server::ADMIN_KEY;
use super::*;

struct Story {
    hosted: Hosted,
    git: Git,
    _scratch: Scratch,
}

impl Story {
    /// `main` is protected against everything, and `sibling` does not descend from it.
    fn new(name: &str) -> Self {
        let scratch = Scratch::new();
        let hosted = server().rest().create_repository("rules-override", name);
        let git = scratch.repository("work");
        git.commit("base");
        git.run(&["branch", "sibling"]);
        git.write("file", "1");
        git.commit("main");
        git.run(&["push", "--quiet", &hosted.url(), "main"]);
        git.run(&["checkout", "--quiet", "sibling"]);
        git.write("file", "2");
        git.commit("sibling");
        set_rules(
            &hosted,
            &json!([["refs/heads/main", ["no-force-push", "no-delete"]]]),
        );
        Self {
            hosted,
            git,
            _scratch: scratch,
        }
    }

    fn push(&self, credential: &str, options: &[&str]) -> String {
        let url = self.hosted.url_with(credential);
        let mut arguments = vec!["push"];
        arguments.extend(options);
        arguments.extend([url.as_str(), "+sibling:main"]);
        let ended = self.git.try_run(&arguments, b"");
        ended.stderr
    }

    fn overridden(&self) -> Vec<Value> {
        let path = self.hosted.path("/events?limit=100");
        let events = server().rest().get(&path).result(200);
        let events = events.as_array().unwrap().iter().cloned();
        events
            .filter(|event| event["type"] == "cairn.repo.overridden")
            .collect()
    }
}

const OPTION: [&str; 2] = ["-o", "cairn.override"];

#[test]
fn the_operator_alone_passes_the_rules_and_an_event_tells_it() {
    let story = Story::new("git");
    let (_, admin) = token("rules-override", &json!({"scope": "admin"}));
    let refusal = "protected: no-force-push";
    for (credential, options) in [
        (ADMIN_KEY, &[][..]),
        (ADMIN_KEY, &["-o", "cairn.overrides"]),
        (&admin, &OPTION),
        (&story.hosted.token, &OPTION),
    ] {
        let said = story.push(credential, options);
        assert!(said.contains(refusal), "{said}");
    }
    assert_eq!(story.overridden(), [] as [Value; 0]);
    let said = story.push(ADMIN_KEY, &OPTION);
    assert!(said.contains("forced update"), "{said}");
    let [event] = story.overridden().try_into().unwrap();
    assert_eq!(event["actor"]["kind"], "operator");
    let payload = &event["payload"];
    assert_eq!(payload["protection"], "ref_rules");
    assert_eq!(
        payload["overridden"],
        json!([{"ref": "refs/heads/main", "pattern": "refs/heads/main", "op": "no-force-push"}])
    );
    // A push that needs no override tells of none.
    story.git.write("file", "3");
    story.git.commit("goes on");
    story.push(ADMIN_KEY, &OPTION);
    assert_eq!(story.overridden().len(), 1);
}

#[test]
fn by_rest_it_is_the_same() {
    let story = Story::new("rest");
    let body = json!({
        "updates": [{"name": "refs/heads/main", "new": null}],
        "push_options": ["cairn.override"],
    });
    let path = story.hosted.path("/refs");
    // Nobody may delete the branch that HEAD names, with or without an override.
    let other = json!({"default_branch": "other"});
    server()
        .rest()
        .patch(&story.hosted.path(""), &other)
        .result(200);
    let (_, admin) = token("rules-override", &json!({"scope": "admin"}));
    for credential in [&admin, &story.hosted.token] {
        let client = server().rest().with_bearer(credential);
        let error = refused(&client.post(&path, &body), 403, REF_REFUSED);
        assert_eq!(error["message"], "protected: no-delete");
    }
    server().rest().post(&path, &body).result(200);
    let [event] = story.overridden().try_into().unwrap();
    assert_eq!(event["payload"]["overridden"][0]["op"], "no-delete");
}
