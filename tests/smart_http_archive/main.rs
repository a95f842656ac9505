//! Archives of trees over REST, with `git archive` in a clone as the judge.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod placeholders;
mod refusals;
mod zip_files;

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use support::git::Git;
use support::history::History;
use support::rest::{Answer, Hosted};
use support::scratch::Scratch;
use support::server::server;
use ureq::http::Method;

/// The placeholders that a release script would use.
const SUBST: &str = "\
    $Format:%H$ $Format:%h %t %T %p %P$\n\
    $Format:%an <%ae> %al %ad|%aD|%at|%ai|%aI|%as$\n\
    $Format:%cn <%ce> %cl %cd|%cD|%ct|%ci|%cI|%cs$\n\
    $Format:%s|%f|%b|%B$ $Format:%D|%d$ $Format:100%% %n%x41 %zz$ $Format:open\n";

fn get(hosted: &Hosted, file: &str) -> Answer {
    let rest = server().rest().with_bearer(&hosted.token);
    rest.get(&hosted.path(&format!("/archive/{file}")))
}

fn bytes_of(hosted: &Hosted, file: &str) -> Vec<u8> {
    let answer = get(hosted, file);
    assert_eq!(answer.status, 200, "{file}: {}", answer.text());
    answer.body
}

/// The output of git in the clone.
fn git_archive(clone: &Git, arguments: &[&str]) -> Vec<u8> {
    let ended = clone.try_run(&[&["archive"], arguments].concat(), b"");
    assert!(ended.ok, "{}", ended.stderr);
    ended.stdout
}

/// A repository with everything that is odd in archives, and a mirror of it.
fn odd(scratch: &Scratch, name: &str) -> (Hosted, Git) {
    let hosted = server().rest().create_repository("archive", name);
    let work = scratch.repository(&format!("{name}-work"));
    let deep = "a-directory-of-forty-characters-or-so-00".to_owned();
    let deep = [deep.as_str(); 7].join("/");
    let lines = "\
        *.subst export-subst\n*.bat eol=crlf\n*.auto text=auto eol=crlf\n-text.bat -text\n\
        *.id ident\nprivate/ export-ignore\n*.secret export-ignore\n[attr]hidden export-ignore\n\
        by-macro hidden\nboth.subst ident eol=crlf\nlib export-ignore\n";
    let long_name = "n".repeat(101);
    for (path, content) in [
        (".gitattributes", lines.as_bytes()),
        (
            "sub/.gitattributes",
            b"*.secret !export-ignore\n/x/ export-ignore\n",
        ),
        ("release.subst", SUBST.as_bytes()),
        ("both.subst", b"$Id$\n$Format:%h$\n"),
        ("line.bat", b"one\ntwo\r\nthree"),
        ("-text.bat", b"one\n"),
        ("text.auto", b"one\ntwo\n"),
        ("mixed.auto", b"one\r\ntwo\n"),
        ("binary.auto", b"one\n\0"),
        ("file.id", b"$Id$ $Id: old $ $Id: a,v 1 x $\n"),
        ("private/of/nobody", b"x"),
        ("a.secret", b"x"),
        ("sub/b.secret", b"shown"),
        ("sub/x/hidden", b"x"),
        ("by-macro", b"x"),
        ("only-ignored/c.secret", b"x"),
        ("lib/gone", b"x"),
        ("empty", b""),
        ("sub/of-512-bytes", &[b'a'; 512]),
        ("umläut-ж.txt", b"UTF-8"),
        (&format!("{deep}/file"), b"deep"),
        (&format!("sub/{long_name}"), b"long"),
        (&format!("{deep}/{long_name}"), b"deep and long"),
    ] {
        work.write(path, content);
    }
    let folder = work.folder().to_owned();
    let big: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    work.write("big.bin", &big);
    let link =
        |target: &str, name: &str| std::os::unix::fs::symlink(target, folder.join(name)).unwrap();
    link("sub/of-512-bytes", "link");
    link(&format!("{deep}/file/that/is/nowhere"), "long-link");
    work.run(&["add", "--all"]);
    work.run(&["update-index", "--chmod=+x", "line.bat"]);
    let commit = "1d0c7be91d0c7be91d0c7be91d0c7be91d0c7be9";
    let cache = format!("160000,{commit},module");
    work.run(&["update-index", "--add", "--cacheinfo", &cache]);
    let message = "The title of it\nin two lines...\n\nAnd a body.\n";
    let dated = work
        .variable("GIT_AUTHOR_DATE", "2005-04-07T22:13:13 -0730")
        .variable("GIT_COMMITTER_DATE", "2023-11-14T22:13:20 +0000");
    dated.run(&["commit", "--quiet", "--message", message]);
    dated.run(&["tag", "v1.0"]);
    dated.run(&["tag", "--annotate", "--message", "annotated", "v1.1"]);
    dated.run(&["branch", "topic/a"]);
    dated.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let mirror = scratch.clone(&hosted.url(), &format!("{name}-mirror"), &["--mirror"]);
    (hosted, mirror.variable("TZ", "UTC"))
}

