//! Upstreams that fail, refuse, or lie.

use serde_json::{Value, json};

use super::story::{Upstream, follow, server, show, sync, told};
use super::support::git::refs_equal;
use super::support::remote::Rules;
use super::support::rest::{Hosted, Rest};

/// A mirror that has the first commit.
fn mirror(source: &Upstream, name: &str) -> (Rest, Hosted) {
    let rest = server().rest();
    let hosted = rest.create_repository("hostile", name);
    follow(&rest, &hosted, &source.url(), &json!({ "prune": true }));
    (rest, hosted)
}

/// Runs a sync that must fail. Returns the reason, and checks that the sync left nothing.
fn fails(rest: &Rest, hosted: &Hosted) -> String {
    let failed = sync(rest, hosted);
    assert_eq!(failed["state"], "failed", "{failed}");
    let stats = rest.get(&hosted.path("/stats")).result(200);
    assert_eq!(stats["packs"]["quarantined"], 0, "{stats}");
    let reason = failed["error"].as_str().unwrap().to_owned();
    assert_eq!(
        show(rest, hosted)["last_error"],
        Value::String(reason.clone())
    );
    reason
}

/// Makes the upstream honest again: the next sync must succeed.
fn recovers(source: &Upstream, (rest, hosted): (&Rest, &Hosted)) {
    source.remote.set(Rules::default());
    let done = sync(rest, hosted);
    assert_eq!(
        (&done["state"], &done["error"]),
        (&json!("updated"), &json!(null)),
        "{done}"
    );
    let clone = source.scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&source.git, &clone);
    assert_eq!(show(rest, hosted)["last_error"], Value::Null);
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    let source = Upstream::small();
    let (rest, hosted) = mirror(&source, "cut");
    source.commit("more");
    source.remote.set(Rules {
        cuts: Some((2, 30)),
        ..Rules::default()
    });
    let done = sync(&rest, &hosted);
    assert_eq!(
        (&done["state"], &done["attempts"]),
        (&json!("updated"), &json!(3)),
        "{done}"
    );
    source.commit("still more");
    recovers(&source, (&rest, &hosted));
}

#[test]
fn an_upstream_that_refuses_is_told_once() {
    let source = Upstream::small();
    let (rest, hosted) = mirror(&source, "refused");
    source.commit("more");
    // The failure comes in the middle: the upstream lists its refs, and refuses the pack.
    source.remote.set(Rules {
        fetch_status: Some(401),
        ..Rules::default()
    });
    for _ in 0..2 {
        let reason = fails(&rest, &hosted);
        assert!(reason.contains("credentials"), "{reason}");
    }
    source.remote.set(Rules {
        status: Some(404),
        ..Rules::default()
    });
    assert!(fails(&rest, &hosted).contains("404"));
    let failed = told(&rest, &hosted, "cairn.repo.upstream.failed");
    assert_eq!(failed.len(), 2, "{failed:?}");
    recovers(&source, (&rest, &hosted));
}

#[test]
fn a_wrong_pack_changes_nothing() {
    let source = Upstream::small();
    let (rest, hosted) = mirror(&source, "wrong-pack");
    let before = source.git.remote_refs(&hosted.url());
    let tip = source.commit("more");
    let objects = |list: String| {
        let pack = ["pack-objects", "--stdout", "--quiet"];
        let packed = source.git.try_run(&pack, list.as_bytes());
        packed.stdout
    };
    // Wrong packs: of another commit, of the commit without its tree, and a damaged one.
    let root = source.git.run(&["rev-list", "--max-parents=0", "main"]);
    let mut damaged = objects(format!("{tip}\n"));
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    for (pack, expect) in [
        (objects(format!("{root}\n")), "updated nothing"),
        (objects(format!("{tip}\n")), "updated nothing"),
        (damaged, "failed"),
    ] {
        source.remote.set(Rules {
            pack: Some(pack),
            ..Rules::default()
        });
        if expect == "failed" {
            let reason = fails(&rest, &hosted);
            assert!(reason.contains("refused"), "{reason}");
        } else {
            let judged = sync(&rest, &hosted);
            assert_eq!(
                (&judged["updated"], &judged["rejected"]),
                (&json!(0), &json!(1)),
                "{judged}"
            );
        }
        assert_eq!(source.git.remote_refs(&hosted.url()), before);
    }
    let stats = rest.get(&hosted.path("/stats")).result(200);
    assert_eq!(stats["packs"]["quarantined"], 0, "{stats}");
    recovers(&source, (&rest, &hosted));
}

