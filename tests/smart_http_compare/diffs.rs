//! Diffs as bytes and as JSON.

use serde_json::Value;

use crate::support::scratch::Scratch;
use crate::{bytes_of, get, made, patch_of, same_bytes, with_commits};

#[test]
fn diffs_are_the_bytes_of_git() {
    let scratch = Scratch::new();
    for seed in [21, 22] {
        let (hosted, git) = made(&scratch, &format!("bytes-{seed}"), seed);
        let commits = git.run(&["rev-list", "--all"]);
        let commits: Vec<&str> = commits.lines().collect();
        for pair in commits.windows(9).step_by(4) {
            let (head, base) = (pair[0], pair[8]);
            let theirs = bytes_of(&git, &["diff", base, head]);
            let ours = patch_of(&hosted, &format!("/diff?base={base}&head={head}"));
            same_bytes(&ours, &theirs, "git diff");
            let theirs = bytes_of(&git, &["diff", "--no-renames", "-U0", base, head]);
            let query = format!("/diff?base={base}&head={head}&context=0&renames=false");
            same_bytes(
                &patch_of(&hosted, &query),
                &theirs,
                "git diff --no-renames -U0",
            );
            let commit = get(&hosted, &format!("/commit/{head}.diff"));
            assert_eq!(commit.status, 200, "{}", commit.text());
            let parents = git.run(&["rev-list", "--parents", "-n1", head]);
            let parent = parents.split(' ').nth(1);
            let parent = parent.unwrap_or("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
            let theirs = bytes_of(&git, &["diff", parent, head]);
            same_bytes(&commit.body, &theirs, "git diff of a commit");
        }
    }
}

#[test]
fn words_that_differ_are_those_of_git() {
    let scratch = Scratch::new();
    let (hosted, git) = with_commits(
        &scratch,
        "words",
        &[
            &[
                ("prose", b"one two  three\nfour\n\nfive six\nseven"),
                ("code", b"fn a() {\n  b();\n}\n"),
                ("gone", b"gone it is\n"),
                ("latin1", b"caf\xe9 noir\n"),
            ],
            &[
                ("prose", b"one 2 three\nfour and\nmore\nfive six\nseven\n"),
                ("code", b"fn a() {\n    b();\n    c();\n}\n"),
                ("new", b"  new words\n\n"),
                ("latin1", b"caf\xe9 blanc\n"),
            ],
        ],
    );
    git.run(&["rm", "--quiet", "gone"]);
    git.run(&["commit", "--quiet", "--amend", "--no-edit"]);
    git.run(&["push", "--quiet", "--force", &hosted.url(), "main"]);
    let base = git.run(&["rev-parse", "main~1"]);
    for context in [0, 3] {
        let option = format!("-U{context}");
        let arguments = ["diff", "--word-diff=plain", &option, &base, "main"];
        let theirs = bytes_of(&git, &arguments);
        let query = format!("/diff?base={base}&head=main&word=true&context={context}");
        same_bytes(&patch_of(&hosted, &query), &theirs, "git diff --word-diff");
    }
    let query = format!("/diff?base={base}&head=main&word");
    let result = get(&hosted, &query).result(200);
    let files = result["files"].as_array().unwrap();
    let words = |path: &str| {
        let file = files.iter().find(|file| file["path"] == path).unwrap();
        assert!(file["hunks"][0]["lines"].is_null());
        let runs = file["hunks"][0]["words"].as_array().unwrap().clone();
        runs.into_iter()
    };
    let joined: Vec<_> = words("prose")
        .map(|run| {
            format!(
                "{}:{}",
                run["type"].as_str().unwrap(),
                run["text"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        joined,
        [
            "context:one ",
            "deleted:two",
            "added:2",
            "context: three\nfour ",
            "added:and\nmore",
            "context:\nfive six\nseven\n"
        ]
    );
    let new: String = words("prose")
        .filter(|run| run["type"] != "deleted")
        .map(|run| run["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(new, "one 2 three\nfour and\nmore\nfive six\nseven\n");
    assert_eq!(words("latin1").next().unwrap()["base64"], "Y2Fm6SA=");
}

#[test]
fn lines_that_differ_by_white_space_alone_are_left_out() {
    let scratch = Scratch::new();
    let (hosted, git) = with_commits(
        &scratch,
        "whitespace",
        &[
            &[
                ("code", b"if (a) {\nb();\nc();\n}\n"),
                ("tabs", b"one\n two\n"),
            ],
            &[
                ("code", b"if (a) {\n    b();\n    d();\n}\n"),
                ("tabs", b"one \r\n\ttwo"),
            ],
        ],
    );
    let base = git.run(&["rev-parse", "main~1"]);
    let query = format!("/diff?base={base}&head=main&ignore_whitespace=true");
    let theirs = bytes_of(&git, &["diff", "-w", &base, "main"]);
    same_bytes(&patch_of(&hosted, &query), &theirs, "git diff -w");
    let result = get(&hosted, &query).result(200);
    // The JSON names each file that differs; one that differs by white space alone has no hunk.
    let files = result["files"].as_array().unwrap();
    let counts = files.iter().map(|file| {
        let hunks = file["hunks"].as_array().unwrap().len();
        (file["path"].as_str().unwrap(), &file["additions"], hunks)
    });
    let counts: Vec<_> = counts.collect();
    assert_eq!(
        counts,
        [("code", &Value::from(1), 1), ("tabs", &Value::from(0), 0)]
    );
    let plain = get(&hosted, &format!("/diff?base={base}&head=main")).result(200);
    assert_eq!(plain["stats"]["additions"], 4);
}

#[test]
fn a_diff_of_some_paths() {
    let scratch = Scratch::new();
    let (hosted, git) = with_commits(
        &scratch,
        "paths",
        &[
            &[("a/x", b"1\n"), ("a b", b"1\n"), ("c", b"1\n")],
            &[("a/x", b"2\n"), ("a b", b"2\n"), ("c", b"2\n")],
        ],
    );
    let theirs = bytes_of(&git, &["diff", "main~1", "main", "--", "a", "a b"]);
    let base = git.run(&["rev-parse", "main~1"]);
    let ours = patch_of(
        &hosted,
        &format!("/diff?base={base}&head=main&path=a&path=a%20b"),
    );
    same_bytes(&ours, &theirs, "git diff -- a 'a b'");
}

/// The patch that hunks of JSON say.
fn spelled(file: &Value) -> String {
    let mut patch = String::new();
    for hunk in file["hunks"].as_array().unwrap() {
        let range = |start: &str, lines: &str| match hunk[lines].as_u64().unwrap() {
            1 => hunk[start].to_string(),
            lines => format!("{},{lines}", hunk[start]),
        };
        let section = match hunk["section"].as_str().unwrap() {
            "" => String::new(),
            section => format!(" {section}"),
        };
        patch += &format!(
            "@@ -{} +{} @@{section}\n",
            range("oldStart", "oldLines"),
            range("newStart", "newLines")
        );
        for line in hunk["lines"].as_array().unwrap() {
            let sign = match line["type"].as_str().unwrap() {
                "context" => ' ',
                "deleted" => '-',
                _ => '+',
            };
            patch += &format!("{sign}{}\n", line["text"].as_str().unwrap());
            if line["noNewline"] == true {
                patch += "\\ No newline at end of file\n";
            }
        }
    }
    patch
}

#[test]
fn json_and_patch_agree() {
    let scratch = Scratch::new();
    let text: Vec<u8> = (0..60)
        .flat_map(|line| format!("line {line}\n").into_bytes())
        .collect();
    let moved = [&text[..], b"one more, without an end"].concat();
    let changed = String::from_utf8(text.clone())
        .unwrap()
        .replace("line 3", "LINE 3");
    let (hosted, git) = with_commits(
        &scratch,
        "json",
        &[
            &[
                ("old/name", &text),
                ("kept", &text),
                ("bin", b"\0old"),
                ("gone", b"x\n"),
            ],
            &[
                ("new/name", &moved),
                ("kept", changed.as_bytes()),
                ("bin", b"\0newer"),
            ],
        ],
    );
    git.run(&["rm", "--quiet", "old/name", "gone"]);
    git.run(&["commit", "--quiet", "--amend", "--no-edit"]);
    git.run(&["push", "--quiet", "--force", &hosted.url(), "main"]);
    let base = git.run(&["rev-parse", "main~1"]);
    let result = get(&hosted, &format!("/diff?base={base}&head=main")).result(200);
    assert_eq!(result["base"], base.as_str());
    let files = result["files"].as_array().unwrap();
    let shown: Vec<_> = files
        .iter()
        .map(|file| {
            (
                file["path"].as_str().unwrap(),
                file["status"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("bin", "modified"),
            ("gone", "deleted"),
            ("kept", "modified"),
            ("new/name", "renamed")
        ]
    );
    let bin = &files[0];
    assert_eq!(
        (&bin["binary"], &bin["tooLarge"]),
        (&true.into(), &false.into())
    );
    assert_eq!((&bin["oldSize"], &bin["newSize"]), (&4.into(), &6.into()));
    assert!(bin["hunks"].is_null());
    assert_eq!(files[3]["oldPath"], "old/name");
    assert!(files[3]["similarity"].as_u64().unwrap() > 90);
    for file in &files[1..] {
        let paths = [file["oldPath"].as_str(), file["path"].as_str()];
        let mut arguments = vec!["diff", base.as_str(), "main", "--"];
        arguments.extend(paths.into_iter().flatten());
        let patch = git.run(&arguments) + "\n";
        let hunks = &patch[patch.find("@@").unwrap()..];
        assert_eq!(spelled(file), hunks);
    }
    let numbers = git.run(&["diff", "--shortstat", &base, "main"]);
    let stats = &result["stats"];
    assert_eq!(
        numbers,
        format!(
            " {} files changed, {} insertions(+), {} deletions(-)",
            stats["files"], stats["additions"], stats["deletions"]
        )
    );
}

#[test]
fn a_first_commit_is_compared_with_the_empty_tree() {
    let scratch = Scratch::new();
    let (hosted, git) = with_commits(&scratch, "first", &[&[("a", b"1\n"), ("b", b"")]]);
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    let theirs = bytes_of(&git, &["diff", empty, "main"]);
    let ours = patch_of(&hosted, &format!("/diff?base={empty}&head=HEAD"));
    same_bytes(&ours, &theirs, "git diff of the empty tree");
}

#[test]
fn a_file_that_is_too_large_is_named_with_its_size() {
    let scratch = Scratch::new();
    let large = b"a line of text\n".repeat(300_000);
    let (hosted, git) = with_commits(
        &scratch,
        "large",
        &[
            &[("large", &large), ("small", b"1\n")],
            &[("large", b"short\n"), ("small", b"2\n")],
        ],
    );
    let base = git.run(&["rev-parse", "main~1"]);
    let query = format!("/diff?base={base}&head=main");
    let result = get(&hosted, &query).result(200);
    let file = &result["files"][0];
    assert_eq!(
        (&file["path"], &file["tooLarge"]),
        (&"large".into(), &true.into())
    );
    assert_eq!(file["oldSize"], large.len());
    assert_eq!(file["newSize"], 6);
    let theirs = bytes_of(
        &git,
        &["-c", "core.bigFileThreshold=4m", "diff", &base, "main"],
    );
    same_bytes(
        &patch_of(&hosted, &query),
        &theirs,
        "git diff, large files as binary",
    );
}

#[test]
fn a_commit_is_a_mail_as_git_makes_it() {
    let scratch = Scratch::new();
    let (hosted, git) = made(&scratch, "mails", 23);
    let signature = concat!("--signature=cairn ", env!("CARGO_PKG_VERSION"));
    let format = [
        "format-patch",
        "--stdout",
        "--always",
        "--root",
        signature,
        "-1",
    ];
    let commits = git.run(&["rev-list", "--max-parents=1", "--all"]);
    for commit in commits.lines().step_by(3) {
        let theirs = bytes_of(&git, &[&format[..], &[commit]].concat());
        let ours = get(&hosted, &format!("/commit/{commit}.patch"));
        assert_eq!(ours.header("content-type"), "text/x-diff");
        // Binary content is compressed otherwise; all mails apply.
        if !String::from_utf8_lossy(&theirs).contains("GIT binary patch") {
            same_bytes(&ours.body, &theirs, "git format-patch");
        }
        let parents = git.run(&["rev-list", "--parents", "-n1", commit]);
        match parents.split(' ').nth(1) {
            Some(parent) => git.run(&["read-tree", parent]),
            None => git.run(&["read-tree", "--empty"]),
        };
        git.run_with(&["apply", "--cached", "--allow-empty"], &ours.body);
        let tree = git.run(&["rev-parse", &format!("{commit}^{{tree}}")]);
        assert_eq!(git.run(&["write-tree"]), tree, "{commit}");
    }
    let merge = git.run(&["rev-list", "--merges", "-n1", "--all"]);
    let of_merge = get(&hosted, &format!("/commit/{merge}.patch"));
    assert_eq!((of_merge.status, of_merge.body.len()), (200, 0));
}
