//! The paths of Artifacts' API differ from those below `/api/v1`: there values have the forms
//! that Artifacts documents.

use serde_json::{Value, json};
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::server;

use crate::{ARTIFACTS, support};

/// A repository with one commit, and where Artifacts has it.
fn pushed(rest: &Rest, scratch: &Scratch, name: &str) -> (Hosted, String) {
    let hosted = rest.create_repository("artifacts-forms", name);
    let work = scratch.repository(name);
    work.write("page.html", "<p>a page</p>\n");
    work.write("folder/data.JSON", "{}\n");
    work.write("folder/notes", "words\n");
    work.write("image.json", b"\x89PNG\0");
    let work = work
        .variable("GIT_AUTHOR_DATE", "1700000000 +0100")
        .variable("GIT_COMMITTER_DATE", "1700000060 +0100");
    work.commit("a message\n\nof several lines");
    work.run(&["push", "--quiet", &hosted.url(), "HEAD:refs/heads/main"]);
    let path = format!("{ARTIFACTS}/namespaces/artifacts-forms/repos/{name}");
    (hosted, path)
}

#[test]
fn commits_and_trees_have_the_forms_of_the_face_that_is_asked() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, artifacts) = pushed(&rest, &scratch, "commits");
    let times = |commit: &Value| (commit["authoredAt"].clone(), commit["committedAt"].clone());
    let unix = (json!(1_700_000_000), json!(1_700_000_060));
    let iso = (
        json!("2023-11-14T22:13:20.000Z"),
        json!("2023-11-14T22:14:20.000Z"),
    );
    let log = rest.get(&format!("{artifacts}/log?ref=main&limit=10"));
    let log = log.result(200);
    let own_log = rest.get(&hosted.path("/log")).result(200);
    assert_eq!(times(&log[0]), unix);
    assert_eq!(times(&own_log[0]), iso);
    assert_eq!(log[0]["message"], "a message\n\nof several lines");
    assert_eq!(own_log[0]["message"], "a message\n\nof several lines\n");

    let commit = format!("/commit/{}", log[0]["hash"].as_str().unwrap());
    let shown = rest.get(&format!("{artifacts}{commit}")).result(200);
    assert_eq!(shown, log[0]);
    assert_eq!(rest.get(&hosted.path(&commit)).result(200), own_log[0]);
    let compare = "/compare/main...main";
    assert_eq!(
        rest.get(&format!("{artifacts}{compare}")).result(200)["aheadBy"],
        0
    );

    let tree = format!("/tree/{}", log[0]["treeHash"].as_str().unwrap());
    let modes = |tree: &Value| -> Vec<(Value, Value)> {
        let entries = tree.as_array().unwrap().iter();
        entries
            .map(|entry| (entry["mode"].clone(), entry["type"].clone()))
            .collect()
    };
    let (folder, own_folder) = (json!("40000"), json!("040000"));
    let of_artifacts = modes(&rest.get(&format!("{artifacts}{tree}")).result(200));
    let own = modes(&rest.get(&hosted.path(&tree)).result(200));
    assert_eq!(of_artifacts[0], (folder, json!("tree")));
    assert_eq!(own[0], (own_folder, json!("tree")));
    assert_eq!(of_artifacts[1..], own[1..]);
}

#[test]
fn compared_commits_have_the_form_too() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (_, artifacts) = pushed(&rest, &scratch, "compared");
    let work = scratch.git_in("compared");
    let hosted = rest.get(&artifacts).result(200);
    assert_eq!(hosted["status"], "ready");
    let work = work.variable("GIT_COMMITTER_DATE", "1700000100 +0000");
    work.commit("second");
    let token = rest.make_token("artifacts-forms", &json!({ "repo": "compared" }));
    let remote = hosted["remote"].as_str().unwrap();
    let url = remote.replacen("://", &format!("://x:{}@", token.plaintext), 1);
    work.run(&["push", "--quiet", &url, "HEAD:refs/heads/next"]);
    let compared = rest.get(&format!("{artifacts}/compare/main...next"));
    let commits = &compared.result(200)["commits"];
    assert_eq!(commits[0]["committedAt"], 1_700_000_100);
}

