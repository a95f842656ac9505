//! An answer whose pack is planned in steps, so that other requests of the isolate go on meanwhile.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::super::filter::ObjectFilter;
use super::super::graph::commits::CommitGraph;
use super::super::limits::Limits;
use super::super::pack::reader::LivePacks;
use super::super::pack::writer::{FirstCopies, PackWriter, WriteOptions};
use super::super::protocol::fetch_request::FetchRequest;
use super::super::protocol::negotiation::Sections;
use super::super::protocol::sideband::SideBand;
use super::super::store::{Nameable, PackStore, RefSource};
use super::error::{FetchError, PlanError};
use super::planner::{Asked, Planner};
use super::request::{AtClient, DeepenRequest, Plan, PlanOptions};

/// Bytes of bases kept while a pack is sent: a slow client may make that last for hours.
const SENDING_CACHE_BYTES: usize = 2 << 20;

/// The answer to one request.
pub struct Answer<S> {
    /// The first bytes; without a pack, the whole answer.
    pub head: Vec<u8>,
    /// The pack that follows.
    pub pack: Option<Outgoing<S>>,
}

/// A pack that is ready to be written.
pub struct Outgoing<S> {
    /// The packs that it is made from.
    pub packs: LivePacks<S>,
    /// Gives its bytes.
    pub writer: PackWriter,
    /// Tells which thin bases will do.
    pub at_client: AtClient,
    /// How it is multiplexed.
    pub side_band: SideBand,
    /// Whether the client wants to read how it goes.
    pub progress: bool,
}

impl<S: PackStore + Clone> Outgoing<S> {
    /// The same pack once more; no part of it may have been read yet. It is for a client that has
    /// nothing.
    pub(crate) fn twin(&self) -> Self {
        Self {
            packs: self.packs.again(),
            writer: self.writer.twin(),
            at_client: self.at_client.of_nothing(),
            side_band: self.side_band,
            progress: self.progress,
        }
    }
}

/// A fetch, as it is answered.
pub(super) struct Fetch<'a, S> {
    pub(super) store: &'a S,
    pub(super) request: &'a FetchRequest,
    pub(super) packs: LivePacks<S>,
    pub(super) graph: Rc<CommitGraph>,
    /// Commits that are here without their parents.
    pub(super) shallow: Vec<ObjectId>,
    pub(super) client_shallow: Vec<ObjectId>,
    pub(super) nameable: &'a dyn Nameable,
    pub(super) head: Vec<u8>,
}

/// A fetch of which the negotiation is done.
pub(crate) struct Planning<'a, S> {
    fetch: Fetch<'a, S>,
    beyond: AskedBeyond,
    wants: Vec<ObjectId>,
    /// The wants that were named by refs.
    named: Vec<(ObjectId, BString)>,
    stage: Stage,
}

enum Stage {
    Plan(Box<Planner>),
    Copies(Box<Plan>, FirstCopies),
    Done(Box<Plan>),
    /// A step failed so that nothing is left.
    Lost,
}

impl<'a, S: PackStore + RefSource + Clone> Planning<'a, S> {
    pub(super) fn new(
        fetch: Fetch<'a, S>,
        beyond: AskedBeyond,
        wants: Vec<ObjectId>,
        named: Vec<(ObjectId, BString)>,
    ) -> Result<Self, FetchError> {
        let planner = Planner::new(&fetch.packs, &fetch.graph)?;
        Ok(Self {
            fetch,
            beyond,
            wants,
            named,
            stage: Stage::Plan(Box::new(planner)),
        })
    }

