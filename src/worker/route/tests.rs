use proptest::prelude::*;

use super::face::{Face, face};
use super::*;

fn repository(namespace: &str, name: &str) -> RepositoryPath {
    repository_path(namespace, name).unwrap()
}

#[test]
fn git_paths() {
    let path = || repository("Acme", "Widget");
    let cases = [
        ("/git/Acme/Widget.git/info/refs", GitRoute::InfoRefs),
        ("/git/Acme/Widget/info/refs", GitRoute::InfoRefs),
        ("/git/Acme/Widget.GIT/git-upload-pack", GitRoute::UploadPack),
        (
            "/git/Acme/Widget.git/git-receive-pack",
            GitRoute::ReceivePack,
        ),
        (
            "/git/%41cme/Widget%2egit/git-receive-pack",
            GitRoute::ReceivePack,
        ),
        ("/git/Acme/Widget.git/HEAD", GitRoute::Dumb),
        ("/git/Acme/Widget.git/objects/info/packs", GitRoute::Dumb),
    ];
    for (text, route) in cases {
        assert_eq!(parse(text), Ok(Route::Git(path(), route)), "{text}");
        assert_eq!(face(text), Face::Git);
    }
}

#[test]
fn paths_that_other_hosts_have_beside_git() {
    for (text, neighbour) in [
        (
            "/git/acme/w.git/git-upload-archive",
            Neighbour::UploadArchive,
        ),
        ("/git/acme/w/archive/main.zip", Neighbour::Archive),
        ("/git/acme/w.git", Neighbour::Page),
        ("/git/acme/w.git/", Neighbour::Page),
    ] {
        let route = Route::Neighbour(repository("acme", "w"), neighbour);
        assert_eq!(parse(text), Ok(route), "{text}");
        assert_eq!(face(text), Face::Git);
    }
    assert!(parse("/git/acme/.../archive/main.zip").is_err());
    assert_eq!(parse("/git/acme/w.git/other"), Err(RouteError::Unknown));
}

#[test]
fn lfs_paths() {
    let path = repository("acme", "w");
    for text in [
        "/git/acme/w.git/info/lfs/objects/batch",
        "/git/acme/w/info/lfs/objects/batch",
    ] {
        let route = Route::Lfs(path.clone(), LfsRoute::Batch);
        assert_eq!(parse(text), Ok(route), "{text}");
        assert_eq!(face(text), Face::Lfs);
    }
    for text in [
        "/git/acme/w.git/info/lfs",
        "/git/acme/w.git/info/lfs/objects/x",
    ] {
        assert_eq!(parse(text), Err(RouteError::Unknown), "{text}");
        assert_eq!(face(text), Face::Lfs);
    }
    for text in [
        "/git/info/lfs",
        "/git/acme/info/lfs/x",
        "/git/acme/w/info/lfsx",
    ] {
        assert_eq!(face(text), Face::Git, "{text}");
    }
}

#[test]
fn rest_paths() {
    let namespace = || NamespaceName::parse("acme").unwrap();
    let path = || repository("acme", "w.x");
    let cases = [
        ("/api/v1/namespaces", RestRoute::Namespaces),
        ("/api/v1/audit", RestRoute::DeploymentAudit),
        ("/api/v1/namespaces/acme", RestRoute::Namespace(namespace())),
        (
            "/api/v1/namespaces/acme/repos",
            RestRoute::Repositories(namespace()),
        ),
        (
            "/api/v1/namespaces/acme/repos/w.x",
            RestRoute::Repository(path()),
        ),
        (
            "/api/v1/namespaces/acme/repos/w%2Ex",
            RestRoute::Repository(path()),
        ),
        (
            "/api/v1/namespaces/acme/repos/w.x/tokens",
            RestRoute::RepositoryTokens(path()),
        ),
        (
            "/api/v1/namespaces/acme/repos/w.x/import",
            RestRoute::Import(path()),
        ),
        (
            "/api/v1/namespaces/acme/repos/w.x/stats",
            RestRoute::Stats(path()),
        ),
        (
            "/api/v1/namespaces/acme/repos/w.x/bundle",
            RestRoute::Bundle(path()),
        ),
        (
            "/api/v1/namespaces/acme/repos/w.x/recover",
            RestRoute::Recover(path()),
        ),
        (
            "/api/v1/namespaces/acme/repos/w.x/fork",
            RestRoute::Fork(path()),
        ),
        (
            "/api/v1/namespaces/acme/tokens",
            RestRoute::Tokens(namespace()),
        ),
        (
            "/api/v1/namespaces/acme/tokens/0123456789abcdef",
            RestRoute::Token(namespace(), "0123456789abcdef".into()),
        ),
    ];
    for (text, route) in cases {
        assert_eq!(parse(text), Ok(Route::Rest(route)), "{text}");
        assert_eq!(face(text), Face::Rest);
    }
    assert_eq!(parse("/healthz"), Ok(Route::Health));
    assert_eq!(parse("/metrics"), Ok(Route::Metrics));
    assert_eq!(parse("/"), Ok(Route::FrontPage));
}

