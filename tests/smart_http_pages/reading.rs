//! Every view, on a made history.

use serde_json::json;

use super::seen::{public, told};
use super::support::git::Git;
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, Server};

const README: &str = "# Stones\n\nSee [the code](src/main.rs) and ![a stone](docs/stone.png).\n\n\
                      ![a drawing](docs/drawing.svg)\n\n\
                      ![of elsewhere](https://example.com/x.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";

/// The smallest picture that a browser shows.
pub const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 13, b'I', b'D', b'A', b'T', 0x78, 0xda,
    0x63, 0x64, 0xf8, 0xcf, 0x50, 0x0f, 0, 3, 0x86, 1, 0x80, 0x5a, 0x34, 0x7d, 0x6b, 0, 0, 0, 0,
    b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

fn history(source: &Git) -> (String, String) {
    source.write("README.md", README);
    source.write(
        "src/main.rs",
        "fn main() {\n    // one stone\n    println!(\"stone\");\n}\n",
    );
    source.write("docs/stone.png", PNG);
    let drawing = "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='20'><script>window.harmed = 1</script>\
                   <circle r='9' cx='20' cy='10' fill='#8a5a2b'/></svg>";
    source.write("docs/drawing.svg", drawing);
    source.write("with space/ä #1?.txt", "found here\n");
    let first = source.commit("Begin\n\nWith a body.");
    let lines: Vec<_> = (0..3_000)
        .map(|number| {
            format!(
                "let line_{number} = {number};
"
            )
        })
        .collect();
    let lines = lines.concat();
    source.write("src/long.rs", lines);
    source.write(
        "src/main.rs",
        "fn main() {\n    // two stones\n    println!(\"stone\");\n}\n",
    );
    let second = source.commit("Another stone");
    source.run(&["tag", "v1", &first]);
    source.run(&["branch", "feature/arch"]);
    (first, second)
}

#[test]
fn a_repository_is_read_by_mouse_and_by_keyboard() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let hosted = public(&server, "stones");
    let source = scratch.repository("source");
    let (first, second) = history(&source);
    source.run(&["push", "-q", "--mirror", &hosted.url()]);
    let remote = &hosted.remote;
    told(
        "reading",
        &server,
        &hosted,
        &json!({ "first": first, "second": second, "remote": remote }),
    );
}

#[test]
fn every_view_is_used_by_the_keyboard_and_asks_the_object_for_three_things() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let hosted = public(&server, "keyboard");
    let source = scratch.repository("source");
    let (_, second) = history(&source);
    source.run(&["push", "-q", "--mirror", &hosted.url()]);
    let facts = json!({ "second": second, "operator": ADMIN_KEY });
    told("keyboard", &server, &hosted, &facts);
}

#[test]
fn large_things_are_shown_piece_by_piece() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let hosted = public(&server, "large");
    let source = scratch.repository("source");
    source.write("README.md", "# Large\n");
    source.commit("small");
    for number in 0..2_500 {
        source.write(&format!("many/file-{number:05}.txt"), format!("{number}\n"));
    }
    let lines: Vec<_> = (0..100_000)
        .map(|number| {
            format!(
                "{number:>6} and some words behind the number
"
            )
        })
        .collect();
    let lines = lines.concat();
    source.write("five-megabytes.txt", lines);
    let tip = source.commit("large");
    source.run(&["push", "-q", &hosted.url(), "HEAD"]);
    told(
        "large",
        &server,
        &hosted,
        &json!({ "tip": tip, "files": 2_500, "lines": 100_000 }),
    );
}

#[test]
#[ignore = "a measurement, on a quiet machine: run by name"]
fn how_a_page_of_very_many_entries_feels() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let hosted = public(&server, "wide");
    let source = scratch.repository("source");
    source.write("README.md", "# Wide\n");
    for number in 0..10_000 {
        source.write(&format!("many/file-{number:05}.txt"), format!("{number}\n"));
    }
    let lines: Vec<_> = (0..100_000)
        .map(|number| format!("{number:>6} and some words behind the number, to be 50\n"))
        .collect();
    source.write("five-megabytes.txt", lines.concat());
    source.commit("wide");
    for number in 0..2_000 {
        source.write(&format!("many/file-{number:05}.txt"), "changed\n");
    }
    let changed = source.commit("of 2,000 files");
    source.run(&["push", "-q", &hosted.url(), "HEAD"]);
    let facts =
        json!({ "key": ADMIN_KEY, "files": 10_000, "changed": changed, "of_commit": 2_000 });
    println!("{}", told("wide", &server, &hosted, &facts));
}
