//! The cost of one request, as the Worker learns it. For a git request that the object answers,
//! this writes the log line once the last byte is sent or the client has hung up.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Poll;

use futures::stream;
use futures::stream::{Stream, StreamExt as _};
use gix_object::bstr::BStr;
use worker::Request;

use super::answer::Answer;
use crate::git::protocol::advertise::Service;
use crate::repo_do::contract::{
    Actor, Asker, Behalf, RefsChanged, RequestLine, Usage, UsageDay, header,
};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::lease::Lease;
use crate::repo_do::runtime::reply::{self, Media};
use crate::storage::analytics;
use crate::storage::db::sql::Database as _;

/// Why an answer is at fault although its status is 200.
pub(crate) mod fault {
    /// The client heard so in-band: `ERR`, band 3, or the report of a push.
    pub(crate) const REFUSED: &str = "REFUSED_IN_BAND";
    /// The client hung up, or the answer broke off.
    pub(crate) const ABORTED: &str = "ABORTED";
}

/// One request to the object.
pub(crate) struct Account {
    object: Rc<RepoObject>,
    request_id: String,
    behalf: Option<Behalf>,
    address: String,
    repository: String,
    begun_ms: i64,
    /// Rows read and written before.
    rows_before: (u64, u64),
    asker: Cell<Asker>,
    token_id: RefCell<Option<String>>,
    refs_changed: RefCell<Option<RefsChanged>>,
    packs: Cell<u64>,
    bytes_in: Cell<Option<u64>>,
    bytes_out: Cell<u64>,
    error: RefCell<Option<String>>,
    /// Whether a ready clone was the answer.
    is_ready_clone: Cell<bool>,
    /// Whether the answer is complete, down to its last byte.
    is_whole: Cell<bool>,
    /// Whether its bytes were added to the repository's usage.
    is_in_usage: Cell<bool>,
    /// Method and route, if this writes the log line.
    logged_as: Cell<Option<(&'static str, &'static str)>>,
}

impl Account {
    /// Opens the account of a request that begins.
    pub(crate) fn begin(object: &Rc<RepoObject>, request: &Request) -> Rc<Self> {
        let header = |name| {
            request
                .headers()
                .get(name)
                .ok()
                .flatten()
                .unwrap_or_default()
        };
        Rc::new(Self {
            object: Rc::clone(object),
            request_id: header(header::REQUEST_ID),
            behalf: header(header::BEHALF).parse().ok(),
            address: header(header::ADDRESS),
            repository: header(header::REPOSITORY),
            begun_ms: now_ms(),
            rows_before: rows(object),
            asker: Cell::default(),
            token_id: RefCell::default(),
            refs_changed: RefCell::default(),
            packs: Cell::default(),
            bytes_in: Cell::default(),
            bytes_out: Cell::default(),
            error: RefCell::default(),
            is_ready_clone: Cell::default(),
            is_whole: Cell::default(),
            is_in_usage: Cell::default(),
            logged_as: Cell::default(),
        })
    }

    /// The request's id; empty if the Worker gave none.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The address that it comes from, where the deployment knows it.
    pub(crate) fn address(&self) -> Option<&str> {
        Some(self.address.as_str()).filter(|address| !address.is_empty())
    }

    /// The administrator of the namespace for whom the Worker asks as the operator.
    pub(crate) fn behalf(&self) -> Option<&Behalf> {
        self.behalf.as_ref()
    }

    /// Notes the caller, whose credential was accepted.
    pub(crate) fn note_actor(&self, actor: Actor) {
        self.asker.set(match actor {
            Actor::Anonymous => Asker::Anonymous,
            Actor::Operator if self.behalf.is_none() => Asker::Operator,
            Actor::Operator | Actor::NamespaceAdmin | Actor::NamespaceToken => {
                Asker::NamespaceToken
            }
            Actor::Token(_) => Asker::Token,
        });
    }

    /// Notes a ref that the push or the write changed.
    pub(crate) fn note_changed(&self, name: &BStr) {
        self.refs_changed
            .borrow_mut()
            .get_or_insert_default()
            .add(name);
    }

    /// Notes the token that was shown.
    pub(crate) fn note_token(&self, token_id: &str) {
        self.token_id.replace(Some(token_id.to_owned()));
    }

    /// Writes the log line under this method and route in the end.
    pub(crate) fn log_as(&self, method: &'static str, route: &'static str) {
        self.logged_as.set(Some((method, route)));
    }

    /// Whether it writes the log line.
    pub(crate) fn logs(&self) -> bool {
        self.logged_as.get().is_some()
    }

    /// Leaves the log line to the Worker: the request was refused before anything was sent.
    pub(crate) fn log_elsewhere(&self) {
        self.logged_as.set(None);
    }

