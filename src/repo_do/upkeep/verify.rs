//! Everything that is stored, checked against the packs' bytes: the derived parts, the refs, the reflog and
//! the tokens row by row, the copies in R2, the ready clone, the account of the fork network, and rows that
//! should not exist or should.
//!
//! It repairs nothing but the ready clone: a clone that is not as it was written is made again.

use std::collections::HashSet;
use std::rc::Rc;

use serde::Serialize;

use super::check_refs::problem_of;
use super::rebuild::Rebuild;
use crate::git::graph::commits::CommitGraph;
use crate::git::graph::segment::Segment;
use crate::git::maintenance::compare::{self, Graph};
use crate::git::maintenance::overlay::Overlay;
use crate::git::pack::reader::LivePacks;
use crate::repo_do::object::{GRACE_MS, RepoObject};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::snapshot::{self, Audit, LfsCheck};
use crate::storage::repository::maintenance_runs::RunFigures;
use crate::storage::repository::orphans::{Orphans, Overdue};
use crate::storage::repository::row_audit::LoggedId;

/// Commits compared between two pauses.
const COMPARE_STEP_COMMITS: u32 = 500;

/// Problems that are described; the rest is counted.
const PROBLEMS_MAX: usize = 100;

/// How long the sweeper may be late.
const LATE_MS: i64 = 60 * 60 * 1000;

/// The counts and the problems of a verification.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Findings {
    /// Packs.
    pub(crate) packs: usize,
    /// Entries of packs.
    pub(crate) objects: u64,
    /// Commits of the graph.
    pub(crate) commits: usize,
    /// Refs.
    pub(crate) refs: u64,
    /// Packs of which R2 alone has the bytes.
    pub(crate) cold_packs: usize,
    /// Rows that should not be there, or should.
    pub(crate) orphans: Orphans,
    /// The audit of R2; `null` without a bucket.
    pub(crate) r2: Option<Audit>,
    /// The first problems.
    pub(crate) problems: Vec<String>,
    /// How many more there are.
    pub(crate) more_problems: u64,
}

impl Findings {
    fn add(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.more_problems += 1;
        }
    }

    /// The detail for the record of the run.
    fn detail(&self) -> String {
        let rows = self.orphans.chunk_rows + self.orphans.part_rows;
        let rows = format!("{rows} orphan rows");
        let r2 = self.r2.as_ref().map(|r2| {
            let counts = (r2.orphaned, r2.missing, r2.unheld, r2.astray);
            let (orphaned, missing, unheld, astray) = counts;
            format!("r2: {orphaned} orphaned, {missing} missing, {unheld} unheld, {astray} astray")
        });
        let problems = self.problems.first().map(|first| {
            let count = self.more_problems + self.problems.len() as u64;
            format!("{count} problems: {first}")
        });
        let told: Vec<_> = [Some(rows), r2, problems].into_iter().flatten().collect();
        told.join("; ")
    }
}

/// Checks everything; objects of Git LFS as thoroughly as is asked.
pub(crate) async fn verify(
    object: &Rc<RepoObject>,
    lfs: LfsCheck,
) -> Result<(Findings, RunFigures), Failure> {
    let _reader = object.readers.enter(Purpose::Look, now_ms());
    let rebuild = Rebuild::new(object)?;
    let findings = Findings {
        packs: rebuild.records.len(),
        objects: rebuild.objects(),
        cold_packs: rebuild.cold.len(),
        ..Findings::default()
    };
    let store = Rc::clone(&rebuild.store);
    let mut verify = Verify {
        rebuild,
        findings,
        is_compared: false,
        lfs,
    };
    let done = verify.run().await;
    let dropped = snapshot::drop_copies(object, &store).await;
    done?;
    dropped?;
    let findings = verify.findings;
    let figures = RunFigures {
        packs: findings.packs as u64,
        objects: findings.objects,
        detail: findings.detail(),
        ..RunFigures::default()
    };
    Ok((findings, figures))
}

struct Verify {
    rebuild: Rebuild,
    findings: Findings,
    /// Refs and reflog were compared with the packs.
    is_compared: bool,
    lfs: LfsCheck,
}

impl Verify {
    async fn run(&mut self) -> Result<(), Failure> {
        for problem in self.rebuild.fetch().await? {
            self.findings.add(problem);
        }
        let compared = match self.rebuild.make().await {
            Ok(()) => self.compare().await,
            Err(error) => Err(error),
        };
        match compared {
            Ok(()) => {}
            Err(Failure::Broken(why)) => self.findings.add(why),
            Err(Failure::Read(error)) => self.findings.add(error.to_string()),
            // A lost pack is needed.
            Err(Failure::Copies(error)) if !self.rebuild.lost.is_empty() => {
                reply::log_fault(&error);
                self.findings.add(error.message);
            }
            Err(error) => return Err(error),
        }
        self.read_rows();
        self.count_rows()?;
        self.audit().await
    }

    /// Reads the rows that no pack can be compared with, and those of refs and reflog when the
    /// comparison did not come to them.
    fn read_rows(&mut self) {
        let store = &self.rebuild.store;
        let mut tell = |problem| self.findings.add(problem);
        store.audit_tables(&mut tell);
        store.audit_tokens(&mut tell);
        if !self.is_compared {
            store.audit_refs(&mut |_| {}, &mut tell);
            store.audit_reflog(i64::MAX, &mut |_| {}, &mut tell);
        }
    }

