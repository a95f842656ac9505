//! Refs, read.

use std::ops::ControlFlow;

use cairn::git::store::RefSource;
use cairn::storage::db::sql::Database;
use cairn::storage::repository::packed_refs::PACKED_PAGE_REFS;
use cairn::storage::repository::publication::{Publication, RefBounds, RefOutcome, TooManyRefs};
use cairn::storage::repository::ref_counts::RefCounts;
use cairn::storage::repository::ref_record::RefRecord;
use cairn::storage::repository::store::RepoStore;

use super::{all_refs, created, id, must_change, publication, update};

crate::contract::cases![
    a_ref_is_found_by_its_whole_name,
    names_sort_by_bytes,
    a_prefix_is_read_page_by_page,
    relatives_are_found,
    head_is_a_symref,
    ten_thousand_refs_are_two_statements,
    packed_refs_are_few_rows,
    a_packed_ref_leaves_its_page_when_it_changes,
    a_list_that_is_broken_off_goes_on_behind_any_ref,
    refs_are_bounded_by_number_and_by_bytes_of_names,
    refs_that_were_never_counted_are_counted_once,
];

fn with_refs<D: Database>(open: &dyn Fn() -> D, names: &[&str]) -> RepoStore<D> {
    let store = created(open());
    must_change(
        &store,
        names
            .iter()
            .map(|name| update(name, None, Some(1)))
            .collect(),
    );
    store
}

fn a_ref_is_found_by_its_whole_name<D: Database>(open: &dyn Fn() -> D) {
    let store = with_refs(open, &["refs/heads/main"]);
    let mut tag = update("refs/tags/v1", None, Some(2));
    tag.peeled = Some(id(1));
    must_change(&store, vec![tag]);
    let expect = RefRecord {
        name: "refs/tags/v1".into(),
        target: id(2),
        peeled: Some(id(1)),
    };
    assert_eq!(store.find_ref("refs/tags/v1".into()), Ok(Some(expect)));
    for absent in [
        "refs/heads",
        "refs/heads/mai",
        "refs/heads/main/",
        "refs/heads/MAIN",
        "",
    ] {
        assert_eq!(store.find_ref(absent.into()), Ok(None), "{absent}");
    }
}

fn names_sort_by_bytes<D: Database>(open: &dyn Fn() -> D) {
    let names = [
        "refs/heads/b",
        "refs/heads/B",
        "refs/heads/a-b",
        "refs/heads/a.b",
        "refs/a/z",
    ];
    let store = with_refs(open, &names);
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let found: Vec<String> = all_refs(&store).into_iter().map(|found| found.0).collect();
    assert_eq!(found, sorted);
}

