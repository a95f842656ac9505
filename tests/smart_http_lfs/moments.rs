//! Moments in which the server is killed: each is a write in a database, in the midst of which it stands
//! still until then.

// Threads, in a test.
#![allow(clippy::disallowed_methods)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;

use crate::support::databases::{database_of, database_of_namespace};
use crate::support::rest::{Answer, Rest};
use crate::support::server::{ADMIN_KEY, Server};
use crate::support::stall::Stall;
use crate::support::wait::until_true;

/// How long the server may take to come to a moment.
const BACKGROUND: Duration = Duration::from_mins(2);

/// The object whose database is written.
#[derive(Debug, Clone)]
pub enum Of {
    /// The repository of this name.
    Repository(&'static str),
    /// The network that holds an object of Git LFS.
    Network,
    /// The namespace of this name.
    Namespace(&'static str),
}

/// A write, as a trigger says it, and the condition for it.
#[derive(Debug, Clone)]
pub struct Moment {
    of: Of,
    write: &'static str,
    condition: String,
}

/// A request that is made again and again.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    /// The body of a POST. Without one it is a DELETE.
    pub body: Option<Value>,
}

impl Of {
    fn database(&self, state: &Path) -> Connection {
        let repository = "SELECT 1 FROM repository WHERE name = ?1 AND phase IS NOT NULL";
        let network = "SELECT 1 FROM pack_holder WHERE r2_key LIKE ?1";
        match self {
            Self::Repository(name) => database_of(state, "RepoDo", repository, name),
            Self::Network => database_of(state, "NetworkDo", network, "lfs/%"),
            Self::Namespace(name) => database_of_namespace(state, name),
        }
    }
}

impl Moment {
    /// The first such write.
    pub fn first(of: Of, write: &'static str) -> Self {
        Self::when(of, write, "true")
    }

    /// The first such write for which the condition holds.
    pub fn when(of: Of, write: &'static str, condition: impl Into<String>) -> Self {
        Self {
            of,
            write,
            condition: condition.into(),
        }
    }

    fn arrange(&self, state: &Path) -> Stall {
        Stall::before(&self.of.database(state), self.write, &self.condition)
    }
}

impl Asked {
    /// Asks in a thread of its own, with any result, and again until it is over: the server may not
    /// listen yet, or end before it has read the request.
    fn ask_aside(&self, server: &Server, is_over: &Arc<AtomicBool>) -> JoinHandle<()> {
        let (url, asked, is_over) = (server.url(), self.clone(), Arc::clone(is_over));
        thread::spawn(move || {
            until_true("the moment", BACKGROUND, || {
                // The client panics where an answer is cut off.
                let _ = std::panic::catch_unwind(|| asked.ask(&url));
                is_over.load(Ordering::SeqCst)
            });
        })
    }

    fn ask(&self, url: &str) -> Answer {
        let rest = Rest::new(url, Some(ADMIN_KEY));
        match &self.body {
            Some(body) => rest.post(&self.path, body),
            None => rest.delete(&self.path),
        }
    }
}

/// Asks for something, and kills the server in the midst of each of these writes, one after another.
/// Then it runs again. `look` sees the state after each kill.
pub fn kill_in_each(
    server: &mut Server,
    asked: &Asked,
    moments: &[Moment],
    look: impl Fn(&Path, &Moment),
) {
    let mut stall = moments.first().map(|first| first.arrange(server.state()));
    for (at, moment) in moments.iter().enumerate() {
        let Some(stalled) = stall.take() else { return };
        let next = moments.get(at + 1);
        let is_over = Arc::new(AtomicBool::new(false));
        let asking = asked.ask_aside(server, &is_over);
        stalled.await_begun(&format!("{moment:?}"));
        is_over.store(true, Ordering::SeqCst);
        let between = |state: &Path| {
            stalled.lift();
            look(state, moment);
            stall = next.map(|next| next.arrange(state));
        };
        // A run that began goes on by itself, perhaps before the server answers anybody.
        match next {
            Some(_) => server.crash_into(between),
            None => server.crash_after(between),
        }
        asking.join().unwrap();
    }
}