#[test]
fn refs_that_move_between_the_list_and_the_fetch_are_listed_again() {
    let source = Upstream::small();
    let (rest, hosted) = mirror(&source, "moved");
    let tip = source.commit("more");
    // The list names a commit that no longer exists when the sync requests the pack.
    let gone = "1".repeat(40);
    source.remote.set(Rules {
        list: Some((1, vec![format!("{gone} refs/heads/main\n")])),
        ..Rules::default()
    });
    let done = sync(&rest, &hosted);
    assert_eq!(
        (&done["state"], &done["attempts"]),
        (&json!("updated"), &json!(2)),
        "{done}"
    );
    assert_eq!(
        source.git.remote_refs(&hosted.url())["refs/heads/main"],
        tip
    );
}

#[test]
fn one_ref_that_cannot_be_had_does_not_hold_the_others() {
    let source = Upstream::small();
    let (rest, hosted) = mirror(&source, "some");
    let tip = source.commit("more");
    // A branch that names a tree, and a branch whose name lies below another branch's.
    let tree = source.git.run(&["rev-parse", "main^{tree}"]);
    source.remote.set(Rules {
        list: Some((
            1,
            vec![
                format!("{tree} refs/heads/a-tree\n"),
                format!("{tip} refs/heads/main\n"),
                format!("{tip} refs/heads/main/below\n"),
            ],
        )),
        ..Rules::default()
    });
    let done = sync(&rest, &hosted);
    assert_eq!(
        (&done["updated"], &done["rejected"]),
        (&json!(1), &json!(2)),
        "{done}"
    );
    let refs = source.git.remote_refs(&hosted.url());
    assert_eq!(refs.get("refs/heads/main"), Some(&tip));
    assert_eq!(refs.get("refs/heads/a-tree"), None);
}

#[test]
fn an_upstream_does_not_get_shown_what_it_only_names() {
    let source = Upstream::small();
    let rest = server().rest();
    // A fork shares packs. So an object of another branch of its source lies there, but does not belong
    // to the fork.
    let owner = rest.create_repository("hostile", "owner");
    let work = source.scratch.repository("own");
    for (content, branch) in [("open\n", "main"), ("it is secret\n", "private")] {
        work.write("content", content);
        work.commit(branch);
        let to = format!("HEAD:refs/heads/{branch}");
        work.run(&["push", "--quiet", &owner.url(), &to]);
    }
    let secret = work.run(&["rev-parse", "HEAD"]);
    let fork = json!({ "name": "fork", "default_branch_only": true });
    let hosted = Hosted::made("hostile", &rest.post(&owner.path("/fork"), &fork));
    source.remote.set(Rules {
        list: Some((2, vec![format!("{secret} refs/heads/stolen\n")])),
        pack: Some(empty_pack(&source)),
        ..Rules::default()
    });
    let judged = follow(&rest, &hosted, &source.url(), &json!({}));
    assert_eq!(judged["rejected"], 1, "{judged}");
    let refs = source.git.remote_refs(&hosted.url());
    assert!(!refs.contains_key("refs/heads/stolen"), "{refs:?}");
}

fn empty_pack(source: &Upstream) -> Vec<u8> {
    source
        .git
        .try_run(&["pack-objects", "--stdout", "--quiet"], b"")
        .stdout
}