fn assert_same(ours: &[u8], theirs: &[u8], what: &str) {
    let first = ours
        .iter()
        .zip(theirs)
        .position(|(our, their)| our != their);
    let sizes = (ours.len(), theirs.len());
    let around = |bytes: &[u8]| {
        let at = first.unwrap_or(sizes.0.min(sizes.1));
        let part = &bytes[at.saturating_sub(200)..(at + 200).min(bytes.len())];
        String::from_utf8_lossy(part).into_owned()
    };
    assert!(
        ours == theirs,
        "{what}: {sizes:?} bytes, first difference at {first:?}\n--- ours\n{}\n--- git's\n{}",
        around(ours),
        around(theirs)
    );
}

#[test]
fn a_tar_file_is_byte_for_byte_that_of_git() {
    let scratch = Scratch::new();
    let (hosted, mirror) = odd(&scratch, "odd");
    for (query, arguments) in [
        ("", &["main"][..]),
        ("?prefix=odd-1.0/", &["--prefix=odd-1.0/", "main"]),
        ("?prefix=odd-//", &["--prefix=odd-//", "main"]),
        ("?prefix=odd-", &["--prefix=odd-", "main"]),
        ("?path=sub&path=empty", &["main", "sub", "empty"]),
        ("?path=sub/", &["main", "sub/"]),
    ] {
        let ours = bytes_of(&hosted, &format!("main.tar{query}"));
        let theirs = git_archive(&mirror, &[&["--format=tar"], arguments].concat());
        assert_same(&ours, &theirs, query);
    }
    let id = mirror.run(&["rev-parse", "main"]);
    for name in [
        "topic/a",
        "v1.0",
        "v1.1",
        "refs/tags/v1.1",
        "HEAD",
        id.trim(),
    ] {
        let ours = bytes_of(&hosted, &format!("{name}.tar"));
        assert_same(&ours, &git_archive(&mirror, &["--format=tar", name]), name);
    }
}

#[test]
fn archives_of_a_made_history_are_those_of_git() {
    let scratch = Scratch::new();
    let hosted = server().rest().create_repository("archive", "made");
    let work = scratch.repository("made-work");
    History::small(11).make(&work);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let mirror = scratch.clone(&hosted.url(), "made-mirror", &["--mirror"]);
    for commit in mirror.run(&["rev-list", "--all", "--max-count=12"]).lines() {
        let ours = bytes_of(&hosted, &format!("{commit}.tar"));
        assert_same(
            &ours,
            &git_archive(&mirror, &["--format=tar", commit]),
            commit,
        );
    }
}

#[test]
fn a_compressed_tar_file_unpacks_to_the_same() {
    let scratch = Scratch::new();
    let (hosted, mirror) = odd(&scratch, "compressed");
    let answer = get(&hosted, "main.tar.gz?prefix=x/");
    assert_eq!(answer.header("content-type"), "application/gzip");
    let bytes = "application/octet-stream";
    let path = hosted.path("/archive/main.tar.gz?prefix=x/");
    let asked = server()
        .rest()
        .send(Method::GET, &path, &[("Accept", bytes)], b"");
    assert_eq!(asked.header("content-type"), bytes);
    assert!(asked.body == answer.body);
    let name = "attachment; filename=\"compressed-main.tar.gz\"";
    assert_eq!(answer.header("content-disposition"), name);
    let mut tar = Vec::new();
    MultiGzDecoder::new(&answer.body[..])
        .read_to_end(&mut tar)
        .unwrap();
    let theirs = git_archive(&mirror, &["--format=tar", "--prefix=x/", "main"]);
    assert_same(&tar, &theirs, "tar.gz");
}
