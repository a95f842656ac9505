//! Lines that match, in the files of a ref.

use serde_json::Value;

use super::support::scratch::Scratch;
use super::support::server::server;
use super::{get, hosted, pages, refused};

/// As `git grep -n` prints it.
pub(super) fn printed(pages: &[Value]) -> Vec<String> {
    let files = pages
        .iter()
        .flat_map(|page| page["files"].as_array().unwrap());
    let lines = files.flat_map(|file| {
        let path = file["path"].as_str().unwrap();
        if file["binary"] == true {
            return vec![format!("Binary file main:{path} matches")];
        }
        let line = |line: &Value| {
            let sign = if line["match"] == true { ':' } else { '-' };
            let (number, text) = (&line["line"], line["text"].as_str().unwrap());
            format!("main:{path}{sign}{number}{sign}{text}")
        };
        file["lines"].as_array().unwrap().iter().map(line).collect()
    });
    lines.collect()
}

#[test]
fn lines_are_found_as_git_grep_finds_them() {
    let scratch = Scratch::new();
    let (hosted, work) = hosted(&scratch, "greps", 12);
    work.write("d9/odd", "First\r\nsecond (2)\n\nlast");
    work.write("d9/binary", b"line\0");
    work.commit("odd files");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    for (arguments, query) in [
        (
            &["-E", "-e", "line [0-9]+ version [1-9]"][..],
            "pattern=line+%5B0-9%5D%2B+version+%5B1-9%5D",
        ),
        (
            &["-E", "-i", "-e", "^first|LAST$"],
            "pattern=%5Efirst%7CLAST%24&ignore_case",
        ),
        (&["-F", "-e", "(2)"], "pattern=(2)&fixed=true"),
        (
            &["-E", "-e", "line 1 ", "--", "d1"],
            "pattern=line+1+&path=d1",
        ),
        (&["-E", "-e", "^$"], "pattern=%5E%24"),
        (
            &["-E", "-e", "nowhere to be found"],
            "pattern=nowhere+to+be+found",
        ),
    ] {
        let mut all = vec!["grep", "--no-color", "-n"];
        let at = arguments
            .iter()
            .position(|word| *word == "--")
            .unwrap_or(arguments.len());
        all.extend(&arguments[..at]);
        all.push("main");
        all.extend(&arguments[at..]);
        let said = work.try_run(&all, b"").stdout;
        let said = String::from_utf8_lossy(&said).into_owned();
        let expected: Vec<&str> = said.split_terminator('\n').collect();
        for limit in [1_000, 7] {
            let found = pages(&hosted, &format!("/grep?ref=main&{query}&limit={limit}"));
            assert_eq!(printed(&found), expected, "{query} {limit}");
        }
    }
    let around = get(
        &hosted,
        "/grep?ref=main&pattern=second&context=1&path=d9/odd",
    )
    .json();
    let expected = [
        "main:d9/odd-1-First\r",
        "main:d9/odd:2:second (2)",
        "main:d9/odd-3-",
    ];
    assert_eq!(printed(&[around["result"].clone()]), expected);
    assert_eq!(around["result_info"]["count"], 1);
}

#[test]
fn a_search_names_the_files_it_does_not_search() {
    let scratch = Scratch::new();
    let (hosted, work) = hosted(&scratch, "unsearched", 13);
    work.write("huge", "needle\n".repeat(1_300_000));
    work.write("wide", format!("needle{}\n", "x".repeat(5_000)));
    work.commit("large files");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let found = get(&hosted, "/grep?pattern=needle").json();
    assert_eq!(found["result"]["tooLarge"][0]["path"], "huge");
    assert_eq!(found["result"]["tooLarge"][0]["size"], 9_100_000);
    let line = &found["result"]["files"][0]["lines"][0];
    assert_eq!(
        (
            line["truncated"].as_bool(),
            line["text"].as_str().map(str::len)
        ),
        (Some(true), Some(2_000))
    );
    for (path, status, pointer) in [
        ("/grep", 400, "/pattern"),
        ("/grep?pattern=(", 400, "/pattern"),
        ("/grep?pattern=(a)%5C1", 400, "/pattern"),
        ("/grep?pattern=a&ref=nowhere", 404, "/ref"),
        ("/grep?pattern=a&context=21", 400, "/context"),
        ("/grep?pattern=a&cursor=AAAA", 400, "/cursor"),
        ("/grep?pattern=a&colour=red", 400, "/colour"),
    ] {
        refused(&hosted, path, status, pointer);
    }
    let path = hosted.path("/grep?pattern=a");
    assert_eq!(server().rest().anonymous().get(&path).status, 401);
}
