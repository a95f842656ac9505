//! Requests that are done once, and their answers.

use cairn::storage::db::sql::{Database, in_transaction, query_first};
use cairn::storage::repository::idempotency::{ANSWER_BYTES_MAX, DoneRequest, KEPT_MAX, KEPT_MS};
use cairn::storage::repository::store::RepoStore;

use super::{NOW, created};

crate::contract::cases![
    an_answer_is_given_again_for_a_day,
    an_answer_costs_one_row_however_many_there_are,
    old_answers_and_too_many_go_as_others_come,
    an_answer_goes_with_the_transaction_that_it_is_of,
    an_answer_that_fits_no_row_is_refused,
];

fn done(request: u8) -> DoneRequest {
    DoneRequest {
        request: [request; 32],
        status: 201,
        answer: format!("{{\"made\":{request}}}"),
    }
}

fn kept<D: Database>(store: &RepoStore<D>) -> i64 {
    let sql = "SELECT count(*) FROM idempotency";
    let count = query_first(store.database(), sql, &[], |row| row.integer(0));
    count.unwrap().unwrap()
}

fn an_answer_is_given_again_for_a_day<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    assert_eq!(store.find_done(&[1; 32], NOW), Ok(None));
    store.keep_done(&[1; 32], &done(7), NOW).unwrap();
    assert_eq!(store.find_done(&[2; 32], NOW), Ok(None));
    let last = NOW + KEPT_MS - 1;
    assert_eq!(store.find_done(&[1; 32], last), Ok(Some(done(7))));
    assert_eq!(store.find_done(&[1; 32], last + 1), Ok(None));
    // The key may be used for another request then.
    store.keep_done(&[1; 32], &done(8), last + 1).unwrap();
    assert_eq!(store.find_done(&[1; 32], last + 1), Ok(Some(done(8))));
    assert_eq!(kept(&store), 1);
}

fn an_answer_costs_one_row_however_many_there_are<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    for key in 0..50 {
        let before = store.database().rows_written();
        store.keep_done(&[key; 32], &done(key), NOW).unwrap();
        // Beside the entry of the index on its key, which not every database counts.
        let written = store.database().rows_written() - before;
        assert!(written == 1 || written == 2, "{written}");
    }
    let before = store.database().rows_read();
    assert_eq!(store.find_done(&[99; 32], NOW), Ok(None));
    store.find_done(&[9; 32], NOW).unwrap().unwrap();
    assert!(store.database().rows_read() - before <= 2);
}

fn old_answers_and_too_many_go_as_others_come<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    for key in 0..10 {
        store.keep_done(&[key; 32], &done(key), NOW).unwrap();
    }
    for key in 10..16 {
        store
            .keep_done(&[key; 32], &done(key), NOW + KEPT_MS)
            .unwrap();
    }
    assert_eq!(kept(&store), 6, "two go for each that comes");
    let sql = "UPDATE idempotency SET seq = seq + ?1 WHERE seq > 12";
    store.database().execute(sql, &[KEPT_MAX.into()]).unwrap();
    let later = NOW + KEPT_MS + 1;
    assert_eq!(store.find_done(&[10; 32], later), Ok(Some(done(10))));
    store.keep_done(&[20; 32], &done(20), later).unwrap();
    assert_eq!(store.find_done(&[10; 32], later), Ok(None));
    assert_eq!(store.find_done(&[20; 32], later), Ok(Some(done(20))));
}

fn an_answer_goes_with_the_transaction_that_it_is_of<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let undone = in_transaction(store.database(), || {
        store.keep_done(&[1; 32], &done(7), NOW)?;
        Err::<(), _>(cairn::git::store::StoreError::Failed("no".to_owned()))
    });
    undone.unwrap_err();
    assert_eq!(store.find_done(&[1; 32], NOW), Ok(None));
}

fn an_answer_that_fits_no_row_is_refused<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let answer = |bytes| DoneRequest {
        answer: "x".repeat(bytes),
        ..done(7)
    };
    let longest = answer(ANSWER_BYTES_MAX);
    store.keep_done(&[1; 32], &longest, NOW).unwrap();
    let longer = answer(ANSWER_BYTES_MAX + 1);
    store.keep_done(&[2; 32], &longer, NOW).unwrap_err();
    assert_eq!(store.find_done(&[2; 32], NOW), Ok(None));
}
