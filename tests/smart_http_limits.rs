//! Limits on requests to a repository and to a namespace, and on an isolate's memory. A refusal
//! says after which time to come back.

// The lints of wire data: here every surprise is a failed test. A clock, in a test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use cairn_test_support as support;

use serde_json::json;
use support::history::noise;
use support::proxy::Proxy;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::Server;
use support::stalled::Stalled;

const RATE_LIMITED: u64 = 10_403;

/// A limit so low that a test reaches it, and that grows too slowly to matter meanwhile.
const FEW: [(&str, &str); 2] = [
    ("CAIRN_RATE_REQUESTS", "12"),
    ("CAIRN_RATE_SECONDS", "3600"),
];

/// Asks until a request is refused; how many were answered, and the refusal.
fn until_refused(ask: impl Fn() -> Answer) -> (usize, Answer) {
    for answered in 0..1000 {
        let answer = ask();
        if answer.status == 429 {
            return (answered, answer);
        }
        assert!([200, 401].contains(&answer.status), "{}", answer.text());
    }
    panic!("there is no bound");
}

fn advertisement(client: &Rest, hosted: &Hosted) -> Answer {
    client.get(&hosted.git_path("info/refs?service=git-upload-pack"))
}

/// The seconds after which to try again.
fn retry_after(answer: &Answer) -> u32 {
    answer.header("retry-after").parse().expect("seconds")
}

#[test]
fn a_repository_takes_so_many_requests() {
    let server = Server::start_with(&FEW);
    let operator = server.rest();
    let hosted = operator.create_repository("limits", "busy");
    let other = operator.create_repository("limits", "quiet");
    let holder = operator.with_bearer(&hosted.token);
    let (answered, refused) = until_refused(|| advertisement(&holder, &hosted));
    // Its making took one or two of them.
    assert!((8..=11).contains(&answered), "{answered} answers");
    assert!(
        (1..=300).contains(&retry_after(&refused)),
        "{}",
        retry_after(&refused)
    );
    assert!(refused.header("content-type").starts_with("text/plain"));
    assert!(
        refused
            .text()
            .contains("too many requests to the repository: at most 12 in 3600")
    );
    // REST hears the same in its own words.
    let refused = operator.get(&hosted.path(""));
    assert_eq!(refused.error_code(429), RATE_LIMITED);
    assert!((1..=300).contains(&retry_after(&refused)));
    // So does git; its neighbour is not touched.
    let scratch = Scratch::new();
    let said = scratch.git().fails(&["ls-remote", &hosted.url()]);
    assert!(said.contains("429"), "{said}");
    assert!(
        said.contains("remote: too many requests to the repository"),
        "{said}"
    );
    assert_eq!(scratch.git().run(&["ls-remote", &other.url()]), "");
}

/// The headers' figures about a limit: the requests and seconds of the policy, and the requests left.
fn left(answer: &Answer) -> (u32, u32, u32) {
    let number = |header: &str, name: &str| -> u32 {
        let text = answer.header(header);
        let mut parameters = text.split(';');
        assert_eq!(parameters.next(), Some("\"requests\""), "{text}");
        let found = parameters.find_map(|it| it.strip_prefix(&format!("{name}=")));
        found
            .expect("the parameter is there")
            .parse()
            .expect("a number")
    };
    let policy = "ratelimit-policy";
    (
        number(policy, "q"),
        number(policy, "w"),
        number("ratelimit", "r"),
    )
}

