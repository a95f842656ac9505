//! Our check of objects against git's own, over thousands of malformed objects.
//!
//! The objects are written as loose objects and `git fsck` looks at all of them in one process;
//! those that git cannot even parse go to `git hash-object` one by one.

// Not one test function, so clippy.toml's exceptions for tests do not reach the helpers.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

#[path = "fsck_oracle/generate.rs"]
mod generate;
#[path = "fsck_oracle/git.rs"]
mod git;
#[path = "fsck_oracle/table.rs"]
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use cairn::git::object::ObjectKind;
use cairn::git::object::facts;
use cairn::git::object::fsck::{self, Finding, MessageId, Refused, Special, Strictness};
use gix_hash::ObjectId;

use generate::Generator;
use git::{Message, Repository};

/// Our check's findings about one object.
#[derive(Debug, Default)]
struct Ours {
    findings: Vec<Finding>,
    specials: BTreeSet<(Special, ObjectId)>,
}

fn check(kind: ObjectKind, content: &[u8], strictness: Strictness) -> Ours {
    let mut ours = Ours::default();
    let mut specials = BTreeSet::new();
    fsck::check(
        kind,
        content,
        strictness,
        &mut |finding| ours.findings.push(finding),
        &mut |special, id| {
            specials.insert((special, id));
        },
    );
    ours.specials = specials;
    ours
}

/// Our findings as `git fsck --strict` prints them, or (not strict) as `git fsck` does.
fn printed(findings: &[Finding], strict: bool) -> BTreeSet<Message> {
    findings
        .iter()
        // Only the strict check minds the mode 100664; `findings` are those of the strict one.
        .filter(|finding| strict || finding.id != MessageId::BadFilemode)
        .map(|finding| Message {
            is_error: if strict {
                finding.severity.is_refused_on_receive()
            } else {
                finding.severity.is_error()
            },
            text: first_line(&finding.to_string()),
        })
        .collect()
}

/// The messages that a lenient repository only warns of, though git's `--strict` refuses them.
fn warned() -> Vec<MessageId> {
    let all = MessageId::ALL.iter().copied();
    all.filter(|id| id.refused() == Refused::IfStrict).collect()
}

/// The findings of a lenient check, as git prints them where accepted faults are set to `warn`.
fn printed_leniently(findings: &[Finding]) -> BTreeSet<Message> {
    let message = |finding: &Finding| Message {
        is_error: Strictness::Lenient.refuses(finding),
        text: first_line(&finding.to_string()),
    };
    findings.iter().map(message).collect()
}

/// A quoted value may hold newlines, and is cut by us where it is long.
fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect()
}

fn without_filemode(messages: &BTreeSet<Message>) -> BTreeSet<Message> {
    messages
        .iter()
        .filter(|m| !m.text.starts_with("badFilemode"))
        .cloned()
        .collect()
}

/// Runs both over the objects, and returns those that git could not parse.
fn compare(repository: &Repository, objects: &BTreeMap<ObjectId, (ObjectKind, Vec<u8>)>) -> usize {
    let strict = repository.fsck(true);
    let plain = repository.fsck(false);
    let lenient = repository.fsck_lenient(&warned());
    let none = BTreeSet::new();
    let mut specials = BTreeSet::new();
    let mut unparsed = 0;
    for (id, (kind, content)) in objects {
        let shown = String::from_utf8_lossy(content);
        let ours = check(*kind, content, Strictness::Strict);
        let parses = match kind {
            ObjectKind::Commit => facts::commit(content).is_ok(),
            ObjectKind::Tag => facts::tag(content).is_ok(),
            _ => true,
        };
        assert_eq!(
            parses,
            !strict.unparsed.contains(id),
            "{kind} {id} parses: {shown:?}"
        );
        if !parses {
            unparsed += 1;
            if unparsed % 8 == 1 {
                let first = ours.findings.first().map(|f| first_line(&f.to_string()));
                assert_eq!(
                    first,
                    repository.first_flaw(*kind, content),
                    "{kind}: {shown:?}"
                );
            }
            continue;
        }
        let theirs = strict.messages.get(id).unwrap_or(&none);
        assert_eq!(
            &printed(&ours.findings, true),
            theirs,
            "strict {kind} {id}: {shown:?}"
        );
        let theirs = without_filemode(plain.messages.get(id).unwrap_or(&none));
        assert_eq!(
            printed(&ours.findings, false),
            theirs,
            "{kind} {id}: {shown:?}"
        );
        // Git has no setting for dates that 64 bits do not hold: these we refuse, and stop there.
        let leniently = check(*kind, content, Strictness::Lenient).findings;
        if leniently
            .iter()
            .all(|finding| finding.refused == finding.id.refused())
        {
            let theirs = lenient.messages.get(id).unwrap_or(&none);
            assert_eq!(
                &printed_leniently(&leniently),
                theirs,
                "lenient {kind} {id}: {shown:?}"
            );
        }
        specials.extend(ours.specials);
    }
    let missing = |special: Special| {
        let text = special.missing().to_string();
        let missing = strict.messages.iter().filter(move |(_, messages)| {
            messages
                .iter()
                .any(|message| message.is_error && message.text == text)
        });
        missing.map(move |(id, _)| (special, *id))
    };
    let theirs: BTreeSet<_> = missing(Special::Gitmodules)
        .chain(missing(Special::Gitattributes))
        .collect();
    assert_eq!(specials, theirs, "entries whose blobs git looks for");
    unparsed
}

