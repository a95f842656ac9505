//! Where the platform is asked to make the objects of new repositories.

use super::support::remote::Remote;
use super::support::scratch::Scratch;
use super::support::server::server;
use super::*;

/// Where the platform was asked to make an object, by the questions for it.
fn locations(server: &Server, name: &str) -> Vec<String> {
    let asked = asked(server).into_iter();
    let of_it = asked.filter(|asked| asked.binding == "REPO" && asked.name == name);
    of_it.map(|asked| asked.location).collect()
}

#[test]
fn the_first_question_for_a_repositorys_object_says_where_it_is_to_be_made() {
    let server = Server::start_with(&[CONFIG, ENTRY, ("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let body = json!({ "name": "made", "location_hint": "weur" });
    let hosted = rest.create_repository_with("acme", &body);
    rest.get(&hosted.path("")).result(200);
    let found = locations(&server, "acme/made");
    assert_eq!(found[0], "weur");
    assert!(found[1..].iter().all(String::is_empty), "{found:?}");

    let body = json!({ "name": "forked", "location_hint": "oc" });
    rest.post(&hosted.path("/fork"), &body).result(201);
    assert_eq!(locations(&server, "acme/forked")[0], "oc");

    let work = scratch.repository("remote/source");
    work.write("file", "text");
    work.commit("first");
    let remote = Remote::serve(&scratch.join("remote"));
    let body = json!({ "url": remote.url("source"), "location_hint": "apac" });
    let path = "/api/v1/namespaces/acme/repos/imported/import";
    rest.post(path, &body).result(201);
    assert_eq!(locations(&server, "acme/imported")[0], "apac");

    // The name's own object holds another repository: the one beside it gets the place.
    let renamed = rest.post(&hosted.path("/rename"), &json!({ "name": "elsewhere" }));
    renamed.result(200);
    let body = json!({ "name": "made", "location_hint": "sam" });
    rest.create_repository_with("acme", &body);
    let asked = asked(&server);
    let beside: Vec<_> = asked
        .iter()
        .filter(|asked| asked.name.starts_with("acme/made~"))
        .collect();
    assert_eq!(beside[0].location, "sam");
}

#[test]
fn a_place_that_the_platform_does_not_know_is_refused() {
    let rest = server().rest();
    let source = rest.create_repository("places-hints", "source");
    let repos = "/api/v1/namespaces/places-hints/repos";
    let import = format!("{repos}/made/import");
    for (path, mut body) in [
        (repos.to_owned(), json!({ "name": "made" })),
        (source.path("/fork"), json!({ "name": "made" })),
        (import, json!({ "url": "https://example.com/a.git" })),
    ] {
        for hint in ["eu", "WEUR", ""] {
            body["location_hint"] = hint.into();
            let refused = rest.post(&path, &body);
            assert_eq!(refused.error_code(400), INVALID_INPUT, "{path}");
            assert_eq!(pointer(&refused), "/location_hint");
        }
    }
    assert_eq!(rest.repository_names("places-hints", ""), ["source"]);
    // workerd itself takes the places that are known.
    let body = json!({ "name": "made", "location_hint": "me" });
    rest.create_repository_with("places-hints", &body);
}