#[test]
fn answers_of_rest_say_how_much_of_the_limit_is_left_before_it_is_reached() {
    let server = Server::start_with(&FEW);
    let operator = server.rest();
    let hosted = operator.create_repository("limits", "counted");
    let (requests, seconds, mut before) = left(&operator.get(&hosted.path("")));
    assert_eq!((requests, seconds), (12, 3600));
    assert!((5..12).contains(&before), "{before}");
    while before > 0 {
        let answer = operator.get(&hosted.path("/refs"));
        assert_eq!(answer.status, 200);
        let (_, _, now) = left(&answer);
        assert_eq!(now, before - 1);
        before = now;
    }
    let refused = operator.get(&hosted.path(""));
    assert_eq!((refused.status, left(&refused)), (429, (12, 3600, 0)));
    // The namespace counts for itself.
    let list = operator.get("/api/v1/namespaces/limits/repos");
    assert_eq!(list.status, 200);
    assert!(left(&list).2 > 0);

    let unlimited = Server::start_with(&[("CAIRN_RATE_REQUESTS", "0")]);
    let operator = unlimited.rest();
    let hosted = operator.create_repository("limits", "counted");
    let shown = operator.get(&hosted.path(""));
    assert_eq!(shown.headers.get("ratelimit"), None);
    assert_eq!(shown.headers.get("ratelimit-policy"), None);
}

#[test]
fn strangers_do_not_use_up_the_owners_requests() {
    let server = Server::start_with(&FEW);
    let operator = server.rest();
    let hosted = operator.create_repository("limits", "besieged");
    let unknown = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    let stranger = operator.with_bearer(unknown);
    let (answered, _) = until_refused(|| advertisement(&stranger, &hosted));
    assert_eq!(answered, 12);
    let holder = operator.with_bearer(&hosted.token);
    assert_eq!(advertisement(&holder, &hosted).status, 200);
    // A revoked token is a stranger's as well.
    let path = "/api/v1/namespaces/limits/tokens";
    let made = operator
        .post(path, &json!({ "repo": "besieged" }))
        .result(201);
    let id = made["id"].as_str().unwrap();
    operator.delete(&format!("{path}/{id}")).result(200);
    let revoked = operator.with_bearer(made["plaintext"].as_str().unwrap());
    assert_eq!(advertisement(&revoked, &hosted).status, 429);
    assert_eq!(advertisement(&holder, &hosted).status, 200);
}

#[test]
fn strangers_of_many_repositories_do_not_use_up_the_namespaces_requests() {
    let server = Server::start_with(&FEW);
    let operator = server.rest();
    let first = operator.create_repository("limits", "first");
    let second = operator.create_repository("limits", "second");
    let path = "/api/v1/namespaces/limits/tokens";
    let body = json!({ "scope": "read" });
    let made = operator.post(path, &body).result(201);
    let holder = operator.with_bearer(made["plaintext"].as_str().unwrap());
    assert_eq!(advertisement(&holder, &first).status, 200);
    // Each guess is another token: the first repository asks its namespace about twelve.
    let guesses = std::cell::Cell::new(0);
    let guess = |hosted: &Hosted| {
        guesses.set(guesses.get() + 1);
        let token = format!("cairn_v1_{:040x}", guesses.get());
        advertisement(&operator.with_bearer(&token), hosted)
    };
    let (answered, _) = until_refused(|| guess(&first));
    assert!((10..=12).contains(&answered), "{answered}");
    // A second repository has its own share, the namespace has none left for strangers.
    let refused = guess(&second);
    let refused = if refused.status == 429 {
        refused
    } else {
        until_refused(|| guess(&second)).1
    };
    assert!((1..=3600).contains(&retry_after(&refused)));
    // The holder of a token is not a stranger, whether its token is known or new.
    assert_eq!(advertisement(&holder, &first).status, 200);
    assert_eq!(advertisement(&holder, &second).status, 200);
    let own = operator.with_bearer(&second.token);
    assert_eq!(advertisement(&own, &second).status, 200);
    // A token that was never seen where strangers have used up theirs.
    let made = operator.post(path, &body).result(201);
    let late = made["plaintext"].as_str().unwrap();
    assert_eq!(guess(&first).status, 429);
    let scratch = Scratch::new();
    // Git first asks without any token, and is asked for one.
    assert_eq!(advertisement(&operator.anonymous(), &first).status, 401);
    for token in [late, &first.token] {
        assert_eq!(
            scratch.git().run(&["ls-remote", &first.url_with(token)]),
            ""
        );
    }
    assert_eq!(guess(&first).status, 429);
}