    /// Notes how many packs the answer is made of.
    pub(crate) fn note_packs(&self, packs: usize) {
        self.packs.set(packs as u64);
    }

    /// Notes how many bytes of the body came.
    pub(crate) fn received(&self, bytes: u64) {
        self.bytes_in.set(Some(bytes));
    }

    /// Counts bytes that were sent, or will be.
    pub(crate) fn sent(&self, bytes: u64) {
        self.bytes_out
            .set(self.bytes_out.get().saturating_add(bytes));
    }

    /// Adds its bytes, and so many fetches, to the repository's usage; once.
    pub(crate) fn add_usage(&self, fetches: u64) {
        if self.is_in_usage.replace(true) {
            return;
        }
        self.object.usage.add(&UsageDay {
            day: UsageDay::of(now_ms()),
            pushes: 0,
            fetches,
            bytes_in: self.bytes_in.get().unwrap_or(0),
            bytes_out: self.bytes_out.get(),
        });
    }

    /// Notes that the answer is a ready clone.
    pub(crate) fn note_ready_clone(&self) {
        self.is_ready_clone.set(true);
    }

    /// Notes that the answer tells of a failure; the first one counts.
    pub(crate) fn failed(&self, error: impl Into<String>) {
        self.error.borrow_mut().get_or_insert_with(|| error.into());
    }

    /// A text for the client, with the request's id, which ties it to the log.
    pub(crate) fn named(&self, text: &str) -> String {
        format!("{} (request {})", text.trim_end(), self.request_id)
    }

    /// The cost of the request so far.
    pub(crate) fn usage(&self) -> Usage {
        let (read, written) = rows(&self.object);
        Usage {
            rows_read: read.saturating_sub(self.rows_before.0),
            rows_written: written.saturating_sub(self.rows_before.1),
            packs: self.packs.get(),
            answer_bytes: self.bytes_out.get(),
            token_id: self.token_id.borrow().clone(),
            asker: self.asker.get(),
            refs_changed: self.refs_changed.borrow().clone(),
            rate_left: self
                .object
                .rates
                .left(self.asker.get() != Asker::Anonymous, now_ms()),
        }
    }
}

/// Rows read and written since the object woke. Rows of other requests meanwhile count as well.
fn rows(object: &RepoObject) -> (u64, u64) {
    object.store().map_or((0, 0), |store| {
        let db = store.database();
        (db.rows_read(), db.rows_written())
    })
}

impl Drop for Account {
    fn drop(&mut self) {
        let Some((method, route)) = self.logged_as.get() else {
            return;
        };
        if !self.is_whole.get() {
            self.failed(fault::ABORTED);
        }
        if self.bytes_out.get() > 0 {
            self.add_usage(0);
        }
        let (namespace, repository) = self.repository.split_once('/').unwrap_or_default();
        let line = RequestLine {
            request_id: std::mem::take(&mut self.request_id),
            method: method.to_owned(),
            route: route.to_owned(),
            namespace: Some(namespace.to_ascii_lowercase()),
            repository: Some(repository.to_ascii_lowercase()),
            status: 200,
            error: self.error.take(),
            // Git has no sessions.
            session: None,
            bytes_in: self.bytes_in.get(),
            bytes_out: self.bytes_out.get(),
            wall_ms: now_ms().saturating_sub(self.begun_ms),
            ready: self.is_ready_clone.get(),
            usage: self.usage(),
        };
        worker::console_log!("{}", line.to_json());
        analytics::write_request(&self.object.env, &line.texts(), &line.numbers());
    }
}

/// An answer that is here whole.
pub(crate) fn whole(account: &Account, service: Service, media: Media, bytes: Vec<u8>) -> Answer {
    let head = reply::git(service, media, &account.request_id)?;
    account.sent(bytes.len() as u64);
    account.is_whole.set(true);
    Ok(head.fixed(bytes))
}

/// An answer that is made while the client reads it.
pub(crate) fn streamed(
    account: &Rc<Account>,
    service: Service,
    media: Media,
    pieces: impl Stream<Item = worker::Result<Vec<u8>>> + 'static,
) -> Answer {
    let head = reply::git(service, media, &account.request_id)?;
    let (counting, ending) = (Rc::clone(account), Rc::clone(account));
    let counted = pieces.inspect(move |piece| match piece {
        Ok(bytes) => counting.sent(bytes.len() as u64),
        Err(_) => counting.failed(fault::ABORTED),
    });
    let end = stream::poll_fn(move |_| {
        ending.is_whole.set(true);
        Poll::Ready(None)
    });
    Ok(head.from_stream(Lease::current().stream(counted.chain(end)))?)
}
