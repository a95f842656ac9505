//! The steps of the phase: pointers found, objects taken page by page, the report.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::super::super::filling::Outcome;
use super::super::attempt::{Attempt, busy};
use super::super::error::ImportError;
use super::page::Page;
use super::remote::LfsRemote;
use crate::git::graph::closure::TreeWalkError;
use crate::git::graph::commits::CommitGraph;
use crate::git::lfs::LfsOid;
use crate::git::maintenance::lfs_pointers::LfsPointers;
use crate::git::maintenance::reach::{Reach, ReachError, Reached};
use crate::git::maintenance::step::Step;
use crate::git::pack::reader::LivePacks;
use crate::git::store::StoreError;
use crate::repo_do::contract::ImportPhase;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::PUSH_BYTES;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::schedule;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::db::sql::in_transaction;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::imports::{ImportLfs, ImportRecord};

/// Objects asked for at once. Not git-lfs' hundred: so many fetches an alarm may make on the
/// platform's free plan, with the question itself and some redirects.
const PAGE_OBJECTS: u32 = 40;

/// How often the import goes through all objects that did not come and still may.
const PASSES_MAX: u32 = 3;

/// Attempts in a row at a page of which nothing comes, before the import goes on without it.
const PAGE_ATTEMPTS_MAX: u32 = 3;

/// Objects marked, and entries looked at, between two pauses: about 20 ms of CPU.
const REACH_OBJECTS: usize = 50_000;
const POINTER_ENTRIES: usize = 50_000;

/// Refs followed between two pauses.
const TIPS: usize = 1000;

/// Rows of unfinished objects that are forgotten at once.
const FORGOTTEN_AT_ONCE: u32 = 500;

impl Attempt {
    /// Does the next thing that is left to do, once the refs are live.
    pub(crate) async fn next_lfs(&self, record: &ImportRecord) -> Result<Outcome, ImportError> {
        match record.lfs {
            ImportLfs::LeftOut | ImportLfs::Later => {
                debug_assert!(false, "refs come first");
                Ok(Outcome::Finished)
            }
            ImportLfs::Finding => {
                self.show(record)?;
                self.find_pointers().await?;
                if self.store.wanted_lfs_objects(None, 1)?.is_empty() {
                    self.end_lfs(None)?;
                    return Ok(Outcome::Finished);
                }
                Ok(Outcome::More)
            }
            ImportLfs::Taking { pass, after } => {
                self.show(record)?;
                self.take_next(record, pass, after).await
            }
        }
    }

    /// Shows how far it is. An object that just woke reads it from its rows.
    fn show(&self, record: &ImportRecord) -> Result<(), StoreError> {
        let known = self.object.import.progress();
        if known.phase != ImportPhase::Lfs || known.total_lfs_objects == 0 {
            let (here, left) = (self.store.lfs_totals()?, self.store.wanted_lfs_totals()?);
            self.object.import.update(|progress| {
                progress.lfs_objects = here.objects;
                progress.lfs_bytes = here.bytes;
                progress.total_lfs_objects = here.objects.saturating_add(left.objects);
                progress.total_lfs_bytes = here.bytes.saturating_add(left.bytes);
            });
        }
        self.object.import.update(|progress| {
            progress.phase = ImportPhase::Lfs;
            progress.attempts = record.attempts;
        });
        Ok(())
    }

    /// Notes every object that a pointer names which the refs reach. One that is interrupted begins
    /// again.
    async fn find_pointers(&self) -> Result<(), ImportError> {
        let _reservation = reserve(PUSH_BYTES).await.map_err(busy)?;
        self.check_alive()?;
        let _reader = self.object.readers.enter(Purpose::Look, now_ms());
        let packs = self.live()?;
        let graph = CommitGraph::open(&*self.store, packs.records())?;
        let reached = self.reach(&packs, &graph).await?;
        let mut pointers = LfsPointers::new();
        loop {
            let mut found = Vec::new();
            let entries = &reached.entries;
            let step = pointers.step(&packs, entries, POINTER_ENTRIES, |pointer| {
                found.push(pointer);
            })?;
            if !found.is_empty() {
                self.store.want_lfs_objects(&found)?;
            }
            if step == Step::Done {
                break;
            }
            pause().await;
            self.check_alive()?;
        }
        self.store.begin_lfs_taking()?;
        Ok(())
    }