fn a_prefix_is_read_page_by_page<D: Database>(open: &dyn Fn() -> D) {
    let names = [
        "refs/heads/a",
        "refs/heads/b",
        "refs/heads/c",
        "refs/heads0",
        "refs/tags/a",
    ];
    let store = with_refs(open, &names);
    let page = |prefix: &str, after: Option<&str>, limit| -> Vec<String> {
        let found = store
            .refs(prefix.as_bytes(), after.map(Into::into), limit)
            .unwrap();
        found
            .into_iter()
            .map(|found| found.name.to_string())
            .collect()
    };
    assert_eq!(page("refs/heads/", None, 2), names[..2]);
    assert_eq!(page("refs/heads/", Some("refs/heads/b"), 2), names[2..3]);
    assert_eq!(page("refs/heads/", Some("refs/heads/c"), 2), names[..0]);
    assert_eq!(page("refs/heads/", Some("refs/a"), 1), names[..1]);
    assert_eq!(page("refs/heads", None, 9), names[..4]);
    assert_eq!(page("", Some("refs/heads/c"), 9), names[3..]);
    assert_eq!(page("zzz", None, 9), names[..0]);

    let mut visited = Vec::new();
    store
        .visit_refs(b"refs/heads/", |found| {
            visited.push(found.name.to_string());
            if visited.len() == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(visited, names[..2]);
}

fn relatives_are_found<D: Database>(open: &dyn Fn() -> D) {
    let names = [
        "refs/heads/a/b",
        "refs/heads/a-b",
        "refs/heads/c",
        "refs/heads/c-d/e",
    ];
    let store = with_refs(open, &names);
    let below = |name: &str| {
        store
            .find_ref_below(name.into())
            .unwrap()
            .map(|n| n.to_string())
    };
    let above = |name: &str| {
        store
            .find_ref_above(name.into())
            .unwrap()
            .map(|n| n.to_string())
    };
    assert_eq!(below("refs/heads/a").as_deref(), Some("refs/heads/a/b"));
    assert_eq!(below("refs/heads").as_deref(), Some("refs/heads/a-b"));
    for free in [
        "refs/heads/a/b",
        "refs/heads/c",
        "refs/heads/a-",
        "refs/tags",
    ] {
        assert_eq!(below(free), None, "{free}");
    }
    assert_eq!(above("refs/heads/a/b/c").as_deref(), Some("refs/heads/a/b"));
    assert_eq!(above("refs/heads/c/x/y/z").as_deref(), Some("refs/heads/c"));
    for free in [
        "refs/heads/a/b",
        "refs/heads/a/c/d",
        "refs/heads/c-d/f",
        "refs/x",
        "refs/y/z",
    ] {
        assert_eq!(above(free), None, "{free}");
    }
}

fn head_is_a_symref<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    assert_eq!(store.head(), Ok("refs/heads/main".into()));
    store
        .set_head("refs/heads/unborn".into(), super::NOW + 5)
        .unwrap();
    assert_eq!(store.head(), Ok("refs/heads/unborn".into()));
    assert_eq!(store.load().unwrap().unwrap().updated_at, super::NOW + 5);
    store.set_head("main".into(), super::NOW).unwrap_err();
}

fn ten_thousand_refs_are_two_statements<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let name = |number| format!("refs/heads/team-{}/topic-{number:05}", number % 7);
    must_change(
        &store,
        (0..10_000)
            .map(|n| update(&name(n), None, Some(1)))
            .collect(),
    );
    let before = store.database().statements();
    assert_eq!(store.refs(b"refs/", None, 20_000).unwrap().len(), 10_000);
    assert_eq!(
        store
            .refs(b"refs/heads/team-3/", None, 20_000)
            .unwrap()
            .len(),
        1_429
    );
    assert_eq!(store.database().statements() - before, 2);
}

/// A store whose refs came with a fork, every second one an annotated tag.
fn with_packed_refs<D: Database>(
    open: &dyn Fn() -> D,
    count: usize,
) -> (RepoStore<D>, Vec<RefRecord>) {
    let store = created(open());
    let record = |number: usize| RefRecord {
        name: format!("refs/tags/v{number:05}").into(),
        target: id(2),
        peeled: number.is_multiple_of(2).then(|| id(1)),
    };
    let refs: Vec<_> = (0..count).map(record).collect();
    for page in refs.chunks(PACKED_PAGE_REFS) {
        store.put_packed_page(page).unwrap();
    }
    (store, refs)
}

fn packed_refs_are_few_rows<D: Database>(open: &dyn Fn() -> D) {
    let before = created(open()).database().rows_written();
    let (store, refs) = with_packed_refs(open, 10_000);
    assert_eq!(store.database().rows_written() - before, 40);
    assert_eq!(store.refs(b"", None, 20_000), Ok(refs));
    assert_eq!(store.annotated_tags().unwrap().len(), 5_000);
    assert_eq!(store.annotated_tags().unwrap()[0], (id(2), id(1)));
    let too_many: Vec<_> = store.refs(b"", None, 257).unwrap();
    store.put_packed_page(&too_many).unwrap_err();
}

fn a_packed_ref_leaves_its_page_when_it_changes<D: Database>(open: &dyn Fn() -> D) {
    let (store, _) = with_packed_refs(open, 300);
    let moved = update("refs/tags/v00000", Some(2), Some(3));
    let deleted = update("refs/tags/v00299", Some(2), None);
    let before = store.database().rows_written();
    must_change(&store, vec![moved, deleted]);
    // Two pages, a ref, two rows of the reflog, and the repository's.
    assert_eq!(store.database().rows_written() - before, 6);
    assert_eq!(store.counts().unwrap().refs, 299);
    let before = store.database().rows_written();
    must_change(&store, vec![update("refs/tags/v00000", Some(3), Some(4))]);
    assert_eq!(store.database().rows_written() - before, 3);
    // A page that loses its last ref goes.
    let rest = store
        .refs(b"", Some("refs/tags/v00255".into()), 999)
        .unwrap();
    let delete = |one: &RefRecord| update(&one.name.to_string(), Some(2), None);
    must_change(&store, rest.iter().map(delete).collect());
    let found = store.refs(b"", None, 999).unwrap();
    assert_eq!(
        (found.len(), found[255].name.to_string()),
        (256, "refs/tags/v00255".to_owned())
    );
    let stale = super::change(&store, vec![update("refs/tags/v00001", Some(7), None)]);
    assert_eq!(
        stale,
        [RefOutcome::Stale {
            actual: Some(id(2))
        }]
    );
}

