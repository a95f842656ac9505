//! Parts that are rebuilt from the packs.

use std::rc::Rc;

use cairn::git::store::PackStore as _;
use cairn::git::store::Part;

use super::hosted::{Source, created, merge_due, push, push_pack};
use super::judge;

#[test]
fn lost_parts_are_rebuilt() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let mut tip = None;
    for _ in 0..20 {
        let new = source.commit("main", 2);
        push(&store, &source, "refs/heads/main", tip, new);
        tip = Some(new);
    }
    merge_due(&store);
    let (parts, problems) = judge::rebuild(&store);
    assert_eq!(problems, Vec::<String>::new());
    let new: Vec<_> = parts
        .iter()
        .map(|new| (new.0, new.1, new.2.as_slice()))
        .collect();
    store.replace_parts(&new).unwrap();
    judge::check(&store, source.path());
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());

    // A part that is wrong is found, and is put right.
    let last = store.live_packs().unwrap().last().copied().unwrap();
    let mut index = store.part(last.pack_id, Part::Index).unwrap().to_vec();
    let at = index.len() - 20;
    index[at] ^= 1;
    store
        .replace_parts(&[(last.pack_id, Part::Index, index.as_slice())])
        .unwrap();
    let (parts, problems) = judge::rebuild(&store);
    assert!(!problems.is_empty());
    let new: Vec<_> = parts
        .iter()
        .map(|new| (new.0, new.1, new.2.as_slice()))
        .collect();
    store.replace_parts(&new).unwrap();
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
    judge::check(&store, source.path());
}

#[test]
fn appended_entries_are_found_behind_the_trailer() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let mut tip = None;
    // One file, a link of the chain a push: the 51st is stored whole.
    for _ in 0..60 {
        let new = source.commit("main", 1);
        let pack = source.pack(&[new], tip.as_slice(), &["--delta-base-offset"]);
        push_pack(&store, &pack, "refs/heads/main", tip, new);
        tip = Some(new);
    }
    let records = store.live_packs().unwrap();
    let appended = records.iter().any(|record| {
        let bytes = judge::bytes(&store, record);
        let scratch = tempfile::tempdir().unwrap();
        super::hosted::git(scratch.path(), &["init", "-q", "--bare"], b"");
        // Git refuses a pack with bytes behind its trailer.
        std::fs::write(scratch.path().join("p.pack"), &bytes).unwrap();
        let output = std::process::Command::new("git")
            .args(["index-pack", "p.pack"])
            .current_dir(scratch.path())
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).contains("at the end")
    });
    assert!(appended, "some chain was ended");
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
    merge_due(&store);
    judge::check(&store, source.path());
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
}
