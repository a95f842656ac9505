//! Files found by parts of their names.

use serde_json::Value;

use super::support::scratch::Scratch;
use super::support::server::server;
use super::{get, hosted, pages, refused};

fn names(page: &Value) -> Vec<String> {
    let files = page.as_array().unwrap().iter();
    files
        .map(|file| file["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_file_is_found_by_parts_of_its_path() {
    let scratch = Scratch::new();
    let (hosted, work) = hosted(&scratch, "names", 14);
    for path in [
        "net/tcp/stream.rs",
        "net/tcp/mod.rs",
        "net/udp.rs",
        "src/TcpSomething.txt",
    ] {
        work.write(path, path);
    }
    work.commit("names");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let found = get(&hosted, "/search?query=tcpstr").json();
    assert_eq!(names(&found["result"]), ["net/tcp/stream.rs"]);
    let file = &found["result"][0];
    let id = work.run(&["rev-parse", "main:net/tcp/stream.rs"]);
    assert_eq!(
        (file["hash"].as_str(), file["type"].as_str()),
        (Some(id.as_str()), Some("blob"))
    );
    let found = get(&hosted, "/search?ref=main&query=tcp&prefix=net/").json();
    assert_eq!(
        names(&found["result"]),
        ["net/tcp/mod.rs", "net/tcp/stream.rs"]
    );
    let one = get(&hosted, "/search?ref=main&query=rs&prefix=net/&limit=1").json();
    // Both answer alike, and this one stands first.
    assert_eq!(names(&one["result"]), ["net/tcp/mod.rs"]);
    assert_eq!(
        get(&hosted, "/search?query=nowhere-at-all").json()["result_info"]["count"],
        0
    );
}

#[test]
fn without_a_query_the_files_come_in_order_page_by_page() {
    let scratch = Scratch::new();
    let (hosted, work) = hosted(&scratch, "all-names", 15);
    let listed = work.run(&["ls-tree", "-r", "--name-only", "main"]);
    let expected: Vec<&str> = listed.lines().collect();
    let pages = pages(&hosted, "/search?ref=main&limit=3");
    let found: Vec<String> = pages.iter().flat_map(names).collect();
    assert_eq!(found, expected);
    for (path, status, pointer) in [
        ("/search?ref=nowhere", 404, "/ref"),
        ("/search?limit=201", 400, "/limit"),
        ("/search?cursor=AAAA", 400, "/cursor"),
        ("/search?colour=red", 400, "/colour"),
    ] {
        refused(&hosted, path, status, pointer);
    }
    let path = hosted.path("/search?query=a");
    assert_eq!(server().rest().anonymous().get(&path).status, 401);
}
