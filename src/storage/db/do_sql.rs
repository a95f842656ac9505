//! The port on the database of a Durable Object, `ctx.storage.sql`
//! (<https://developers.cloudflare.com/durable-objects/api/sqlite-storage-api/>).
//!
//! Bound by hand, because every import here must `catch`: an exception that JavaScript throws
//! through a binding without it skips all Rust frames and wedges the object, and the platform
//! crate's cursor has four such bindings.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::ControlFlow;

use js_sys::{Array, ArrayBuffer, JsString, Reflect, Uint8Array};
use wasm_bindgen::closure::ScopedClosure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::row::{INTEGER_MAX, Row, Value, check_params};
use super::sql::{Database, EachRow};
use super::sql_error::SqlError;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = js_sys::Object)]
    type ObjectStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &ObjectStorage,
        body: &ScopedClosure<'_, dyn FnMut() -> Result<JsValue, JsValue>>,
    ) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, getter, catch)]
    fn sql(this: &ObjectStorage) -> Result<ObjectSql, JsValue>;

    #[wasm_bindgen(extends = js_sys::Object)]
    type ObjectSql;

    #[wasm_bindgen(method, catch, variadic)]
    fn exec(this: &ObjectSql, sql: &JsString, params: &Array) -> Result<Cursor, JsValue>;

    #[wasm_bindgen(method, getter, catch, js_name = databaseSize)]
    fn database_size(this: &ObjectSql) -> Result<f64, JsValue>;

    #[wasm_bindgen(extends = js_sys::Object)]
    type Cursor;

    #[wasm_bindgen(method, catch)]
    fn raw(this: &Cursor) -> Result<RawIterator, JsValue>;

    #[wasm_bindgen(method, getter, catch, js_name = rowsRead)]
    fn rows_read(this: &Cursor) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, getter, catch, js_name = rowsWritten)]
    fn rows_written(this: &Cursor) -> Result<f64, JsValue>;

    #[wasm_bindgen(extends = js_sys::Object)]
    type RawIterator;

    #[wasm_bindgen(method, catch)]
    fn next(this: &RawIterator) -> Result<Step, JsValue>;

    #[wasm_bindgen(extends = js_sys::Object)]
    type Step;

    #[wasm_bindgen(method, getter, catch)]
    fn done(this: &Step) -> Result<bool, JsValue>;

    #[wasm_bindgen(method, getter, catch)]
    fn value(this: &Step) -> Result<JsValue, JsValue>;
}

/// The database of one Durable Object.
pub(crate) struct ObjectDatabase {
    storage: ObjectStorage,
    sql: ObjectSql,
    /// Each statement's text as JavaScript has it, by its place in memory: they are constants.
    texts: RefCell<HashMap<(*const u8, usize), JsString>>,
    depth: Cell<u32>,
    closed: Cell<bool>,
    rows_read: Cell<u64>,
    rows_written: Cell<u64>,
    statements: Cell<u64>,
    changes: Cell<u64>,
}

impl ObjectDatabase {
    /// The database behind `ctx.storage`, of a class that was declared under
    /// `new_sqlite_classes`. Writes nothing.
    pub(crate) fn new(storage: &::worker::durable::Storage) -> Result<Self, SqlError> {
        let raw: &JsValue = storage.as_raw();
        let storage: ObjectStorage = raw.clone().unchecked_into();
        let sql = storage.sql().map_err(|thrown| failed(&thrown))?;
        Ok(Self {
            storage,
            sql,
            texts: RefCell::default(),
            depth: Cell::new(0),
            closed: Cell::new(false),
            rows_read: Cell::new(0),
            rows_written: Cell::new(0),
            statements: Cell::new(0),
            changes: Cell::new(0),
        })
    }

    /// Ends every use of this value. Its database was deleted, and a holder of an old handle must
    /// not write into the database that follows.
    pub(crate) fn close(&self) {
        self.closed.set(true);
    }

    fn check_open(&self) -> Result<(), SqlError> {
        if self.closed.get() {
            let text = "the database was deleted meanwhile".to_owned();
            return Err(SqlError::Failed(text));
        }
        Ok(())
    }