fn write_all(
    repository: &Repository,
    objects: impl IntoIterator<Item = (ObjectKind, Vec<u8>)>,
) -> BTreeMap<ObjectId, (ObjectKind, Vec<u8>)> {
    objects
        .into_iter()
        .map(|(kind, content)| (repository.write(kind, &content), (kind, content)))
        .collect()
}

#[test]
fn malformed_commits_are_judged_as_git_judges_them() {
    let repository = Repository::new();
    let mut generator = Generator::new(1);
    let objects = (0..3000).map(|_| (ObjectKind::Commit, generator.commit()));
    let objects = write_all(&repository, objects);
    let unparsed = compare(&repository, &objects);
    println!("{} commits, {unparsed} not parsed", objects.len());

    let theirs = repository.commit_facts(
        objects
            .iter()
            .filter(|(_, (_, content))| facts::commit(content).is_ok())
            .map(|(id, _)| *id),
    );
    for (id, (_, content)) in &objects {
        let Ok(ours) = facts::commit(content) else {
            continue;
        };
        let shown = String::from_utf8_lossy(content);
        assert_eq!(Some(&ours), theirs.get(id), "{id}: {shown:?}");
    }
}

#[test]
fn malformed_tags_are_judged_as_git_judges_them() {
    let repository = Repository::new();
    let mut generator = Generator::new(2);
    let objects = (0..3000).map(|_| (ObjectKind::Tag, generator.tag()));
    let objects = write_all(&repository, objects);
    let unparsed = compare(&repository, &objects);
    println!("{} tags, {unparsed} not parsed", objects.len());
}

#[test]
fn malformed_trees_are_judged_as_git_judges_them() {
    let repository = Repository::new();
    let mut generator = Generator::new(3);
    let objects = (0..4000).map(|_| (ObjectKind::Tree, generator.tree()));
    let objects = write_all(&repository, objects);
    compare(&repository, &objects);
}

#[test]
fn special_blobs_are_judged_as_git_judges_them() {
    let repository = Repository::new();
    let mut generator = Generator::new(4);
    let mut blobs = BTreeMap::new();
    let mut tree = Vec::new();
    for number in 0..3000 {
        let (special, content, name) = if number % 50 == 0 {
            (
                Special::Gitattributes,
                generator.gitattributes(),
                ".gitattributes",
            )
        } else {
            (Special::Gitmodules, generator.gitmodules(), ".gitmodules")
        };
        let id = repository.write(ObjectKind::Blob, &content);
        if blobs.insert(id, (special, content)).is_none() {
            tree.extend_from_slice(format!("100644 {name}\0").as_bytes());
            tree.extend_from_slice(id.as_bytes());
        }
    }
    repository.write(ObjectKind::Tree, &tree);
    let theirs = repository.fsck(true);
    let mut kinds = BTreeMap::<_, usize>::new();
    for (id, (special, content)) in &blobs {
        // Where C's char is signed, git takes the byte ff for the end of a blob's configuration,
        // and overlooks a byte order mark; elsewhere it does as we do.
        if content.contains(&0xff) || content.starts_with(b"\xef") {
            continue;
        }
        let mut findings = Vec::new();
        fsck::check_special(*special, content, &mut |finding| findings.push(finding));
        let none = BTreeSet::new();
        let messages = theirs.messages.get(id).unwrap_or(&none);
        let shown = String::from_utf8_lossy(content);
        assert_eq!(&printed(&findings, true), messages, "{id}: {shown:?}");
        for finding in findings {
            *kinds.entry(finding.id.name()).or_default() += 1;
        }
    }
    println!("{} blobs: {kinds:?}", blobs.len());
    assert!(kinds.len() >= 6, "the generator must reach every message");
}

/// One object for each message that an object alone can cause.
#[test]
fn a_push_is_refused_where_index_pack_refuses_it() {
    let repository = Repository::new();
    let mut generator = Generator::new(5);
    let mut seen = BTreeSet::new();
    let mut refused = BTreeMap::new();
    for _ in 0..20_000 {
        let (kind, content) = match generator.below(3) {
            0 => (ObjectKind::Commit, generator.commit()),
            1 => (ObjectKind::Tag, generator.tag()),
            _ => (ObjectKind::Tree, generator.tree()),
        };
        let ours = check(kind, &content, Strictness::Strict);
        let [finding] = ours.findings.as_slice() else {
            continue;
        };
        let parses = match kind {
            ObjectKind::Commit => facts::commit(&content).is_ok(),
            ObjectKind::Tag => facts::tag(&content).is_ok(),
            _ => true,
        };
        // A gitmodules blob that is missing has a message of its own.
        if !ours.specials.is_empty() || !seen.insert(finding.id) {
            continue;
        }
        let accepted = repository.index_pack_accepts(kind, &content, &[]);
        let shown = String::from_utf8_lossy(&content);
        let refused_by_us = !parses || Strictness::Strict.refuses(finding);
        assert_eq!(accepted, !refused_by_us, "{finding} {shown:?}");
        refused.insert(finding.id.name(), !accepted);

        let lenient = check(kind, &content, Strictness::Lenient).findings;
        if lenient
            .iter()
            .all(|finding| finding.refused == finding.id.refused())
        {
            let accepted = repository.index_pack_accepts(kind, &content, &warned());
            let mut found = lenient.iter();
            let refused_by_us = !parses || found.any(|one| Strictness::Lenient.refuses(one));
            assert_eq!(accepted, !refused_by_us, "lenient {finding} {shown:?}");
        }
    }
    println!("{} messages, refused: {refused:?}", refused.len());
    assert!(
        refused.len() > 35,
        "the generator must reach nearly every message"
    );
}

