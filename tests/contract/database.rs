//! The port itself.

use std::ops::ControlFlow;

use cairn::storage::db::row::{INTEGER_MAX, ROW_BYTES_MAX, Value};
use cairn::storage::db::sql::{Database, in_transaction, query_all, query_first};
use cairn::storage::db::sql_error::SqlError;

crate::contract::cases![
    values_come_back_as_they_went,
    a_wrong_type_is_an_error,
    a_failing_statement_is_an_error,
    a_row_beyond_the_limit_is_refused,
    a_break_ends_the_reading,
    an_error_of_the_reader_comes_through,
    a_transaction_is_undone_when_its_body_errs,
    transactions_nest,
    writes_are_counted,
];

fn table<D: Database>(open: &dyn Fn() -> D) -> D {
    let db = open();
    db.execute_script("CREATE TABLE t (k INTEGER PRIMARY KEY, v ANY) STRICT;")
        .unwrap();
    db
}

fn put<D: Database>(db: &D, key: i64, value: Value<'_>) -> Result<u64, SqlError> {
    db.execute("INSERT INTO t (k, v) VALUES (?1, ?2)", &[key.into(), value])
}

fn keys<D: Database>(db: &D) -> Vec<i64> {
    query_all(db, "SELECT k FROM t ORDER BY k", &[], |row| row.integer(0)).unwrap()
}

fn values_come_back_as_they_went<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    let sql = "SELECT v FROM t WHERE k = ?1";
    for (key, number) in (0..).zip([0, 1, -1, INTEGER_MAX, -INTEGER_MAX]) {
        put(&db, key, number.into()).unwrap();
        let back = query_first(&db, sql, &[key.into()], |row| row.integer(0));
        assert_eq!(back, Ok(Some(number)));
    }
    for (key, text) in (10..).zip(["", "text", "\u{e9}\u{1f600}"]) {
        put(&db, key, text.into()).unwrap();
        let back = query_first(&db, sql, &[key.into()], |row| row.text(0));
        assert_eq!(back, Ok(Some(text.to_owned())));
    }
    for (key, blob) in (20..).zip([&b""[..], &b"\0\xff"[..], &vec![7; 300_000]]) {
        put(&db, key, blob.into()).unwrap();
        let back = query_first(&db, sql, &[key.into()], |row| row.blob(0));
        assert_eq!(back, Ok(Some(blob.to_vec())));
    }
    put(&db, 30, Value::Null).unwrap();
    let back = query_first(&db, sql, &[30_i64.into()], |row| row.is_null(0));
    assert_eq!(back, Ok(Some(true)));
}

fn a_wrong_type_is_an_error<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    put(&db, 1, "text".into()).unwrap();
    let sql = "SELECT v FROM t";
    let wrong = |expected| SqlError::Column {
        column: 0,
        expected,
    };
    assert_eq!(
        query_first(&db, sql, &[], |row| row.integer(0)).unwrap_err(),
        wrong("integer")
    );
    assert_eq!(
        query_first(&db, sql, &[], |row| row.blob(0)).unwrap_err(),
        wrong("blob")
    );
    query_first(&db, sql, &[], |row| row.text(1)).unwrap_err();
    put(&db, 2, Value::Blob(b"blob")).unwrap();
    let sql = "SELECT v FROM t WHERE k = 2";
    assert_eq!(
        query_first(&db, sql, &[], |row| row.text(0)).unwrap_err(),
        wrong("text")
    );
    assert_eq!(
        query_first(&db, sql, &[], |row| row.object_id(0)).unwrap_err(),
        wrong("object id")
    );
}

fn a_failing_statement_is_an_error<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    assert!(matches!(
        db.execute("INSERT INTO nowhere VALUES (1)", &[]),
        Err(SqlError::Failed(_))
    ));
    put(&db, 1, Value::Null).unwrap();
    assert!(matches!(put(&db, 1, Value::Null), Err(SqlError::Failed(_))));
    // Fails on its second row, when the first was already read.
    put(&db, 2, "no json".into()).unwrap();
    let sql = "SELECT json(coalesce(v, '1')) FROM t ORDER BY k";
    assert!(matches!(
        query_all(&db, sql, &[], |row| row.text(0)),
        Err(SqlError::Failed(_))
    ));
    assert_eq!(keys(&db), [1, 2]);
}

fn a_row_beyond_the_limit_is_refused<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    let blob = vec![1; ROW_BYTES_MAX + 1];
    let expect = SqlError::RowTooLarge {
        bytes: ROW_BYTES_MAX + 1,
        limit: ROW_BYTES_MAX,
    };
    assert_eq!(put(&db, 1, Value::Blob(&blob)), Err(expect));
    put(&db, 2, Value::Blob(&blob[1..])).unwrap();
    assert_eq!(keys(&db), [2]);
}

fn a_break_ends_the_reading<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    for key in 0..5 {
        put(&db, key, Value::Null).unwrap();
    }
    let mut seen = 0;
    db.query("SELECT k FROM t", &[], &mut |_| {
        seen += 1;
        Ok(if seen == 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })
    .unwrap();
    assert_eq!(seen, 2);
    // The statement is over: the table can be changed.
    db.execute_script("DROP TABLE t;").unwrap();
}

fn an_error_of_the_reader_comes_through<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    put(&db, 1, Value::Null).unwrap();
    let result = db.query("SELECT k FROM t", &[], &mut |_| {
        Err(SqlError::IntegerTooLarge(7))
    });
    assert_eq!(result, Err(SqlError::IntegerTooLarge(7)));
}

fn a_transaction_is_undone_when_its_body_errs<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    let result: Result<(), SqlError> = in_transaction(&db, || {
        assert!(db.in_transaction());
        put(&db, 1, Value::Null)?;
        assert_eq!(keys(&db), [1]);
        Err(SqlError::IntegerTooLarge(7))
    });
    assert_eq!(result, Err(SqlError::IntegerTooLarge(7)));
    assert!(!db.in_transaction());
    assert!(keys(&db).is_empty());
    let result = in_transaction(&db, || put(&db, 1, Value::Null));
    assert_eq!(result, Ok(1));
    assert_eq!(keys(&db), [1]);
}

fn transactions_nest<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    let inner = |key, ends: Result<(), SqlError>| {
        in_transaction(&db, || {
            put(&db, key, Value::Null).and_then(|_| ends.clone())
        })
    };
    in_transaction(&db, || {
        inner(1, Ok(()))?;
        inner(2, Err(SqlError::GivenUp)).unwrap_err();
        assert!(db.in_transaction());
        inner(3, Ok(()))
    })
    .unwrap();
    assert_eq!(keys(&db), [1, 3]);
    in_transaction(&db, || {
        inner(4, Ok(()))?;
        Err::<(), _>(SqlError::GivenUp)
    })
    .unwrap_err();
    assert_eq!(keys(&db), [1, 3]);
}

fn writes_are_counted<D: Database>(open: &dyn Fn() -> D) {
    let db = table(open);
    let (statements, written) = (db.statements(), db.rows_written());
    assert_eq!(put(&db, 1, Value::Null), Ok(1));
    assert_eq!(db.execute("UPDATE t SET v = 1 WHERE k = 9", &[]), Ok(0));
    assert_eq!(db.rows_written() - written, 1);
    assert_eq!(db.statements() - statements, 2);
    let read = db.rows_read();
    assert_eq!(keys(&db), [1]);
    assert!(db.rows_read() > read);
    assert!(db.database_bytes().unwrap() > 0);
}
