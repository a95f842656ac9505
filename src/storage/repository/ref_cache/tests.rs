use super::*;

fn record(name: &str, digit: char) -> RefRecord {
    RefRecord {
        name: name.into(),
        target: digit.to_string().repeat(40).parse().unwrap(),
        peeled: None,
    }
}

fn names(refs: &[RefRecord]) -> Vec<String> {
    refs.iter().map(|record| record.name.to_string()).collect()
}

#[test]
fn a_list_shows_the_refs_that_begin_with_a_prefix() {
    let mut list = RefList::default();
    for name in [
        "refs/heads/a",
        "refs/heads/b",
        "refs/heads0",
        "refs/tags/v1",
    ] {
        assert!(list.push(&record(name, '1')));
    }
    assert_eq!(
        names(list.below(b"refs/heads/")),
        ["refs/heads/a", "refs/heads/b"]
    );
    assert_eq!(names(list.below(b"refs/heads")).len(), 3);
    assert_eq!(names(list.below(b"refs/tags/v1")), ["refs/tags/v1"]);
    assert_eq!(list.below(b"").len(), 4);
    assert!(list.below(b"refs/notes/").is_empty());
    assert!(list.below(b"zzz").is_empty());
}

#[test]
fn a_ref_is_added_replaced_and_taken_out_in_its_place() {
    let mut list = RefList::default();
    for name in ["refs/heads/d", "refs/heads/b", "refs/heads/c"] {
        assert!(list.set(name.into(), Some(record(name, '1'))));
    }
    assert!(list.set("refs/heads/c".into(), Some(record("refs/heads/c", '2'))));
    assert!(list.set("refs/heads/d".into(), None));
    assert!(list.set("refs/heads/e".into(), None));
    let expect = [record("refs/heads/b", '1'), record("refs/heads/c", '2')];
    assert_eq!(list.below(b""), expect);
    // However often one is replaced, the room is that of the present ones.
    assert_eq!(list.room.0, expect.iter().map(bytes_of).sum::<usize>());
}

#[test]
fn room_is_bounded_and_given_back() {
    let before = KEPT_BYTES.get();
    let mut list = RefList::default();
    let long = record(&"r".repeat(KEPT_BYTES_MAX / 2), '1');
    assert!(list.push(&long));
    assert!(!list.push(&long));
    assert_eq!(list.below(b"").len(), 1);
    drop(list);
    assert_eq!(KEPT_BYTES.get(), before);
}
