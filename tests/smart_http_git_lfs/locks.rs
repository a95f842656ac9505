//! Locks, as the people who share a repository use them.

use super::shared::{Story, is_noise};
use crate::support::git::Git;
use crate::support::history::noise;

/// Clones of two people, whose tokens have their names.
fn two_people(story: &Story) -> (Git, Git) {
    story.commit("a.bin", 1, 1000);
    story.commit("b.bin", 2, 1000);
    story.push();
    let person = |name: &str| {
        let url = story.hosted.url_with(&story.token("write", name));
        let clone = story.lfs.clone(&story.scratch, &url, name, &[]);
        clone.config("lfs.locksverify", "true")
    };
    (person("ann"), person("bob"))
}

fn change(git: &Git, path: &str, seed: u64) {
    git.write(path, noise(seed, 1000));
    git.commit(&format!("{path} changed"));
}

#[test]
fn a_locked_file_is_pushed_by_its_owner_alone() {
    for story in Story::with_each("locks") {
        let (ann, bob) = two_people(&story);
        ann.run(&["lfs", "lock", "a.bin"]);
        for git in [&ann, &bob] {
            let listed = git.run(&["lfs", "locks"]);
            assert!(listed.starts_with("a.bin\tann\tID:"), "{listed}");
        }
        let said = bob.fails(&["lfs", "lock", "a.bin"]);
        assert!(said.contains("lock already created"), "{said}");
        assert!(said.contains("locked by ann"), "{said}");

        change(&bob, "a.bin", 3);
        let refused = bob.try_run(&["push", "--quiet"], b"");
        assert!(!refused.ok);
        let said = [&refused.text(), &refused.stderr[..]].concat();
        assert!(said.contains("Unable to push locked files"), "{said}");
        assert!(said.contains("a.bin - ann"), "{said}");
        // A change of a file that nobody locked goes through.
        bob.run(&["reset", "--quiet", "--hard", "HEAD~1"]);
        change(&bob, "b.bin", 4);
        bob.run(&["push", "--quiet"]);

        ann.run(&["pull", "--quiet", "--rebase"]);
        change(&ann, "a.bin", 5);
        let ended = ann.try_run(&["push"], b"");
        assert!(ended.ok, "{}", ended.stderr);
        let said = [&ended.text(), &ended.stderr[..]].concat();
        assert!(
            said.contains("Consider unlocking your own locked files"),
            "{said}"
        );

        ann.run(&["lfs", "unlock", "a.bin"]);
        assert_eq!(bob.run(&["lfs", "locks"]), "");
        bob.run(&["pull", "--quiet", "--rebase"]);
        is_noise(&bob, "a.bin", 5, 1000);
        change(&bob, "a.bin", 6);
        bob.run(&["push", "--quiet"]);
    }
}

#[test]
fn a_lock_of_another_goes_by_force_alone() {
    for story in Story::with_newest("force") {
        let (ann, bob) = two_people(&story);
        ann.run(&["lfs", "lock", "a.bin"]);
        let said = bob.fails(&["lfs", "unlock", "a.bin"]);
        assert!(said.contains("locked by ann"), "{said}");
        assert!(said.contains("only force removes it"), "{said}");
        bob.run(&["lfs", "unlock", "--force", "a.bin"]);
        assert_eq!(ann.run(&["lfs", "locks"]), "");
        let said = ann.fails(&["lfs", "unlock", "a.bin"]);
        assert!(said.contains("no matching locks found"), "{said}");
        // It is anybody's now.
        bob.run(&["lfs", "lock", "a.bin"]);
        let listed = ann.run(&["lfs", "locks", "--path", "a.bin"]);
        assert!(listed.starts_with("a.bin\tbob\tID:"), "{listed}");
    }
}

/// A person with two tokens of one label is one owner: on another machine too.
#[test]
fn tokens_of_one_label_are_one_owner() {
    for story in Story::with_newest("label") {
        let (ann, _) = two_people(&story);
        ann.run(&["lfs", "lock", "a.bin"]);
        let url = story.hosted.url_with(&story.token("write", "ann"));
        let other = story.lfs.clone(&story.scratch, &url, "elsewhere", &[]);
        let verified = other.run(&["lfs", "locks", "--verify"]);
        // `O` marks one's own.
        assert!(verified.starts_with("O a.bin\tann"), "{verified}");
        change(&other, "a.bin", 3);
        other
            .config("lfs.locksverify", "true")
            .run(&["push", "--quiet"]);
        ann.run(&["lfs", "unlock", "a.bin"]);
    }
}

#[test]
fn locks_are_listed_by_path_id_and_number() {
    for story in Story::with_newest("list") {
        let (ann, bob) = two_people(&story);
        ann.run(&["lfs", "lock", "a.bin"]);
        bob.run(&["lfs", "lock", "b.bin"]);
        let lines = |arguments: &[&str]| -> Vec<String> {
            let arguments = [&["lfs", "locks"], arguments].concat();
            let listed = ann.run(&arguments);
            listed.lines().map(str::to_owned).collect()
        };
        let all = lines(&[]);
        assert_eq!(all.len(), 2);
        let (_, id) = all[1].split_once("ID:").unwrap();
        assert_eq!(lines(&["--id", id]), [all[1].clone()]);
        assert_eq!(lines(&["--path", "a.bin"]), [all[0].clone()]);
        assert_eq!(lines(&["--path", "c.bin"]), Vec::<String>::new());
        assert_eq!(lines(&["--limit", "1"]), [all[0].clone()]);
        let json = ann.run(&["lfs", "locks", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0]["path"], "a.bin");
        assert_eq!(json[0]["owner"]["name"], "ann");
        ann.run(&["lfs", "unlock", "--id", json[0]["id"].as_str().unwrap()]);
        assert_eq!(lines(&[]).len(), 1);
    }
}