    async fn reach(
        &self,
        packs: &LivePacks<Rc<Store>>,
        graph: &CommitGraph,
    ) -> Result<Rc<Reached>, ImportError> {
        let mut tips = Vec::new();
        self.store.visit_refs(b"refs/", |record| {
            tips.push(record.target);
            ControlFlow::Continue(())
        })?;
        let mut reach = Reach::new(packs, graph).without_bases();
        for tips in tips.chunks(TIPS) {
            for tip in tips {
                reach.add_root(packs, graph, *tip)?;
            }
            while reach.step(packs, graph, REACH_OBJECTS)? == Step::More {
                pause().await;
                self.check_alive()?;
            }
            pause().await;
            self.check_alive()?;
        }
        Ok(reach.finish())
    }

    async fn take_next(
        &self,
        record: &ImportRecord,
        pass: u32,
        after: Option<LfsOid>,
    ) -> Result<Outcome, ImportError> {
        let objects = self
            .store
            .wanted_lfs_objects(after.as_ref(), PAGE_OBJECTS)?;
        let is_last_pass = pass.saturating_add(1) >= PASSES_MAX;
        if objects.is_empty() {
            if !is_last_pass && self.store.begin_lfs_pass()? {
                return Ok(Outcome::More);
            }
            self.end_lfs(None)?;
            return Ok(Outcome::Finished);
        }
        let remote = self.lfs_remote(record)?;
        let page = self.take_page(&remote, &objects).await?;
        self.note_page(record, page, is_last_pass)?;
        // An alarm has a bound on the requests to others: the next one goes on.
        Ok(Outcome::Paused)
    }

    fn lfs_remote(&self, record: &ImportRecord) -> Result<LfsRemote, ImportError> {
        let url = self.url(record)?;
        let credentials = self.credentials(record).map_err(|_| {
            let message = "it was interrupted, and credentials are not stored";
            ImportError::GivenUp(message.to_owned())
        })?;
        let configured = self.configured_server()?;
        let allow_private = self.object.allows_private_remotes();
        LfsRemote::new(&url, configured.as_deref(), credentials, allow_private)
    }

    /// Goes on behind a page, unless nothing came of it that may come soon.
    fn note_page(
        &self,
        record: &ImportRecord,
        page: Page,
        is_last_pass: bool,
    ) -> Result<(), ImportError> {
        let Page {
            last,
            taken,
            mut refused,
            mut later,
        } = page;
        let Some(last) = last else {
            return Err(ImportError::Unavailable("no time was left".to_owned()));
        };
        let attempts = record.attempts.saturating_add(1);
        let is_in_vain = taken == 0 && refused.is_empty();
        if is_in_vain && attempts < PAGE_ATTEMPTS_MAX {
            let reason = later.pop().map(|(_, reason)| reason);
            return Err(ImportError::Unavailable(reason.unwrap_or_default()));
        }
        if is_in_vain || is_last_pass {
            refused.append(&mut later);
        }
        self.store.note_lfs_asked(&last, &refused)?;
        Ok(())
    }

    /// Ends the import with the objects that are here. `error`: why no more is asked for.
    pub(crate) fn end_lfs(&self, error: Option<&str>) -> Result<(), ImportError> {
        let record = self.store.load()?.ok_or(ImportError::Deleted)?;
        in_transaction(self.store.database(), || {
            // These uploads began and never ended: nothing else is on its way while an import runs.
            loop {
                let begun = self
                    .store
                    .lfs_objects_overdue(INTEGER_MAX, FORGOTTEN_AT_ONCE)?;
                if begun.is_empty() {
                    break;
                }
                let key_of = |oid: &LfsOid| lfs_key(record.network(), oid);
                self.store.forget_lfs_objects(&begun, key_of, now_ms())?;
            }
            let report = self.store.lfs_report(error)?;
            self.store.set_lfs_report(&report)?;
            self.end(&[])
        })?;
        schedule::copies_due(&self.object, now_ms());
        Ok(())
    }
}

impl From<ReachError> for ImportError {
    fn from(error: ReachError) -> Self {
        match error {
            ReachError::Read(error) | ReachError::Tree(TreeWalkError::Read(error)) => error.into(),
            error @ ReachError::Tree(_) => Self::GivenUp(error.to_string()),
        }
    }
}