#[test]
fn bytes_have_the_types_of_the_face_that_is_asked() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, artifacts) = pushed(&rest, &scratch, "types");
    let (text, bytes) = ("text/plain; charset=utf-8", "application/octet-stream");
    let told = |answer: Answer| {
        assert_eq!(answer.status, 200, "{}", answer.text());
        // No browser runs it, whatever the type says.
        assert!(answer.header("content-security-policy").contains("sandbox"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        answer.header("content-type").to_owned()
    };
    for (path, of_artifacts, own) in [
        ("/raw/main/page.html", "text/html; charset=utf-8", text),
        ("/raw/main/folder/data.JSON", "application/json", text),
        ("/raw/main/folder/notes", text, text),
        ("/raw/main/image.json", bytes, bytes),
        ("/file?ref=main&path=page.html", bytes, text),
        ("/file?ref=main&path=image.json", bytes, bytes),
    ] {
        let answer = rest.get(&format!("{artifacts}{path}"));
        assert_eq!(told(answer), of_artifacts, "{path}");
        assert_eq!(told(rest.get(&hosted.path(path))), own, "{path}");
    }
    let tree = rest.get(&format!("{artifacts}/log")).result(200)[0]["treeHash"].clone();
    let tree = rest.get(&format!("{artifacts}/tree/{}", tree.as_str().unwrap()));
    let blob = tree.result(200)[2]["hash"].clone();
    let blob = format!("/blob/{}", blob.as_str().unwrap());
    assert_eq!(told(rest.get(&format!("{artifacts}{blob}"))), bytes);
    assert_eq!(told(rest.get(&hosted.path(&blob))), text);
    // An error is the envelope that Artifacts shows.
    let missing = rest.get(&format!("{artifacts}/file?ref=main&path=none"));
    assert_eq!(missing.error_code(404), 10200);
}

#[test]
fn a_token_tells_when_it_ends_and_git_takes_it_as_it_is() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let namespace = format!("{ARTIFACTS}/namespaces/artifacts-tokens");
    let body = json!({ "name": "made", "read_only": true });
    let made = rest.post(&format!("{namespace}/repos"), &body).result(201);
    assert_eq!(made["read_only"], true);
    let token = made["token"].as_str().unwrap();
    let (secret, seconds) = token.split_once("?expires=").unwrap();
    assert!(seconds.parse::<u64>().unwrap() > 1_700_000_000);
    let body = json!({ "repo": "made", "scope": "read", "ttl": 3600 });
    let minted = rest.post(&format!("{namespace}/tokens"), &body).result(201);
    assert!(minted["plaintext"].as_str().unwrap().contains("?expires="));
    let own = rest.post("/api/v1/namespaces/artifacts-tokens/tokens", &body);
    let own = own.result(201)["plaintext"].as_str().unwrap().to_owned();
    assert!(!own.contains('?'), "{own}");

    let remote = made["remote"].as_str().unwrap();
    for shown in [token, secret] {
        let header = format!("http.extraHeader=Authorization: Bearer {shown}");
        let git = scratch.git();
        git.run(&["-c", &header, "ls-remote", remote]);
    }
}

#[test]
fn a_namespace_is_unrestricted_and_tells_when_something_last_happened_in_it() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let namespaces = format!("{ARTIFACTS}/namespaces");
    let ask = |jurisdiction: &str| {
        let body = json!({ "namespace": "artifacts-place", "jurisdiction": jurisdiction });
        rest.post(&namespaces, &body)
    };
    let refused = ask("eu");
    assert_eq!(refused.error_code(400), 10100);
    assert_eq!(
        refused.json()["errors"][0]["source"]["pointer"],
        "/jurisdiction"
    );
    let made = ask("unrestricted").result(201);
    assert_eq!(made["jurisdiction"], "unrestricted");
    let path = format!("{namespaces}/artifacts-place");
    let updated = || {
        let shown = rest.get(&path).result(200);
        assert_eq!(shown["jurisdiction"], "unrestricted");
        let time = |field: &str| shown[field].as_str().unwrap().to_owned();
        assert!(time("updated_at") >= time("created_at"), "{shown}");
        time("updated_at")
    };
    let first = updated();
    rest.patch(&path, &json!({ "read_only": true })).result(200);
    let changed = updated();
    assert!(changed > first, "{changed} after {first}");
    rest.patch(&path, &json!({ "read_only": false }))
        .result(200);
    let before = updated();
    scratch.pushed(&rest, "artifacts-place", "pushed");
    support::wait::until_true(
        "the push is known",
        std::time::Duration::from_secs(30),
        || updated() > before,
    );
}

#[test]
fn a_description_has_up_to_1024_characters() {
    let rest = server().rest();
    let repos = format!("{ARTIFACTS}/namespaces/artifacts-words/repos");
    let (longest, longer) = ("é".repeat(1024), "é".repeat(1025));
    let body = json!({ "name": "long", "description": longest });
    assert_eq!(
        rest.post(&repos, &body).result(201)["description"],
        longest.as_str()
    );
    let listed = rest.get(&repos).result(200);
    assert_eq!(listed[0]["description"], longest.as_str());
    assert_eq!(listed[0]["status"], "ready");
    let body = json!({ "name": "longer", "description": longer });
    assert_eq!(rest.post(&repos, &body).error_code(400), 10100);
}

#[test]
fn a_request_for_a_former_name_is_sent_to_the_new_one_at_artifacts_paths() {
    let rest = server().rest();
    let hosted = rest.create_repository("artifacts-renamed", "old");
    rest.post(&hosted.path("/rename"), &json!({ "name": "new" }))
        .result(200);
    let repos = format!("{ARTIFACTS}/namespaces/artifacts-renamed/repos");
    let moved = rest.get(&format!("{repos}/old/log?limit=1"));
    assert_eq!(moved.status, 301);
    let location = moved.header("location");
    assert!(
        location.ends_with(&format!("{repos}/new/log?limit=1")),
        "{location}"
    );
}
