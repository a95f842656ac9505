//! Tokens that read or write several repositories of a namespace, or all, and administer none.

use serde_json::{Value, json};
use ureq::http::Method;

use super::support::git::Git;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::server;
use super::{
    CREDENTIALS, INVALID_INPUT, NOT_FOUND, admin, advertisement, ids, made, namespace, tokens,
};

fn fetches(client: &Rest, hosted: &Hosted) -> u16 {
    let path = hosted.git_path("info/refs?service=git-upload-pack");
    client.get(&path).status
}

fn pushes(client: &Rest, hosted: &Hosted) -> u16 {
    advertisement(client, &hosted.namespace, &hosted.name)
}

#[test]
fn a_build_clones_private_submodules_with_one_token_that_reads() {
    let operator = server().rest();
    let scratch = Scratch::new();
    let (library, _) = scratch.pushed(&operator, "tok-build", "library");
    let (app, work) = scratch.pushed(&operator, "tok-build", "app");
    let (other, _) = scratch.pushed(&operator, "tok-build", "other");
    // The remote of a submodule has no credential in it.
    let allowed = work.config(
        "http.extraHeader",
        &format!("Authorization: token {}", library.token),
    );
    allowed.run(&["submodule", "--quiet", "add", &library.remote, "library"]);
    allowed.commit("with a submodule");
    let plain = Git::in_folder(allowed.folder(), allowed.folder());
    plain.run(&["push", "--quiet", &app.url(), "main"]);

    let body = json!({ "scope": "read", "repos": ["app", "LIBRARY"], "label": "ci" });
    let answer = operator.post(&tokens("tok-build"), &body);
    let result = answer.result(201);
    assert_eq!(result["repos"], json!(["app", "library"]));
    assert_eq!(result["scope"], "read");
    let (token, _) = made(&answer);

    let base = format!("{}/", app.remote.rsplit_once('/').unwrap().0);
    let with_token = base.replacen("://", &format!("://x-access-token:{token}@"), 1);
    let build = scratch
        .git()
        .config(&format!("url.{with_token}.insteadOf"), &base);
    build.run(&[
        "clone",
        "--quiet",
        "--recurse-submodules",
        &app.remote,
        "build",
    ]);
    let read = std::fs::read_to_string(build.folder().join("build/library/content"));
    assert_eq!(read.unwrap(), "of library\n");
    let said = build.fails(&["ls-remote", &other.remote]);
    assert!(said.contains("403"), "{said}");
}

#[test]
fn a_token_for_some_repositories_does_there_what_its_scope_says_and_nothing_else() {
    let operator = server().rest();
    let scratch = Scratch::new();
    let (first, _) = scratch.pushed(&operator, "tok-some", "first");
    let (second, work) = scratch.pushed(&operator, "tok-some", "second");
    let (third, _) = scratch.pushed(&operator, "tok-some", "third");
    operator
        .patch(&third.path(""), &json!({ "public": true }))
        .result(200);
    let make = |scope: &str| {
        let body = json!({ "scope": scope, "repos": ["first", "second"] });
        made(&operator.post(&tokens("tok-some"), &body)).0
    };
    let (reading, writing) = (make("read"), make("write"));
    let (reader, writer) = (
        operator.with_bearer(&reading),
        operator.with_bearer(&writing),
    );
    for hosted in [&first, &second] {
        assert_eq!(
            [fetches(&reader, hosted), pushes(&reader, hosted)],
            [200, 403]
        );
        assert_eq!(
            [fetches(&writer, hosted), pushes(&writer, hosted)],
            [200, 200]
        );
        reader.get(&hosted.path("/refs")).result(200);
    }
    work.write("more", "of it\n");
    work.commit("second");
    work.run(&["push", "--quiet", &second.url_with(&writing), "main"]);
    for client in [&reader, &writer] {
        // Another repository, and one that is not there: nobody learns which.
        let missing = Hosted {
            name: "fourth".to_owned(),
            ..third.clone()
        };
        for hosted in [&third, &missing] {
            assert_eq!(
                [fetches(client, hosted), pushes(client, hosted)],
                [403, 403]
            );
            assert_eq!(
                client.get(&hosted.path("/refs")).error_code(403),
                CREDENTIALS
            );
        }
        let none = json!({});
        for (method, path, body) in [
            (Method::GET, first.path(""), &none),
            (Method::PATCH, first.path(""), &json!({ "public": true })),
            (Method::DELETE, first.path(""), &none),
            (Method::GET, first.path("/tokens"), &none),
            (Method::GET, first.path("/stats"), &none),
            (Method::POST, first.path("/fork"), &json!({ "name": "x" })),
            (Method::GET, namespace("tok-some"), &none),
            (
                Method::GET,
                format!("{}/repos", namespace("tok-some")),
                &none,
            ),
            (
                Method::POST,
                format!("{}/repos", namespace("tok-some")),
                &json!({ "name": "x" }),
            ),
            (Method::GET, tokens("tok-some"), &none),
            (
                Method::POST,
                tokens("tok-some"),
                &json!({ "repo": "first" }),
            ),
        ] {
            let answer = client.send(method.clone(), &path, &[], body.to_string().as_bytes());
            assert_eq!(answer.error_code(403), CREDENTIALS, "{method} {path}");
        }
    }
}

