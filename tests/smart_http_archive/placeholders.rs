//! The placeholders that `export-subst` fills in, and encodings of files, with `git archive` in a mirror as
//! the judge.

use super::support::git::Git;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::server;
use super::{assert_same, bytes_of, git_archive};

/// A placeholder or several on each line; git's answer is compared line by line in the file.
const FORMATS: &str = "\
    %aN|%aE|%aL|%cN|%cE|%cL|%an|%ae\n\
    %ar|%cr|%ah|%ch\n\
    %(trailers)\n\
    %(trailers:only)|%(trailers:only=false,unfold)\n\
    %(trailers:key=Acked-by)|%(trailers:key=signed-off-by:,valueonly)\n\
    %(trailers:key=Acked-by,key=Fixes,separator=%x2C ,key_value_separator==>)\n\
    %(trailers:unfold,keyonly,separator=%n)|%(trailers:bad)|%(trailers\n\
    %C(red)a%Cgreen b%C(auto)%h%Creset%C(always,red)c%C(always,bold blue)d%C(always,reset)e\n\
    %C(always,#ff8000 brightblue nobold)|%C(always,#f80)|%C(always,ul 200)|%C(always,brightred 12)\n\
    %<(20)%an|%<(8,trunc)%s|%<(8,ltrunc)%s|%<(9,mtrunc)%s|%<(3)%an|\n\
    %>(20)%an|%>(8,trunc)%s|%><(20)%an|%><(21)%an|a     %>>(12)%an|\n\
    ab%<|(30)%an|%>|(60)%an|%<|(5)%an|%<|(-10)%an|%<(0)%an|%<(x)%an|%<(5%an\n\
    %<(20)%C(always,red)%an%C(always,reset)|\n\
    %w(30,2,4)%B%w()|%w(0,3,5)%b%w(40)%an %ae %s%n%b\n\
    %+d%+gd%-d%-gd% d% gd|%+%s%-q%+w(3)\n\
    a%n%n%-gd%x41%x4%x\n\
    %(decorate)|%(decorate:prefix=<,suffix=>,separator=%x3B,pointer=%x3A,tag=#)|%(decorate:x)\n\
    %e|%m|%N|%S|%gn|%gq|%G?|%GK|%GT|%Gx|%(nothing)|%l|%z\n\
    %f|%s|%b|%B|%D|%d|%h %p %t|%T %P %H\n";

const MESSAGE: &str = "Größe: a title, with dots...\nand a second line\n\n\
    A body that is long enough to be wrapped, 漢字 among it, and to be cut in the middle.\n\n\
    \x20 indented\n\n\
    Signed-off-by: A U Thor <author@example.com>\n\
    Acked-by: One\n  and continued\nacked-By :  Two \nFixes: 12\n";

/// A commit of everything, at a date of its own.
fn commit(work: &Git, message: &str, seconds: u32) {
    let date = format!("{} +0130", 1_600_000_000 + seconds);
    let dated = work
        .clone()
        .variable("GIT_AUTHOR_DATE", &date)
        .variable("GIT_COMMITTER_DATE", &date);
    dated.run(&["add", "--all"]);
    dated.run(&["commit", "--quiet", "--allow-empty", "--message", message]);
}

fn tag(work: &Git, arguments: &[&str], seconds: u32) {
    let date = format!("{} +0000", 1_600_000_000 + seconds);
    let dated = work.clone().variable("GIT_COMMITTER_DATE", &date);
    dated.run(&[&["tag"], arguments].concat());
}

fn mirrored(scratch: &Scratch, work: &Git, hosted: &Hosted, name: &str) -> Git {
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let mirror = scratch.clone(&hosted.url(), &format!("{name}-mirror"), &["--mirror"]);
    mirror.variable("TZ", "UTC")
}

fn compare(hosted: &Hosted, mirror: &Git, revision: &str) {
    let ours = bytes_of(hosted, &format!("{revision}.tar"));
    assert_same(
        &ours,
        &git_archive(mirror, &["--format=tar", revision]),
        revision,
    );
}

#[test]
fn placeholders_are_filled_in_as_git_does() {
    let scratch = Scratch::new();
    let hosted = server().rest().create_repository("archive", "formats");
    let work = scratch.repository("formats-work");
    work.write(".gitattributes", b"*.subst export-subst\n");
    work.write(
        ".mailmap",
        b"# people\nThe Author <author@new.example> <AUTHOR@example.com>\n\
          Other <other@x> A U Thor <nobody@example.com>\nC O Mitter <committer@example.com>\n\
          <broken\nName only\n",
    );
    for (number, format) in FORMATS.lines().enumerate() {
        work.write(
            &format!("{number:02}.subst"),
            format!("ä\n$Format:{format}$.\n$Format:%h$").as_bytes(),
        );
    }
    // A name in capitals is the same to a mail map.
    let work = work
        .variable("GIT_AUTHOR_NAME", "A U Thor")
        .variable("GIT_AUTHOR_EMAIL", "author@Example.com")
        .variable("GIT_COMMITTER_NAME", "Committer")
        .variable("GIT_COMMITTER_EMAIL", "committer@example.com");
    commit(&work, MESSAGE, 0);
    work.run(&["branch", "other"]);
    tag(&work, &["--annotate", "--message", "x", "v1.0"], 0);
    let mirror = mirrored(&scratch, &work, &hosted, "first");
    compare(&hosted, &mirror, "main");
    // Long ago, in the zone of half the world.
    commit(
        &work,
        "no trailers: here\n\nbody: is no block\nof trailers\n",
        5,
    );
    let mirror = mirrored(&scratch, &work, &hosted, "second");
    compare(&hosted, &mirror, "main");
}