    /// Runs a statement. With `each`, shows each row until it breaks or errs, and steps through
    /// the rest all the same: a cursor left open would see later writes.
    fn run(
        &self,
        text: &'static str,
        params: &[Value<'_>],
        each: Option<&mut EachRow<'_>>,
    ) -> Result<u64, SqlError> {
        self.check_open()?;
        check_params(params)?;
        add(&self.statements, 1.0);
        if each.is_none() {
            add(&self.changes, 1.0);
        }
        let bound: Array = params.iter().map(|param| bind(*param)).collect();
        let cursor = self
            .sql
            .exec(&self.text(text), &bound)
            .map_err(|thrown| failed(&thrown))?;
        // `exec` has taken the first step, which is the whole of a statement without rows.
        let drained = each.map_or(Ok(()), |each| drain(&cursor, each));
        let read = cursor.rows_read().map_err(|thrown| failed(&thrown))?;
        let written = cursor.rows_written().map_err(|thrown| failed(&thrown))?;
        add(&self.rows_read, read);
        add(&self.rows_written, written);
        if written > 0.0 {
            add(&self.changes, 1.0);
        }
        drained?;
        Ok(whole(written))
    }

    fn text(&self, text: &'static str) -> JsString {
        let place = (text.as_ptr(), text.len());
        let mut texts = self.texts.borrow_mut();
        texts
            .entry(place)
            .or_insert_with(|| JsString::from(text))
            .clone()
    }
}

impl Database for ObjectDatabase {
    fn execute(&self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, SqlError> {
        self.run(sql, params, None)
    }

    fn execute_script(&self, sql: &'static str) -> Result<(), SqlError> {
        self.execute(sql, &[]).map(|_| ())
    }

    fn query(
        &self,
        sql: &'static str,
        params: &[Value<'_>],
        each: &mut EachRow<'_>,
    ) -> Result<(), SqlError> {
        self.run(sql, params, Some(each)).map(|_| ())
    }

    fn transaction(&self, body: &mut dyn FnMut() -> Result<(), SqlError>) -> Result<(), SqlError> {
        self.check_open()?;
        let mut given_up = None;
        // `transactionSync` rolls back when its callback throws, and throws on.
        let mut callback = || match body() {
            Ok(()) => Ok(JsValue::UNDEFINED),
            Err(error) => {
                let thrown = JsValue::from_str(&error.to_string());
                given_up = Some(error);
                Err(thrown)
            }
        };
        self.depth.set(self.depth.get().saturating_add(1));
        let ended = {
            // Unwind safety: after a panic the savepoint is rolled back, `given_up` is dropped
            // with this frame, and `depth` at worst stays high, which only disables a cache.
            let closure = ScopedClosure::borrow_mut_assert_unwind_safe(&mut callback);
            self.storage.transaction_sync(&closure)
        };
        debug_assert!(self.depth.get() > 0, "a transaction ends that never began");
        self.depth.set(self.depth.get().saturating_sub(1));
        add(&self.changes, 1.0);
        match (ended, given_up) {
            (_, Some(error)) => Err(error),
            (Err(thrown), None) => Err(failed(&thrown)),
            (Ok(_), None) => Ok(()),
        }
    }

    fn in_transaction(&self) -> bool {
        self.depth.get() > 0
    }

    fn rows_read(&self) -> u64 {
        self.rows_read.get()
    }

    fn rows_written(&self) -> u64 {
        self.rows_written.get()
    }

    fn statements(&self) -> u64 {
        self.statements.get()
    }

    fn changes(&self) -> u64 {
        self.changes.get()
    }

    fn database_bytes(&self) -> Result<u64, SqlError> {
        self.sql
            .database_size()
            .map(whole)
            .map_err(|thrown| failed(&thrown))
    }
}

/// Shows the rows, then steps to the end even if `each` failed.
fn drain(cursor: &Cursor, each: &mut EachRow<'_>) -> Result<(), SqlError> {
    let rows = cursor.raw().map_err(|thrown| failed(&thrown))?;
    let mut shown = Ok(ControlFlow::Continue(()));
    loop {
        let step = rows.next().map_err(|thrown| failed(&thrown))?;
        if step.done().map_err(|thrown| failed(&thrown))? {
            return shown.map(|_| ());
        }
        if let Ok(ControlFlow::Continue(())) = shown {
            let row = step.value().map_err(|thrown| failed(&thrown))?;
            shown = each(&ObjectRow(row.unchecked_into()));
        }
    }
}

/// A value as the platform binds it. Bytes are copied: a view into wasm memory needs `unsafe`.
fn bind(value: Value<'_>) -> JsValue {
    match value {
        Value::Null => JsValue::NULL,
        #[expect(
            clippy::cast_precision_loss,
            reason = "check_params keeps it below 2^53"
        )]
        Value::Integer(number) => JsValue::from_f64(number as f64),
        Value::Text(text) => JsValue::from_str(text),
        Value::Blob(blob) => Uint8Array::from(blob).into(),
    }
}

/// A row as `raw()` shows it: an array of null, numbers, strings and `ArrayBuffer`s.
struct ObjectRow(Array);

impl ObjectRow {
    fn value(&self, column: usize) -> Result<JsValue, SqlError> {
        let wrong = SqlError::Column {
            column,
            expected: "column of the row",
        };
        let index = u32::try_from(column).map_err(|_| wrong.clone())?;
        if index < self.0.length() {
            Ok(self.0.get(index))
        } else {
            Err(wrong)
        }
    }
}

impl Row for ObjectRow {
    fn is_null(&self, column: usize) -> Result<bool, SqlError> {
        Ok(self.value(column)?.is_null())
    }

    fn integer(&self, column: usize) -> Result<i64, SqlError> {
        let error = SqlError::Column {
            column,
            expected: "integer",
        };
        let number = self.value(column)?.as_f64().ok_or(error.clone())?;
        #[expect(clippy::cast_precision_loss, reason = "2^53 - 1 is exact")]
        let exact = number.fract() == 0.0 && number.abs() <= INTEGER_MAX as f64;
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        if exact { Ok(number as i64) } else { Err(error) }
    }

    fn text(&self, column: usize) -> Result<String, SqlError> {
        let error = SqlError::Column {
            column,
            expected: "text",
        };
        self.value(column)?.as_string().ok_or(error)
    }

    fn blob(&self, column: usize) -> Result<Vec<u8>, SqlError> {
        let value = self.value(column)?;
        if value.is_instance_of::<ArrayBuffer>() {
            Ok(Uint8Array::new(&value).to_vec())
        } else {
            Err(SqlError::Column {
                column,
                expected: "blob",
            })
        }
    }
}

/// An error with the message of a thrown JavaScript value.
fn failed(thrown: &JsValue) -> SqlError {
    let message = Reflect::get(thrown, &JsString::from("message")).ok();
    let text = message
        .and_then(|message| message.as_string())
        .or_else(|| thrown.as_string());
    SqlError::Failed(text.unwrap_or_else(|| "an exception without a message".to_owned()))
}

/// A count that JavaScript gives as a double.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates"
)]
fn whole(count: f64) -> u64 {
    count as u64
}

fn add(counter: &Cell<u64>, count: f64) {
    counter.set(counter.get().saturating_add(whole(count)));
}