    /// Does a step; whether there is more to do. After an error that says that bytes are cold the step
    /// can be taken again.
    pub(crate) fn step(&mut self) -> Result<bool, FetchError> {
        let Self {
            fetch,
            beyond,
            wants,
            stage,
            ..
        } = self;
        let options = beyond.options(fetch);
        let asked = Asked {
            wants: wants.as_slice(),
            haves: fetch.request.haves.as_slice(),
            options: &options,
        };
        match stage {
            Stage::Plan(planner) => {
                if planner.step(&fetch.packs, asked)? {
                    return Ok(true);
                }
            }
            Stage::Copies(plan, copies) => {
                let has_more = copies.step(&fetch.packs, &mut plan.selection)?;
                if has_more {
                    return Ok(true);
                }
            }
            Stage::Done(_) | Stage::Lost => return Ok(false),
        }
        match std::mem::replace(stage, Stage::Lost) {
            Stage::Plan(planner) => {
                let mut plan = Box::new(planner.finish(asked)?);
                let mut copies = FirstCopies::new(&fetch.packs, &plan.selection);
                let has_more = copies.step(&fetch.packs, &mut plan.selection)?;
                *stage = if has_more {
                    Stage::Copies(plan, copies)
                } else {
                    Stage::Done(plan)
                };
                Ok(has_more)
            }
            Stage::Copies(plan, _) | Stage::Done(plan) => {
                *stage = Stage::Done(plan);
                Ok(false)
            }
            Stage::Lost => Ok(false),
        }
    }

    /// Grows with the work done, even if a step fails in the end.
    pub(crate) fn work(&self) -> u64 {
        match &self.stage {
            Stage::Plan(planner) => planner.work(),
            _ => u64::MAX,
        }
    }

    /// The answer, once it is finished.
    pub(crate) fn finish(self) -> Result<Answer<S>, FetchError> {
        let Stage::Done(plan) = self.stage else {
            debug_assert!(false, "a plan that is not done");
            return Err(PlanError::OtherPacks.into());
        };
        let Fetch {
            request,
            packs,
            shallow,
            mut head,
            ..
        } = self.fetch;
        if request.upload_pack.is_none() {
            let is_told = request.deepens() || !request.shallow.is_empty() || !shallow.is_empty();
            let sections = Sections {
                sideband_all: request.sideband_all,
            };
            write_sections(sections, is_told.then_some(&*plan), &self.named, &mut head);
        }
        let options = WriteOptions {
            thin: request.thin_pack,
            ofs_delta: request.ofs_delta,
        };
        // The plan's caches end here.
        let limits = Limits {
            base_cache_bytes: SENDING_CACHE_BYTES,
            ..*packs.limits()
        };
        let pack = Outgoing {
            packs: packs.with_limits(&limits),
            writer: PackWriter::of_first_copies(plan.selection, options),
            at_client: plan.at_client,
            side_band: request.side_band(),
            progress: !request.no_progress,
        };
        Ok(Answer {
            head,
            pack: Some(pack),
        })
    }
}

/// The sections of version 2 before the pack: the edge of a shallow history, if there is one to tell
/// of, and the wants that were named.
fn write_sections(
    sections: Sections,
    edge: Option<&Plan>,
    named: &[(ObjectId, BString)],
    head: &mut Vec<u8>,
) {
    if let Some(plan) = edge {
        sections.shallow_info(head);
        for id in &plan.shallow {
            sections.shallow(id, head);
        }
        for id in &plan.unshallow {
            sections.unshallow(id, head);
        }
        sections.delim(head);
    }
    if !named.is_empty() {
        sections.wanted_refs(head);
        for (id, name) in named {
            sections.wanted_ref(id, name.as_bstr(), head);
        }
        sections.delim(head);
    }
    sections.packfile(head);
}

/// A request beyond wants and haves.
pub(super) struct AskedBeyond {
    pub(super) not: Vec<ObjectId>,
    pub(super) include_tags: Vec<(ObjectId, ObjectId)>,
    pub(super) filter: ObjectFilter,
}

impl AskedBeyond {
    pub(super) fn options<'a, S>(&'a self, fetch: &'a Fetch<'_, S>) -> PlanOptions<'a> {
        PlanOptions {
            include_tags: &self.include_tags,
            client_shallow: &fetch.client_shallow,
            shallow: &fetch.shallow,
            deepen: deepen(fetch.request, &self.not),
            filter: self.filter.clone(),
        }
    }
}

fn deepen<'a>(request: &FetchRequest, not: &'a [ObjectId]) -> DeepenRequest<'a> {
    match request.deepen {
        Some(depth) if request.deepen_relative => DeepenRequest::Relative(depth),
        Some(depth) => DeepenRequest::Depth(depth),
        None if request.deepen_since.is_some() || !not.is_empty() => DeepenRequest::Revisions {
            since_seconds: request
                .deepen_since
                .map(|since| u64::try_from(since).unwrap_or(0)),
            not,
        },
        None => DeepenRequest::Unchanged,
    }
}