    /// Reads the reflog. Each object it names was the target of a ref when the entry was made: until the
    /// next prune it is here.
    fn check_reflog(
        &mut self,
        packs: &LivePacks<Rc<Overlay<Rc<Store>>>>,
        graph: &CommitGraph,
    ) -> Result<(), Failure> {
        let Self {
            rebuild, findings, ..
        } = self;
        let pruned_at = rebuild.store.retention()?.pruned_at;
        let (mut logged, mut seen) = (Vec::new(), HashSet::new());
        let mut tell = |problem| findings.add(problem);
        let mut each = |named: LoggedId| {
            if seen.insert(named.id) {
                logged.push(named);
            }
        };
        rebuild.store.audit_reflog(pruned_at, &mut each, &mut tell);
        for LoggedId { seq, name, id } in logged {
            if let Some(wrong) = problem_of(packs, graph, &id)? {
                findings.add(format!(
                    "entry {seq} of the reflog, {name}: {id} is {wrong}"
                ));
            }
        }
        Ok(())
    }

    fn count_rows(&mut self) -> Result<(), Failure> {
        let Rebuild { object, store, .. } = &self.rebuild;
        let late_ms = now_ms().saturating_sub(LATE_MS);
        let grace_ms = store
            .retention()?
            .superseded_grace_seconds
            .saturating_mul(1000);
        let unread = object.readers.oldest().unwrap_or(i64::MAX);
        let overdue = Overdue {
            quarantined_until_ms: late_ms.saturating_sub(GRACE_MS),
            superseded_until_ms: late_ms.saturating_sub(grace_ms).min(unread),
        };
        let in_progress = object.in_progress.borrow();
        let orphans = store.orphans(overdue, |pack_id| in_progress.contains(&pack_id))?;
        drop(in_progress);
        self.findings.orphans = orphans;
        for problem in orphans.problems() {
            self.findings.add(problem);
        }
        Ok(())
    }

    async fn audit(&mut self) -> Result<(), Failure> {
        let Rebuild { object, store, .. } = &self.rebuild;
        object.check_open(store)?;
        let record = store.load()?.ok_or(Failure::Gone)?;
        let mut audit = snapshot::audit(object, store, &record, self.lfs).await?;
        if let Some(audit) = &mut audit {
            for problem in std::mem::take(&mut audit.problems) {
                self.findings.add(problem);
            }
        }
        self.findings.r2 = audit;
        if let Some(problem) = snapshot::check_ready(object, store).await? {
            self.findings.add(problem);
        }
        Ok(())
    }

    /// Compares the stored parts with those made.
    async fn compare(&mut self) -> Result<(), Failure> {
        let rebuilt = self.rebuild.remade_packs()?;
        let stored = LivePacks::open(Rc::clone(&self.rebuild.store), &self.rebuild.limits)?;
        let stored = stored.only_by_pages();
        if stored.records() != &**self.rebuild.records {
            return Err(Failure::Overtaken);
        }
        for record in self.rebuild.records.iter() {
            let pack_id = record.pack_id;
            if let Some(wrong) = self.rebuild.as_stored.index_problem(pack_id) {
                self.findings.add(format!("pack {}: {wrong}", pack_id.0));
            }
        }
        let rebuilt_graph = CommitGraph::open(&*self.rebuild.overlay, rebuilt.records())?;
        match CommitGraph::open(&*self.rebuild.store, stored.records()) {
            Ok(stored_graph) => {
                self.findings.commits = stored_graph.len();
                let stored = Graph::new(&stored, &stored_graph);
                let rebuilt = Graph::new(&rebuilt, &rebuilt_graph);
                self.compare_commits(&stored, &rebuilt).await?;
            }
            Err(error) => self.findings.add(error.to_string()),
        }
        let checked = self.rebuild.check_refs(&rebuilt, &rebuilt_graph)?;
        self.findings.refs = checked.ids;
        for problem in checked.problems {
            self.findings.add(problem);
        }
        self.check_reflog(&rebuilt, &rebuilt_graph)?;
        self.is_compared = true;
        Ok(())
    }

    async fn compare_commits(
        &mut self,
        stored: &Graph<'_, Rc<Store>>,
        rebuilt: &Graph<'_, Rc<Overlay<Rc<Store>>>>,
    ) -> Result<(), Failure> {
        for (pack, record) in (0..).zip(Rc::clone(&self.rebuild.records).iter()) {
            if self.rebuild.as_stored.is_same(record.pack_id) {
                continue;
            }
            let commits = stored.graph.segment(pack).map_or(0, Segment::len);
            for number in 0..commits {
                if number % COMPARE_STEP_COMMITS == 0 {
                    self.rebuild.pause().await?;
                }
                let Some(node) = stored.graph.node(pack, number) else {
                    continue;
                };
                let wrong = compare::commits(stored, rebuilt, node);
                let wrong = wrong.unwrap_or_else(|error| Some(error.to_string()));
                if let Some(wrong) = wrong {
                    self.findings
                        .add(format!("pack {}: {wrong}", record.pack_id.0));
                }
            }
        }
        Ok(())
    }
}