#[test]
fn paths_that_name_nothing() {
    let unknown = [
        "",
        "git/acme/w/info/refs",
        "/git",
        "/git/",
        "/git/acme/w/info/refs/",
        "/git/acme/w//info/refs",
        "/git/acme/w/info/Refs",
        "/GIT/acme/w/info/refs",
        "/git/acme/w/info%2Frefs",
        "/healthz/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/namespaces/",
        "/api/v2/namespaces",
        "/api/v1/namespaces/acme/repos/",
        "/api/v1/namespaces/acme/tokens/SHORT",
        "/api/v1/namespaces/acme/repos/w/unknown",
        "//git/acme/w/info/refs",
    ];
    for text in unknown {
        let answer = parse(text);
        assert!(
            matches!(answer, Err(RouteError::Unknown | RouteError::Name(_))),
            "{text}"
        );
    }
}

#[test]
fn names_that_break_the_rules() {
    let names = [
        "..",
        ".",
        "%2e%2e",
        "a%2Fb",
        "a%00",
        "%00",
        "a%5Cb",
        "a%20",
        ".git",
        "a.git.git",
        "a.lock",
        "a%",
        "a%zz",
        "a%252Fb",
        "%E2%80%AE",
    ];
    for name in names {
        for text in [
            format!("/git/acme/{name}/info/refs"),
            format!("/git/{name}/{name}/git-receive-pack"),
            format!("/api/v1/namespaces/acme/repos/{name}/stats"),
            format!("/api/v1/namespaces/{name}/repos"),
        ] {
            assert!(
                matches!(parse(&text), Err(RouteError::Name(_))),
                "{text}: {:?}",
                parse(&text)
            );
        }
    }
    assert_eq!(parse("/git/acme/%ff/info/refs"), Err(RouteError::Encoding));
}

#[test]
fn one_path_is_read_and_written() {
    let route = |text: &str| match parse(&format!("/api/v1/namespaces/acme/repos/w/{text}")) {
        Ok(Route::Rest(route)) => route,
        other => panic!("{text}: {other:?}"),
    };
    let written = |text: &str, method: &str| {
        let route = route(text);
        assert!(route.methods().contains(&method), "{method} {text}");
        route.write(method).map(|(_, write)| write)
    };
    for (text, method, write) in [
        ("commits", "POST", Write::Commits),
        ("blobs", "PUT", Write::Blobs),
        ("refs", "POST", Write::Refs),
        ("merge", "POST", Write::Merge),
        ("sync-fork", "POST", Write::SyncFork),
        ("cherry-pick", "POST", Write::CherryPick),
        ("revert", "POST", Write::Revert),
        ("restore", "POST", Write::Restore),
        ("notes", "POST", Write::Notes),
        ("notes", "DELETE", Write::Notes),
        ("rules/test", "POST", Write::RulesTest),
    ] {
        assert_eq!(written(text, method), Some(write), "{method} {text}");
    }
    for text in [
        "refs",
        "notes",
        "diff",
        "compare/a...b",
        "merge-base",
        "reflog",
    ] {
        assert_eq!(written(text, "GET"), None, "{text}");
    }
    for (text, content) in [
        ("commit/ab", Content::Commit("ab".into())),
        ("commit/ab.patch", Content::CommitPatch("ab".into())),
        ("commit/ab.diff", Content::CommitDiff("ab".into())),
        ("blame/a/b/c%20d", Content::Blame("a/b/c d".into())),
        ("compare/a/b...c%2Fd", Content::Compare("a/b...c/d".into())),
    ] {
        assert!(
            matches!(route(text), RestRoute::Content(_, found) if found == content),
            "{text}"
        );
    }
}