#[test]
fn a_commit_is_described_as_git_does_once_in_an_archive() {
    let scratch = Scratch::new();
    let hosted = server().rest().create_repository("archive", "described");
    let work = scratch.repository("described-work");
    work.write(".gitattributes", b"*.subst export-subst\n");
    commit(&work, "root", 0);
    tag(&work, &["--annotate", "--message", "x", "v0.9"], 0);
    commit(&work, "one", 10);
    work.run(&["branch", "side"]);
    tag(&work, &["light-1"], 0);
    commit(&work, "two", 20);
    tag(&work, &["--annotate", "--message", "x", "v1.0"], 30);
    tag(&work, &["--annotate", "--message", "x", "a-later-one"], 40);
    tag(&work, &["--annotate", "--message", "x", "z-older"], 20);
    work.run(&["checkout", "--quiet", "side"]);
    for number in 0..4 {
        commit(&work, &format!("side {number}"), 15 + number);
    }
    tag(&work, &["--annotate", "--message", "x", "side-tag"], 50);
    work.run(&["checkout", "--quiet", "main"]);
    work.run(&["merge", "--quiet", "--no-edit", "side"]);
    for (number, arguments) in [
        "",
        ":tags",
        ":tags=false",
        ":match=v*",
        ":exclude=v1*,exclude=side*,tags",
        ":abbrev=0",
        ":abbrev=15",
        ":abbrev=2,match=v?.0",
        ":match=nothing*",
        ":nonsense",
        ":abbrev=",
        ":match=light*",
        ":match=light*,tags=1",
    ]
    .into_iter()
    .enumerate()
    {
        work.run(&["checkout", "--quiet", "-B", &format!("b{number}"), "main"]);
        let text = format!("$Format:%h %(describe{arguments})|%(describe)$ $Format:%(describe)$\n");
        work.write("a.subst", text.as_bytes());
        work.write("b.subst", b"$Format:%(describe)|%D$");
        commit(&work, &format!("with {arguments}"), 100);
    }
    work.run(&["checkout", "--quiet", "-B", "tagged", "main"]);
    work.write("a.subst", b"$Format:%(describe)$");
    commit(&work, "tagged", 100);
    tag(&work, &["--annotate", "--message", "x", "v2.0"], 200);
    // A tag whose object has another name.
    let object = work.run(&["rev-parse", "v2.0"]);
    work.run(&["update-ref", "refs/tags/renamed", object.trim()]);
    work.run(&["tag", "--delete", "v2.0"]);
    work.run(&["checkout", "--quiet", "main"]);
    let mirror = mirrored(&scratch, &work, &hosted, "first");
    for number in 0..13 {
        compare(&hosted, &mirror, &format!("b{number}"));
    }
    compare(&hosted, &mirror, "tagged");
}

#[test]
fn files_are_encoded_as_their_attribute_says() {
    let scratch = Scratch::new();
    let hosted = server().rest().create_repository("archive", "encoded");
    let work = scratch.repository("encoded-work");
    let encodings = [
        "UTF-16",
        "utf16",
        "UTF-16LE",
        "UTF-16BE",
        "UTF-16LE-BOM",
        "UTF-32",
        "UTF-32LE",
        "ISO-8859-1",
        "latin-1",
        "windows-1252",
        "UTF-8",
    ];
    // A commit from another machine has the files in UTF-8, whatever the attributes say.
    for number in 0..encodings.len() {
        work.write(
            &format!("{number}.txt"),
            "Grüße\n$Id$\n$Format:%h$\n".as_bytes(),
        );
        work.write(&format!("{number}.empty"), b"");
        work.write(&format!("{number}.wide"), "a 漢字 \u{1f600} €\n".as_bytes());
        work.write(&format!("{number}.bad"), b"\xff\xfe\n");
    }
    commit(&work, "files", 0);
    let lines = encodings.iter().enumerate().map(|(number, encoding)| {
        format!("{number}.* working-tree-encoding={encoding} eol=crlf export-subst ident\n")
    });
    let attributes: String = lines.collect();
    work.write("attributes", attributes.as_bytes());
    let blob = work.run(&["hash-object", "-w", "attributes"]);
    let cache = format!("100644,{},.gitattributes", blob.trim());
    work.run(&["update-index", "--add", "--cacheinfo", &cache]);
    work.run(&["commit", "--quiet", "--message", "attributes"]);
    let mirror = mirrored(&scratch, &work, &hosted, "first");
    compare(&hosted, &mirror, "main");
}

#[test]
fn a_commit_in_latin_1_is_read_and_written_as_git_does() {
    let scratch = Scratch::new();
    let hosted = server().rest().create_repository("archive", "latin");
    let work = scratch.repository("latin-work");
    work.write(".gitattributes", b"*.subst export-subst\n");
    work.write(
        "a.subst",
        "é $Format:%s$ $Format:%e %<(12)%s|$\n".as_bytes(),
    );
    work.write("b.subst", "é $Format:%H$ é\n".as_bytes());
    work.write("c.subst", b"$Format:%an %f$\n");
    work.run(&["add", "--all"]);
    let tree = work.run(&["write-tree"]);
    let mut content = format!("tree {}", tree.trim()).into_bytes();
    content.extend_from_slice(
        b"\nauthor J\xf6rg <j@x> 1600000000 +0000\ncommitter J <j@x> 1600000000 +0000\n\
          encoding ISO-8859-1\n\nGr\xfc\xdfe\n",
    );
    let hashed = work.try_run(&["hash-object", "-w", "-t", "commit", "--stdin"], &content);
    let id = String::from_utf8(hashed.stdout).unwrap();
    work.run(&["update-ref", "refs/heads/main", id.trim()]);
    let mirror = mirrored(&scratch, &work, &hosted, "first");
    compare(&hosted, &mirror, "main");
}