#[test]
fn a_token_that_was_refused_is_not_asked_about_again() {
    let server = Server::start_with(&FEW);
    let operator = server.rest();
    let dead = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    let stranger = operator.with_bearer(dead);
    // More repositories than the namespace takes questions of strangers, each asked twice.
    for number in 0..5 {
        let hosted = operator.create_repository("limits", &format!("asked-{number}"));
        for _ in 0..4 {
            assert_eq!(advertisement(&stranger, &hosted).status, 401);
        }
    }
}

#[test]
fn names_that_were_never_created_leave_no_file() {
    let server = Server::start();
    let operator = server.rest();
    let hosted = operator.create_repository("limits", "known");
    let public =
        operator.create_repository_with("limits", &json!({ "name": "open", "public": true }));
    let (anonymous, holder) = (operator.anonymous(), operator.with_bearer(&hosted.token));
    let body = json!({ "scope": "read", "repos": ["known"] });
    let shared = operator.make_token("limits", &body);
    let shared = operator.with_bearer(&shared.plaintext);
    let unknown = operator.with_bearer("cairn_v1_0123456789abcdef0123456789abcdef01234567");
    advertisement(&holder, &hosted);
    let before = files(server.state());
    for number in 0..125 {
        for (namespace, is_there) in [
            ("limits", true),
            (format!("limits-{number}").as_str(), false),
        ] {
            let guess = Hosted {
                namespace: namespace.to_owned(),
                name: format!("guess-{number}"),
                ..hosted.clone()
            };
            let statuses = [&anonymous, &unknown, &holder, &shared]
                .map(|client| advertisement(client, &guess).status);
            assert_eq!(statuses, [401, 401, 403, 403], "{namespace} {is_there}");
            if number % 25 == 0 {
                assert_eq!(anonymous.get(&guess.path("/refs")).status, 401);
                assert_eq!(unknown.get(&guess.path("")).status, 401);
                assert_eq!(
                    unknown
                        .get(&format!("/api/v1/namespaces/{namespace}"))
                        .status,
                    401
                );
            }
        }
    }
    assert_eq!(files(server.state()), before, "1,000 guesses");
    // Existing repositories answer as before, after a restart too.
    assert_eq!(advertisement(&anonymous, &public).status, 200);
    assert_eq!(advertisement(&holder, &hosted).status, 200);
    assert_eq!(advertisement(&shared, &hosted).status, 200);
}

#[test]
fn names_are_found_again_after_a_start() {
    let mut server = Server::start();
    let hosted = server.rest().create_repository("Limits-Again", "Known");
    server.restart();
    let holder = server.rest().with_bearer(&hosted.token);
    assert_eq!(advertisement(&holder, &hosted).status, 200);
    let lower = Hosted {
        namespace: "limits-again".to_owned(),
        name: "known".to_owned(),
        ..hosted.clone()
    };
    assert_eq!(advertisement(&holder, &lower).status, 200);
}

/// The databases of objects in a server's state.
fn files(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let number = |path: std::path::PathBuf| {
        let is_database = path
            .extension()
            .is_some_and(|extension| extension == "sqlite");
        usize::from(is_database) + files(&path)
    };
    entries.map(|entry| number(entry.path())).sum()
}

#[test]
fn a_namespace_takes_so_many_requests() {
    let server = Server::start_with(&FEW);
    let operator = server.rest();
    let hosted = operator.create_repository("limits", "listed");
    let (answered, refused) =
        until_refused(|| operator.get("/api/v1/namespaces/limits/repos?limit=1"));
    assert!((9..=11).contains(&answered), "{answered} answers");
    assert_eq!(refused.error_code(429), RATE_LIMITED);
    assert!((1..=300).contains(&retry_after(&refused)));
    assert!(
        refused
            .text()
            .contains("too many requests to the namespace"),
        "{}",
        refused.text()
    );
    // Its repositories are counted for themselves, and so are other namespaces.
    let holder = operator.with_bearer(&hosted.token);
    assert_eq!(advertisement(&holder, &hosted).status, 200);
    operator.create_repository("limits-2", "listed");
}

