//! Refs made, moved and deleted, as git sees them.

use super::*;

#[test]
fn refs_are_made_moved_and_deleted_as_by_a_push() {
    let desk = Desk::new("changes");
    let [first, second, third] = [0, 1, 2].map(|number| desk.commits[number].clone());
    let made = desk.update(&json!([
        {"name": "refs/heads/topic", "new": "main"},
        {"name": "refs/tags/light", "new": first},
        {"name": "refs/notes/x", "new": "HEAD", "old": null},
    ]));
    assert_eq!(made[0]["old"], Value::Null);
    assert_eq!(made[0]["new"], third);
    let expect = [
        ("refs/heads/main", &third),
        ("refs/heads/topic", &third),
        ("refs/notes/x", &third),
        ("refs/tags/light", &first),
    ];
    let expect = expect.map(|(name, id)| (name.to_owned(), id.clone()));
    assert_eq!(desk.refs(), expect);
    // Backwards, as git push --force does.
    let moved = desk.update(&json!([
        {"name": "refs/heads/topic", "new": second, "old": third},
        {"name": "refs/tags/light", "new": null, "old": first},
        {"name": "refs/notes/x", "new": null},
        {"name": "refs/heads/not-there", "new": null},
    ]));
    assert_eq!(
        (&moved[0]["old"], &moved[0]["new"]),
        (&json!(third), &json!(second))
    );
    assert_eq!(
        (&moved[1]["old"], &moved[1]["new"]),
        (&json!(first), &Value::Null)
    );
    assert_eq!(desk.find("refs/heads/topic"), Some(second));
    assert_eq!(desk.refs().len(), 2);
    desk.scratch
        .clone(&desk.hosted.url(), "clone", &["--mirror"])
        .fsck_strict();
}

#[test]
fn an_annotated_tag_equals_gits() {
    let desk = Desk::new("tags");
    let tagger = json!({"name": "A U Thor", "email": "a@example.com", "date": "@1700000000 +0100"});
    let tag = json!({"message": "release 1  \n\n\nnotes\n\n", "tagger": tagger});
    let made = desk.update(&json!([
        {"name": "refs/tags/v1", "new": "main", "tag": tag},
        {"name": "refs/tags/tree", "new": desk.source.run(&["rev-parse", "main^{tree}"]).trim(),
            "tag": {"message": "a tree"}},
    ]));
    let git = Git::in_folder(desk.source.folder(), desk.scratch.path())
        .variable("GIT_COMMITTER_NAME", "A U Thor")
        .variable("GIT_COMMITTER_EMAIL", "a@example.com")
        .variable("GIT_COMMITTER_DATE", "@1700000000 +0100");
    git.run(&["tag", "-a", "v1", "-m", "release 1\n\nnotes", "main"]);
    let by_git = desk.source.run(&["rev-parse", "v1"]);
    assert_eq!(made[0]["new"], by_git.trim());
    let clone = desk
        .scratch
        .clone(&desk.hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    assert_eq!(
        clone.run(&["rev-parse", "v1^{commit}"]).trim(),
        desk.commits[2]
    );
    let caller = clone.run(&["for-each-ref", "--format=%(taggeremail)", "refs/tags/tree"]);
    assert!(caller.trim().ends_with("@cairn.invalid>"), "{caller}");
    // A ref may name the tag object itself, under any name.
    desk.update(&json!([{"name": "refs/tags/again", "new": "v1"}]));
    assert_eq!(desk.find("refs/tags/again").as_deref(), Some(by_git.trim()));
}

#[test]
fn the_first_branch_of_a_repository_becomes_its_head() {
    let desk = Desk::new("head");
    desk.set(&json!({"default_branch": "gone"}));
    desk.update(&json!([{"name": "refs/heads/other", "new": "refs/heads/main"}]));
    desk.set(&json!({"default_branch": "main"}));
    let deleted = desk.post(&json!({"updates": [{"name": "refs/heads/main", "new": null}]}));
    let error = refused(&deleted, 403, REF_REFUSED, "/updates/0/name");
    assert_eq!(error["details"]["rule"], "default_branch");
}