fn object_name(route: &Route) -> Option<String> {
    match route {
        Route::Git(path, _)
        | Route::Rest(
            RestRoute::Repository(path)
            | RestRoute::RepositoryTokens(path)
            | RestRoute::Fork(path)
            | RestRoute::RepositoryEvents(path)
            | RestRoute::Stats(path),
        ) => Some(path.object_name()),
        _ => None,
    }
}

proptest! {
    #[test]
    fn no_path_panics(text in any::<String>(), bytes in any::<Vec<u8>>()) {
        let _ = parse(&text);
        let _ = parse(&format!("/git/{text}"));
        let _ = parse(&format!("/api/v1/namespaces/{}", String::from_utf8_lossy(&bytes)));
    }

    // Any spelling of the segments reaches the object of the two literal segments.
    #[test]
    fn a_path_reaches_only_the_repository_that_it_spells(
        namespace in "[a-zA-Z0-9./%_~-]{1,8}", name in "([a-zA-Z0-9./_-]|%2[eEfF]|%00|%5c){1,8}",
        tail in "(/info/refs|/git-upload-pack|/tokens|/stats|/fork)", git in any::<bool>(),
    ) {
        let text = if git {
            format!("/git/{namespace}/{name}{tail}")
        } else {
            format!("/api/v1/namespaces/{namespace}/repos/{name}{tail}")
        };
        if let Some(reached) = parse(&text).ok().as_ref().and_then(object_name) {
            let decode = |text: &str| {
                percent_decode_str(text).decode_utf8().unwrap().to_ascii_lowercase()
            };
            let name = decode(&name);
            let name = if git { without_git_suffix(&name).to_owned() } else { name };
            prop_assert_eq!(reached, format!("{}/{}", decode(&namespace), name));
        }
    }

    // The same as the platform gives it: the URL parser resolves dots and backslashes first.
    #[test]
    fn what_the_url_parser_leaves_reaches_only_what_it_spells(
        pieces in proptest::collection::vec(
            "(/|\\\\|%2[fF]|%5[cC]|\\.|%2[eE]|\\.\\.|%00|%25|;|:|@|own|other|OTHER|\\.git|%[cC]0%[aA][eE])",
            1..12,
        ),
        git in any::<bool>(),
    ) {
        let spelled = pieces.concat();
        let text = if git {
            format!("https://host/git/acme/{spelled}/info/refs")
        } else {
            format!("https://host/api/v1/namespaces/acme/repos/{spelled}/stats")
        };
        let Ok(url) = url::Url::parse(&text) else { return Ok(()) };
        if let Some(reached) = parse(url.path()).ok().as_ref().and_then(object_name) {
            // Every such route has one namespace and one name, each in a segment of its own.
            let parts: Vec<&str> = reached.split('/').collect();
            prop_assert_eq!(parts.len(), 2);
            let [namespace, name] = [parts[0], parts[1]];
            prop_assert!(NamespaceName::parse(namespace).is_ok() && RepositoryName::parse(name).is_ok());
            let segments: Vec<String> = url
                .path()
                .split('/')
                .map(|segment| percent_decode_str(segment).decode_utf8_lossy().to_ascii_lowercase())
                .collect();
            let at = segments.iter().position(|segment| segment == namespace).unwrap();
            let name_at = if git { at + 1 } else { at + 2 };
            prop_assert_eq!(without_git_suffix(&segments[name_at]), name);
        }
    }
}