#[test]
fn a_limit_of_0_requests_means_no_limit() {
    let server = Server::start_with(&[("CAIRN_RATE_REQUESTS", "0")]);
    let operator = server.rest();
    let hosted = operator.create_repository("limits", "free");
    let holder = operator.with_bearer(&hosted.token);
    for _ in 0..50 {
        assert_eq!(advertisement(&holder, &hosted).status, 200);
    }
}

#[test]
fn the_platform_counts_where_it_is_asked_to() {
    // 400 a minute for a namespace; the objects count none of them.
    let server = Server::start_with(&[
        ("CONFIG", "tests/support/bindings.toml"),
        ("CAIRN_RATE_REQUESTS", "0"),
    ]);
    let operator = server.rest();
    let hosted = operator.create_repository("limits", "edge");
    let holder = operator.with_bearer(&hosted.token);
    let (answered, refused) = until_refused(|| advertisement(&holder, &hosted));
    assert!(answered < 400, "{answered} answers");
    assert!(retry_after(&refused) >= 10);
    assert!(
        refused
            .text()
            .contains("too many requests to the namespace"),
        "{}",
        refused.text()
    );
    operator.create_repository("limits-2", "edge");
}

/// The platform's counter refuses before any object has the body: git must read why all the same, which
/// it does only after it has sent everything.
#[test]
fn a_large_push_that_the_platform_refuses_is_told_why() {
    let server = Server::start_with(&[
        ("CONFIG", "tests/support/bindings.toml"),
        ("CAIRN_RATE_REQUESTS", "0"),
    ]);
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.write("noise", noise(7, 24 << 20));
    source.commit("large");
    // All at once, behind one advertisement; and in pieces, behind a request that tries the way.
    for (namespace, buffer, post) in [("limits-1", "100000000", 1), ("limits-2", "65536", 2)] {
        let operator = server.rest();
        let hosted = operator.create_repository(namespace, "large");
        let holder = operator.with_bearer(&hosted.token);
        let (proxy, asked) = (Proxy::before(&server), hosted.clone());
        proxy.before_post(post, move || {
            until_refused(|| advertisement(&holder, &asked));
        });
        let pusher = source.clone().config("http.postBuffer", buffer);
        let said = pusher.fails(&["push", &proxy.url(&hosted), "main"]);
        assert!(proxy.has_acted());
        assert!(
            said.contains("too many requests to the namespace (request "),
            "{said}"
        );
        for broken in ["RPC failed", "Broken pipe"] {
            assert!(!said.contains(broken), "{said}");
        }
        let sent = proxy.posts().pop().expect("a push was sent");
        assert!(sent.len() > 24 << 20, "{} bytes", sent.len());
    }
}

#[test]
fn one_repository_does_not_starve_the_others() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let greedy = server.rest().create_repository("limits", "greedy");
    let other = server.rest().create_repository("limits", "other");
    let source = scratch.repository("source");
    for number in 0..4 {
        source.write(&format!("f{number}"), noise(7 + number, 4 << 20));
        source.commit("noise");
    }
    let tip = source.run(&["rev-parse", "HEAD"]);
    source.run(&["push", "--quiet", &greedy.url(), "main"]);

    // As many simultaneous fetches as the repository gets, and nobody reads them.
    let mut held = Vec::new();
    let refused = loop {
        let stalled = Stalled::new(&server, &greedy, &tip);
        if !stalled.is_served() {
            break stalled.begun;
        }
        held.push(stalled);
        assert!(held.len() < 100, "there is no bound");
    };
    assert!(refused.contains("ERR "), "{refused}");
    assert!(refused.contains("(request "), "{refused}");
    assert!(held.len() >= 8, "only {} fetches at once", held.len());
    println!("{} fetches of one repository at once", held.len());

    // Another repository of the same isolate takes a push and serves clones meanwhile.
    source.run(&["push", "--quiet", &other.url(), "main"]);
    scratch.clone(&other.url(), "clone", &[]).fsck_strict();
    drop(held);
}
