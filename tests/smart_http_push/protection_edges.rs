//! Push protection where bytes come in unusual ways: in large deltas, across boundaries, at the bound of
//! the size, and while the setting changes.

use serde_json::json;

use super::held::{Story, main_to};
use super::protection::{commit, github_token, protected};
use super::support::history::noise;
use super::support::scratch::Scratch;
use super::support::server::server;

const MIB: usize = 1 << 20;

/// Lines of hexadecimal digits, so many bytes: they compress to half, and look like nothing.
fn digits(seed: u64, bytes: usize) -> String {
    let noise = noise(seed, bytes / 2 + 32);
    let lines: Vec<_> = noise.chunks(32).map(faster_hex::hex_string).collect();
    let mut text = lines.join("\n");
    text.truncate(bytes);
    text
}

#[test]
fn a_secret_is_found_in_a_large_delta_on_a_stored_or_pushed_base() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = protected(&rest, &scratch, "edges-deltas");
    let large = digits(1, 2 * MIB);
    commit(&work, "large.txt", &large);
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let refused = |branch: &str, expected: &str| {
        let url = hosted.url();
        let said = work.fails(&["push", "--progress", &url, branch]);
        assert!(!said.contains("(delta 0), reused"), "{said}");
        assert!(said.contains("push protection found 1 secret:"), "{said}");
        assert!(said.contains(expected), "{said}");
    };
    let token = format!("\ntoken {}\n", github_token());

    // A thin delta against a large blob that is on the server makes a small one: it is read once more.
    work.run(&["switch", "--quiet", "-c", "thin", "main"]);
    commit(
        &work,
        "large.txt",
        &format!("{}{token}", &large[MIB..MIB + 130_000]),
    );
    refused("thin", "secret: github-token in large.txt:");

    // A thin delta with nearly half a MiB of its own, the token at its end: the blob has less than a MiB.
    work.run(&["switch", "--quiet", "-c", "inserted", "main"]);
    let base = digits(2, MIB / 4);
    commit(&work, "other.txt", &base);
    work.run(&["push", "--quiet", &hosted.url(), "inserted"]);
    let inserted = digits(3, MIB / 2 - 1024);
    commit(
        &work,
        "other.txt",
        &format!("{base}{inserted}{token}{base}"),
    );
    refused("inserted", "secret: github-token in other.txt:");

    // Both versions are new: the second is a delta against the first by its offset, or the other way
    // round; the token is in one alone.
    work.run(&["switch", "--quiet", "-c", "offset", "main"]);
    let base = digits(4, MIB / 2);
    commit(&work, "new.txt", &base);
    commit(
        &work,
        "new.txt",
        &format!("{}{token}{}", &base[..MIB / 4], &base[MIB / 4..]),
    );
    refused("offset", "secret: github-token in new.txt:");
    work.run(&["switch", "--quiet", "-c", "taken-out", "main"]);
    let base = digits(5, MIB / 2);
    commit(&work, "new.txt", &format!("{base}{token}"));
    commit(&work, "new.txt", &format!("{base}{}", digits(6, 40_000)));
    refused("taken-out", "secret: github-token in new.txt:");
}

#[test]
fn a_secret_is_found_in_a_blob_of_a_mib_and_not_beyond() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = protected(&rest, &scratch, "edges-sizes");
    let token = format!("\n{}", github_token());
    for (bytes, is_refused) in [(MIB - 1, true), (MIB, true), (MIB + 1, false)] {
        let branch = format!("of-{bytes}");
        work.run(&["switch", "--quiet", "-c", &branch, "main"]);
        let seed = u64::try_from(bytes).unwrap();
        let content = format!("{}{token}", digits(seed, bytes - token.len()));
        assert_eq!(content.len(), bytes);
        commit(&work, "large.txt", &content);
        let said = work.try_run(&["push", "--quiet", &hosted.url(), &branch], b"");
        assert_eq!(said.ok, !is_refused, "{bytes}");
    }
    // The large one is the base of one that is searched.
    work.run(&[
        "switch",
        "--quiet",
        "-c",
        "shorter",
        &format!("of-{}", MIB + 1),
    ]);
    let content = format!(
        "{}{token}",
        digits(u64::try_from(MIB + 1).unwrap(), MIB / 2)
    );
    commit(&work, "large.txt", &content);
    let said = work.fails(&["push", &hosted.url(), "shorter"]);
    assert!(
        said.contains("secret: github-token in large.txt:"),
        "{said}"
    );
}

#[test]
fn a_secret_is_found_across_every_boundary() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (hosted, work) = protected(&rest, &scratch, "edges-boundaries");
    let token = format!("\n{}\n", github_token());
    // All reads in pieces end at powers of two, or where the connection brings no more.
    let boundaries: Vec<_> = (12..20).map(|power| 1_usize << power).collect();
    let mut content = digits(7, MIB - 1).into_bytes();
    for boundary in &boundaries {
        let start = boundary - token.len() / 2;
        content[start..start + token.len()].copy_from_slice(token.as_bytes());
    }
    commit(
        &work,
        "compressed.txt",
        std::str::from_utf8(&content).unwrap(),
    );
    let said = work.fails(&["push", &hosted.url(), "main"]);
    let expected = format!("push protection found {} secrets:", boundaries.len());
    assert!(said.contains(&expected), "{said}");
    // Stored as it is, so that the stream's pieces are the blob's.
    let said = work.fails(&["-c", "core.compression=0", "push", &hosted.url(), "main"]);
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn protection_that_is_switched_on_during_a_push_holds_for_it() {
    let story = Story::begin("protection-meanwhile");
    story.work.write("config", format!("{}\n", github_token()));
    let new = story.commit("second");
    let push = main_to(&story, &new);
    let report = story.push(&story.hosted.token, &push, |rest| {
        let on = json!({ "push_protection": true });
        rest.patch(&story.hosted.path(""), &on).result(200);
    });
    assert!(report.contains("ng refs/heads/main"), "{report}");
    assert!(report.contains("push protection"), "{report}");
    story.assert_unchanged();
    // Sent again it is searched.
    let said = story.work.fails(&["push", &story.hosted.url(), "main"]);
    assert!(said.contains("secret: github-token in config:1"), "{said}");
    story.assert_unchanged();
}
