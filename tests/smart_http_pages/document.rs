//! The document itself: its content, and the readers that get it.

use serde_json::json;

use super::seen::public;
use super::support::scratch::Scratch;
use super::support::server::Server;

#[test]
fn a_browser_that_opens_a_remote_is_led_to_the_page() {
    let server = Server::start();
    let hosted = public(&server, "led");
    let rest = server.rest().anonymous();
    let browser = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    for path in ["/git/pages/led.git", "/git/pages/led", "/git/pages/led/"] {
        let answer = rest.send(ureq::http::Method::GET, path, &browser, b"");
        assert_eq!(answer.status, 302, "{path}");
        let page = format!("{}/r/pages/led", server.url());
        assert_eq!(answer.headers["location"], page.as_str());
        // A program is told as before.
        assert_eq!(rest.get(path).status, 404);
    }
    let renamed = hosted.path("/rename");
    server
        .rest()
        .post(&renamed, &json!({ "name": "after" }))
        .result(200);
    let page = rest.get("/r/pages/led");
    assert_eq!(
        page.status, 200,
        "a page whose script is told where it went"
    );
}

#[test]
fn a_public_repository_tells_its_description_and_a_private_one_nothing() {
    let (server, scratch) = (Server::start(), Scratch::new());
    public(&server, "open");
    scratch.pushed(&server.rest(), "pages", "closed");
    let rest = server.rest().anonymous();
    let open = rest.get("/r/pages/open").text();
    assert!(
        open.contains("content=\"A &lt;small&gt; library\""),
        "{open}"
    );
    let shown = |name: &str| {
        let page = rest.get(&format!("/r/pages/{name}"));
        (page.status, page.text().replace(name, "NAME"))
    };
    assert_eq!(
        shown("closed"),
        shown("absent"),
        "whether it exists is not told"
    );
}

#[test]
fn the_files_of_pages_hide_no_path_of_git_or_the_api() {
    let server = Server::start();
    public(&server, "r");
    let rest = server.rest().anonymous();
    let page = rest.get("/r/pages/r");
    let policy = page.headers["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let text = page.text();
    let (_, script) = text.split_once("src=\"").unwrap();
    let (script, _) = script.split_once('"').unwrap();
    let script = rest.get(script);
    assert_eq!(script.status, 200);
    assert_eq!(
        script.headers["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(rest.get("/assets/nothing.js").status, 404);
    assert_eq!(
        rest.get("/page.html").status,
        404,
        "the document has paths of its own"
    );
}
