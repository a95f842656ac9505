//! Git's own client, with many commits of its own.

use gix_object::bstr::ByteSlice as _;

use super::served::served;
use super::support::history::History;

#[test]
fn a_client_learns_the_common_commits_without_fetching() {
    let served = served("negotiate-only");
    let url = served.hosted.url();
    let client = served.scratch.clone(&url, "client", &[]);
    client.commit("mine");
    let arguments = [
        "fetch",
        "--negotiate-only",
        "--negotiation-tip=HEAD",
        "origin",
    ];
    let common = client.run(&arguments);
    let expected = client.run(&["rev-parse", "HEAD~1"]);
    assert!(common.lines().any(|id| id == expected), "{common}");
    for id in common.lines() {
        client.run(&["merge-base", "--is-ancestor", id, "HEAD~1"]);
    }
}

#[test]
fn a_client_with_much_of_its_own_finds_the_common_commits() {
    let served = served("rounds");
    let url = served.hosted.url();
    for version in [0, 1, 2] {
        let name = format!("client-{version}");
        let client = served.scratch.clone(&url, &name, &["--mirror"]);
        client.run(&["update-ref", "refs/heads/main", "main~20"]);
        // On top of an old commit, and beside it, more than fits one round.
        let more = History {
            commits: 3000,
            branches: 30,
            paths: 3,
            blob_bytes_max: 20,
            ..History::small(9)
        };
        let stream = more.stream();
        let stream = stream.replace("refs/heads/", "refs/heads/mine/");
        let stream = stream
            .replace("tag v", "tag mine-v")
            .replace("tags/light", "tags/mine-light");
        client.run_with(&["fast-import", "--quiet", "--done"], &stream);
        served.source.run(&["checkout", "--quiet", "main"]);
        served.source.write("new", format!("{version}\n"));
        served.source.commit("new");
        served.source.run(&["push", "--quiet", &url, "main"]);
        let traced = client
            .clone()
            .protocol(version)
            .variable("GIT_TRACE_PACKET", "1");
        let ended = traced.try_run(
            &[
                "fetch",
                "--progress",
                "origin",
                "+refs/heads/main:refs/heads/main",
            ],
            b"",
        );
        assert!(ended.ok, "{}", ended.stderr);
        client.fsck_strict();
        assert_eq!(
            client.run(&["rev-parse", "main"]),
            served.source.run(&["rev-parse", "main"])
        );
        // All common commits were found: only new ones came.
        let received = ended.stderr.lines().find(|line| line.contains("Total "));
        let total = received
            .unwrap_or_default()
            .split("Total ")
            .nth(1)
            .unwrap_or_default();
        let objects: u32 = total.split(' ').next().unwrap().parse().unwrap_or(u32::MAX);
        assert!(objects <= 70, "{received:?}");
    }
}
