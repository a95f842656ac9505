//! The clients' requests, and the answers to them.

use std::sync::Mutex;

/// One change of one ref.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Update {
    pub name: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A client's knowledge of a change that it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The server said that it is done.
    Done,
    /// The server refused it.
    Refused,
    /// No answer came, or one that tells nothing: the server was killed, say.
    Lost,
    /// No answer came, but the ref showed afterwards that it was done.
    Found,
    /// No answer came, and the ref showed afterwards that nothing was done.
    Absent,
}

/// One line.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The number of the repository.
    pub repository: usize,
    pub update: Update,
    pub told: Told,
}

/// All lines, in no order.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Vec<Entry>>);

impl Ledger {
    pub fn note(&self, repository: usize, update: &Update, told: Told) {
        let update = update.clone();
        self.0.lock().unwrap().push(Entry {
            repository,
            update,
            told,
        });
    }

    /// The lines of one repository.
    pub fn of(&self, repository: usize) -> Vec<Entry> {
        let lines = self.0.lock().unwrap();
        let mut lines = lines.clone();
        lines.retain(|line| line.repository == repository);
        lines
    }

    /// How many lines say this.
    pub fn count(&self, told: Told) -> usize {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|line| line.told == told).count()
    }

    /// The events that there must be at least.
    pub fn happened(&self) -> usize {
        self.count(Told::Done) + self.count(Told::Found)
    }
}