#[test]
fn every_object_of_a_repository_that_git_made_is_clean() {
    let repository = Repository::with_history();
    let all = check_all(&repository, &git::Objects::of(&repository));
    assert_eq!(all, BTreeSet::new());
    assert_eq!(repository.fsck(true).messages, BTreeMap::new());
}

/// Every `*.bundle` in the folder that `CAIRN_BUNDLES` names: public histories, with old flaws.
#[test]
fn the_objects_of_real_histories_are_judged_as_git_judges_them() {
    let Ok(folder) = std::env::var("CAIRN_BUNDLES") else {
        return;
    };
    for file in std::path::Path::new(&folder).read_dir().unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "bundle")
        {
            continue;
        }
        let repository = Repository::clone_of(&path);
        let objects = git::Objects::of(&repository);
        let ours = check_all(&repository, &objects);
        let theirs = repository.fsck(true).messages;
        let theirs: BTreeSet<_> = theirs
            .into_iter()
            .flat_map(|(id, messages)| messages.into_iter().map(move |message| (id, message)))
            .collect();
        assert_eq!(ours, theirs, "{}", path.display());
        println!("{}: {} findings", path.display(), theirs.len());
        measure(&objects);
    }
}

/// Our findings for all objects, special blobs included.
fn check_all(repository: &Repository, objects: &git::Objects) -> BTreeSet<(ObjectId, Message)> {
    let mut all = BTreeSet::new();
    let mut specials = BTreeSet::new();
    for (id, kind, content) in objects.iter() {
        let ours = check(kind, content, Strictness::Strict);
        all.extend(
            printed(&ours.findings, true)
                .into_iter()
                .map(|message| (id, message)),
        );
        specials.extend(ours.specials);
        match kind {
            ObjectKind::Commit => assert!(facts::commit(content).is_ok(), "{id}"),
            ObjectKind::Tag => assert!(facts::tag(content).is_ok(), "{id}"),
            ObjectKind::Tree => assert!(facts::tree_entries(content).all(|entry| entry.is_ok())),
            ObjectKind::Blob => {}
        }
    }
    for (special, id) in specials {
        let content = repository.read_blob(id);
        let mut findings = Vec::new();
        fsck::check_special(special, &content, &mut |finding| findings.push(finding));
        all.extend(
            printed(&findings, true)
                .into_iter()
                .map(|message| (id, message)),
        );
    }
    all
}

/// Prints how fast the checks run; the figures matter only in a release build.
#[allow(clippy::disallowed_methods)] // a clock, in a test
#[allow(clippy::cast_precision_loss)]
fn measure(objects: &git::Objects) {
    let run = |label: &str, kind: ObjectKind, pass: &dyn Fn(&[u8]) -> u64| {
        let chosen: Vec<_> = objects.iter().filter(|object| object.1 == kind).collect();
        let bytes: usize = chosen.iter().map(|object| object.2.len()).sum();
        let start = Instant::now();
        let mut rounds = 0_u32;
        let mut sum = 0;
        while start.elapsed().as_millis() < 200 {
            sum += chosen.iter().map(|object| pass(object.2)).sum::<u64>();
            rounds += 1;
        }
        let seconds = start.elapsed().as_secs_f64() / f64::from(rounds);
        println!(
            "  {label} {kind}: {} objects, {bytes} bytes, {:.0} MB/s, {:.0} ns an object ({sum})",
            chosen.len(),
            bytes as f64 / seconds / 1e6,
            seconds * 1e9 / chosen.len().max(1) as f64,
        );
    };
    for kind in [ObjectKind::Commit, ObjectKind::Tree, ObjectKind::Tag] {
        run("fsck", kind, &|content| {
            let mut found = 0;
            let mut report = |_| found += 1;
            fsck::check(
                kind,
                content,
                Strictness::Lenient,
                &mut report,
                &mut |_, _| {},
            );
            found
        });
    }
    run("facts", ObjectKind::Commit, &|content| {
        facts::commit(content).unwrap().time & 1
    });
    run("facts", ObjectKind::Tree, &|content| {
        facts::tree_entries(content).count() as u64
    });
}