#[test]
fn a_token_for_all_repositories_opens_later_ones_too() {
    let operator = server().rest();
    let scratch = Scratch::new();
    let (first, _) = scratch.pushed(&operator, "tok-all", "first");
    let make = |scope: &str| {
        let answer = operator.post(&tokens("tok-all"), &json!({ "scope": scope }));
        assert_eq!(answer.result(201)["repos"], Value::Null);
        operator.with_bearer(&made(&answer).0)
    };
    let (reader, writer) = (make("read"), make("write"));
    let (later, _) = scratch.pushed(&operator, "tok-all", "later");
    for hosted in [&first, &later] {
        assert_eq!(
            [fetches(&reader, hosted), pushes(&reader, hosted)],
            [200, 403]
        );
        assert_eq!(
            [fetches(&writer, hosted), pushes(&writer, hosted)],
            [200, 200]
        );
    }
    // It may see all there is, and so may hear that there is nothing.
    let missing = Hosted {
        name: "missing".to_owned(),
        ..later.clone()
    };
    assert_eq!(fetches(&reader, &missing), 404);
    let (elsewhere, _) = scratch.pushed(&operator, "tok-all-other", "first");
    assert_eq!(
        [fetches(&reader, &elsewhere), pushes(&writer, &elsewhere)],
        [403, 403]
    );
}

#[test]
fn a_repository_that_takes_a_name_over_is_not_opened_by_the_tokens_of_the_old_one() {
    let operator = server().rest();
    let old = operator.create_repository("tok-again", "name");
    operator.create_repository("tok-again", "kept");
    let body = json!({ "scope": "write", "repos": ["name", "kept"] });
    let (token, _) = made(&operator.post(&tokens("tok-again"), &body));
    let client = operator.with_bearer(&token);
    assert_eq!(pushes(&client, &old), 200);
    operator.delete(&old.path("")).result(202);
    assert_eq!(pushes(&client, &old), 403);
    let new = operator.create_repository("tok-again", "name");
    assert_eq!([fetches(&client, &new), pushes(&client, &new)], [403, 403]);
    let listed = operator.get(&tokens("tok-again")).result(200);
    assert_eq!(listed[0]["repos"], json!(["kept"]));
}

#[test]
fn administrators_of_the_namespace_make_list_and_revoke_shared_tokens() {
    let operator = server().rest();
    let hosted = operator.create_repository("tok-shared", "held");
    let (administering, administering_id) = admin(&operator, "tok-shared");
    let platform = operator.with_bearer(&administering);
    let body = json!({ "scope": "read", "repos": ["held"], "ttl": 600 });
    let key = [("Idempotency-Key", "shared-1")];
    let send = || {
        let body = body.to_string();
        platform.send(Method::POST, &tokens("tok-shared"), &key, body.as_bytes())
    };
    let (token, token_id) = made(&send());
    assert_eq!(
        made(&send()),
        (token.clone(), token_id.clone()),
        "sent again"
    );
    let client = operator.with_bearer(&token);
    assert_eq!(fetches(&client, &hosted), 200);

    let listed = platform.get(&tokens("tok-shared"));
    assert_eq!(ids(&listed), std::slice::from_ref(&token_id));
    let shown = &listed.result(200)[0];
    assert_eq!(
        (&shown["scope"], &shown["repos"]),
        (&json!("read"), &json!(["held"]))
    );
    assert!(shown["last_used_at"].is_string(), "{shown}");
    assert_eq!(ids(&operator.get(&tokens("tok-shared"))).len(), 2);

    let one = format!("{}/{token_id}", tokens("tok-shared"));
    assert_eq!(platform.delete(&one).result(200)["id"], token_id);
    assert_eq!(fetches(&client, &hosted), 401);
    let its_own = format!("{}/{administering_id}", tokens("tok-shared"));
    assert_eq!(platform.delete(&its_own).error_code(404), NOT_FOUND);
    assert_eq!(
        platform
            .post(&tokens("tok-shared"), &json!({ "scope": "admin" }))
            .status,
        403
    );
}

#[test]
fn requests_for_namespace_tokens_are_read_strictly() {
    let operator = server().rest();
    operator.create_repository("tok-input", "held");
    let path = tokens("tok-input");
    for (body, pointer) in [
        (json!({ "repo": "held", "scope": "admin" }), "/scope"),
        (json!({ "label": "x" }), "/repo"),
        (json!({}), "/repo"),
        (json!({ "repo": "held", "repos": ["held"] }), "/repos"),
        (json!({ "repos": [] }), "/repos"),
        (json!({ "repos": ["held"], "scope": "admin" }), "/scope"),
        (json!({ "scope": "admin", "colour": 1 }), "/colour"),
        (
            json!({ "scope": "admin", "label": "l".repeat(101) }),
            "/label",
        ),
    ] {
        let answer = operator.post(&path, &body);
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{body}");
        assert_eq!(
            answer.json()["errors"][0]["source"]["pointer"],
            pointer,
            "{body}"
        );
    }
    let answer = operator.post(&path, &json!({ "scope": "admin", "ttl": 59 }));
    assert_eq!(answer.error_code(400), 10_103);
    let nowhere = operator.post(&tokens("tok-nowhere"), &json!({ "scope": "admin" }));
    assert_eq!(nowhere.error_code(404), NOT_FOUND);
    assert_eq!(
        operator.get(&tokens("tok-nowhere")).error_code(404),
        NOT_FOUND
    );
    let missing = operator.post(&path, &json!({ "repos": ["held", "gone"] }));
    assert_eq!(missing.error_code(404), NOT_FOUND);
    assert_eq!(missing.json()["errors"][0]["source"]["pointer"], "/repos/1");
    let unknown = format!("{path}/0123456789abcdef");
    assert_eq!(operator.delete(&unknown).error_code(404), NOT_FOUND);
    let anonymous = operator
        .anonymous()
        .post(&path, &json!({ "scope": "admin" }));
    assert_eq!(anonymous.error_code(401), CREDENTIALS);
}
