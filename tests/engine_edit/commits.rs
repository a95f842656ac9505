//! Commits and tags beside those that `git commit` and `git tag` make of the same words.

use cairn::git::edit::commit::{NewCommit, NewTag};
use cairn::git::edit::date::Date;
use cairn::git::edit::message::{self, MessageFault};
use cairn::git::edit::person::{Person, PersonFault};
use cairn::git::hash::object_id;
use cairn::git::object::ObjectKind;
use gix_hash::ObjectId;

use crate::support::git::Git;
use crate::support::history::Random;
use crate::support::scratch::Scratch;

/// Lines whose meaning for trailers differs.
const LINES: [&str; 22] = [
    "subject",
    "body line",
    "",
    "",
    "",
    "  indented \t",
    "trailing space  ",
    "Signed-off-by: A U Thor <a@example.com>",
    "Signed-off-by: C O Mitter <c@example.com>",
    "Signed-off-by: C O Mitter <c@example.com> and more",
    "Acked-by: Somebody <s@example.com>",
    "Fixes : #5",
    "(cherry picked from commit 0000000000000000000000000000000000000000)",
    "\tcontinued",
    "# a comment",
    "Conflicts:",
    "no trailer: here",
    "# ------------------------ >8 ------------------------",
    "Key-1:value",
    ": no key",
    "\u{e9}t\u{e9}: accents",
    "a\rb\r",
];

#[test]
fn messages_and_sign_offs_are_those_of_git_commit() {
    compare_messages(1, 150);
}

#[test]
#[ignore = "a longer run, by name"]
fn many_messages_and_sign_offs_are_those_of_git_commit() {
    for seed in 2..12 {
        compare_messages(seed, 500);
    }
}

fn compare_messages(seed: u64, messages: usize) {
    let scratch = Scratch::new();
    let git = scratch.repository("messages");
    let git = git
        .variable("GIT_COMMITTER_NAME", "C O Mitter")
        .variable("GIT_COMMITTER_EMAIL", "c@example.com");
    let date = Date::parse("@1700000000 +0100").unwrap();
    let committer = Person::new("C O Mitter", "c@example.com", date).unwrap();
    let mut random = Random(seed);
    for number in 0..messages {
        let lines = (0..=random.below(9)).map(|_| LINES[random.below(LINES.len())]);
        let mut text = lines.collect::<Vec<_>>().join("\n");
        text.push_str(["", "\n", "\n\n \n"][random.below(3)]);
        let signed = random.percent(70);
        let mut ours = message::clean_or_empty(text.as_bytes()).unwrap();
        if signed {
            ours = message::sign_off(&ours, &committer);
        }
        let sign = if signed { "--signoff" } else { "--no-signoff" };
        let empty = "--allow-empty-message";
        git.run(&["commit", "-q", "--allow-empty", empty, sign, "-m", &text]);
        let theirs = git.try_run(&["cat-file", "commit", "HEAD"], b"").stdout;
        let theirs = String::from_utf8(theirs).unwrap();
        let (_, theirs) = theirs.split_once("\n\n").unwrap();
        assert_eq!(ours, theirs, "message {number} of seed {seed}: {text:?}");
        let refused = !git
            .try_run(&["commit", "-q", "--allow-empty", "-m", &text], b"")
            .ok;
        let ours = message::clean(text.as_bytes());
        assert_eq!(ours == Err(MessageFault::Empty), refused, "{text:?}");
    }
}

#[test]
fn names_addresses_and_dates_are_those_of_git_commit() {
    let scratch = Scratch::new();
    let git = scratch.repository("people");
    let names = [
        "A U Thor",
        " spaced out ",
        "Tom <tom>",
        "\"Quoted\"",
        "J. R.",
        "a\nb",
        "O'Neil,",
        ";:,",
        "\u{e9}mile \u{1f600}",
        "x\ty",
        "\u{1}ctl\u{2}",
        "Doe, John",
        "",
    ];
    let emails = [
        "a@example.com",
        "<a@example.com>",
        "",
        " a b ",
        "a>b",
        "'q'",
        "a\\",
    ];
    let dates = [
        "@1700000000 +0545",
        "1700000000 -0330",
        "2023-11-14T22:13:20Z",
        "2023-11-14 23:13:20.75+01:00",
        "2023-11-14T22:13:20-00:00",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let email = emails[number % emails.len()];
        let date = dates[number % dates.len()];
        let git = author(&git, name, email, date);
        let arguments = ["commit", "-q", "--allow-empty", "-m", "x"];
        let is_taken = git.try_run(&arguments, b"").ok;
        let ours = Person::new(name, email, Date::parse(date).unwrap());
        assert_eq!(ours == Err(PersonFault::NoName), !is_taken, "{name:?}");
        let Ok(ours) = ours else { continue };
        let commit = git.run(&["cat-file", "commit", "HEAD"]);
        let theirs = commit
            .split('\n')
            .find_map(|line| line.strip_prefix("author "));
        assert_eq!(ours.line(), theirs.unwrap(), "{name:?} {email:?} {date:?}");
    }
}

fn author(git: &Git, name: &str, email: &str, date: &str) -> Git {
    git.clone()
        .variable("GIT_AUTHOR_NAME", name)
        .variable("GIT_AUTHOR_EMAIL", email)
        .variable("GIT_AUTHOR_DATE", date)
}

#[test]
fn a_commit_and_a_tag_have_the_ids_that_git_gives_them() {
    let scratch = Scratch::new();
    let git = scratch.repository("ids");
    let date = Date::parse("@1700000000 +0100").unwrap();
    let person = Person::new("A U Thor", "a@example.com", date)
        .unwrap()
        .line();
    let git = author(&git, "A U Thor", "a@example.com", "@1700000000 +0100")
        .variable("GIT_COMMITTER_NAME", "A U Thor")
        .variable("GIT_COMMITTER_EMAIL", "a@example.com")
        .variable("GIT_COMMITTER_DATE", "@1700000000 +0100");
    let tree = ObjectId::empty_tree(gix_hash::Kind::Sha1);
    let mut parents = Vec::new();
    for _ in 0..3 {
        let message = message::clean(b"subject\n\n\nbody").unwrap();
        let ours = NewCommit {
            tree,
            parents: &parents,
            author: person.as_ref(),
            committer: person.as_ref(),
            message: message.as_str().into(),
        };
        let ours = object_id(ObjectKind::Commit, &ours.content()).unwrap();
        git.run(&["commit", "-q", "--allow-empty", "-m", "subject\n\n\nbody"]);
        assert_eq!(ours.to_string(), git.run(&["rev-parse", "HEAD"]));
        parents = vec![ours];
    }
    let tag = NewTag {
        target: parents[0],
        target_kind: ObjectKind::Commit,
        name: "v1".into(),
        tagger: person.as_ref(),
        message: "one\n".into(),
    };
    git.run(&["tag", "-a", "-m", "one", "v1"]);
    let ours = object_id(ObjectKind::Tag, &tag.content()).unwrap();
    assert_eq!(ours.to_string(), git.run(&["rev-parse", "v1"]));
}