fn a_list_that_is_broken_off_goes_on_behind_any_ref<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let record = |number: usize| RefRecord {
        name: format!("refs/heads/p{number:04}").into(),
        target: id(1),
        peeled: None,
    };
    let packed: Vec<_> = (0..300).map(record).collect();
    for page in packed.chunks(PACKED_PAGE_REFS) {
        store.put_packed_page(page).unwrap();
    }
    let loose = (0..450).map(|n| update(&format!("refs/heads/p{n:04}x"), None, Some(1)));
    must_change(&store, loose.collect());
    let all: Vec<String> = all_refs(&store).into_iter().map(|found| found.0).collect();
    for step in [1, 7, 200, 751] {
        let mut shown: Vec<String> = Vec::new();
        loop {
            let before = shown.len();
            let after = shown.last().cloned();
            let after = after.as_deref().map(Into::into);
            let each = |record: &RefRecord| {
                shown.push(record.name.to_string());
                if shown.len() - before == step {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            };
            store.visit_refs_after(b"refs/", after, each).unwrap();
            if shown.len() - before < step {
                break;
            }
        }
        assert_eq!(shown, all, "by {step}");
    }
}

fn refs_are_bounded_by_number_and_by_bytes_of_names<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let bounds = RefBounds {
        refs_max: 3,
        name_bytes_max: 45,
    };
    let push = |updates| {
        let push = Publication {
            ref_bounds: bounds,
            ..publication(None, updates)
        };
        store.publish(&push).unwrap()
    };
    let too_many = |refs, name_bytes| {
        RefOutcome::TooMany(TooManyRefs {
            refs,
            refs_max: 3,
            name_bytes,
            name_bytes_max: 45,
        })
    };
    let made = |name: &str| update(name, None, Some(1));
    let four = [
        "refs/heads/a",
        "refs/heads/b",
        "refs/heads/c",
        "refs/heads/d",
    ];
    let outcomes = push(four.map(made).to_vec());
    assert_eq!(outcomes[..3], vec![RefOutcome::Updated; 3]);
    assert_eq!(outcomes[3], too_many(3, 36));
    let counts = |refs, name_bytes| RefCounts { refs, name_bytes };
    assert_eq!(store.ref_counts(), Ok(counts(3, 36)));
    // A ref that moves does not add one; one that goes makes room, in the same push too.
    assert_eq!(
        push(vec![update("refs/heads/a", Some(1), Some(2))]),
        [RefOutcome::Updated]
    );
    let exchange = vec![
        made("refs/heads/longer-than-that"),
        made("refs/heads/d"),
        update("refs/heads/b", Some(1), None),
    ];
    assert_eq!(
        push(exchange),
        [too_many(2, 24), RefOutcome::Updated, RefOutcome::Updated]
    );
    assert_eq!(store.ref_counts(), Ok(counts(3, 36)));
    // Updates that an atomic push does not do are not counted.
    let atomic = Publication {
        atomic: true,
        ref_bounds: bounds,
        ..publication(
            None,
            vec![
                update("refs/heads/c", Some(1), None),
                update("refs/heads/a", Some(9), None),
            ],
        )
    };
    store.publish(&atomic).unwrap();
    assert_eq!(store.ref_counts(), Ok(counts(3, 36)));
}

fn refs_that_were_never_counted_are_counted_once<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let packed = ["refs/heads/a", "refs/heads/b"].map(|name| RefRecord {
        name: name.into(),
        target: id(1),
        peeled: Some(id(2)),
    });
    store.put_packed_page(&packed).unwrap();
    must_change(&store, vec![update("refs/heads/long", None, Some(1))]);
    let counts = |refs, name_bytes| RefCounts { refs, name_bytes };
    assert_eq!(store.ref_counts(), Ok(counts(3, 39)));
    let before = store.database().rows_read();
    store.ref_counts().unwrap();
    assert!(store.database().rows_read() - before <= 1);
    must_change(&store, vec![update("refs/heads/a", Some(1), None)]);
    assert_eq!(store.ref_counts(), Ok(counts(2, 27)));
}
