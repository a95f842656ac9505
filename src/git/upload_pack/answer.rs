//! Answers one fetch request: the bytes before the pack, and the pack's writer.
//!
//! The flow is that of git's `upload-pack.c`: `upload_pack_v2` and, for versions 0 and 1 over
//! stateless HTTP, `upload_pack` with `get_common_commits`.

use std::collections::HashSet;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};

use super::super::filter::ObjectFilter;
use super::super::filter::sparse::SparsePatterns;
use super::super::graph::ancestry::is_ready;
use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::pack::reader::LivePacks;
use super::super::pack::writer::{PackWriter, WriteOptions};
use super::super::protocol::fetch_request::{Ending, FetchRequest, MultiAck, UploadPackOptions};
use super::super::protocol::negotiation::{self, Ack, Sections};
use super::super::protocol::pktline;
use super::super::protocol::sideband::SideBand;
use super::super::refname;
use super::super::store::{
    Everything, Nameable, ObjectSource, PackStore, ReadError, RefSource, StoreError,
};
use super::common::Common;
use super::error::{FetchError, PlanError};
use super::plan::{AtClient, DEPTH_INFINITE, DeepenRequest, Plan, PlanOptions, edge, plan};
use super::revision;

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

/// Bytes of bases kept while a pack is sent: a slow client may make that last for hours.
const SENDING_CACHE_BYTES: usize = 2 << 20;

/// Answers one fetch request over the packs and refs as they are now. `graph` is that of the
/// packs that are live now. Whatever is stored may be wanted.
pub fn answer<S: PackStore + RefSource + Clone>(
    store: &S,
    graph: Rc<CommitGraph>,
    request: &FetchRequest,
    limits: &Limits,
) -> Result<Answer<S>, FetchError> {
    answer_within(store, graph, request, limits, &Everything)
}

/// The same for a client that may not name everything by id.
pub(crate) fn answer_within<S: PackStore + RefSource + Clone>(
    store: &S,
    graph: Rc<CommitGraph>,
    request: &FetchRequest,
    limits: &Limits,
    nameable: &dyn Nameable,
) -> Result<Answer<S>, FetchError> {
    if let Some(id) = nameable.first_hidden(&request.wants)? {
        return Err(PlanError::NotOurRef(id).into());
    }
    let packs = LivePacks::open(store.clone(), limits)?;
    let fetch = Fetch {
        store,
        request,
        packs,
        graph,
        shallow: store.shallow_commits()?,
        client_shallow: client_shallow(request, nameable)?,
        nameable,
        head: Vec::new(),
    };
    match request.upload_pack {
        None => fetch.version_2(),
        Some(agreed) => fetch.version_0(agreed),
    }
}

struct Fetch<'a, S> {
    store: &'a S,
    request: &'a FetchRequest,
    packs: LivePacks<S>,
    graph: Rc<CommitGraph>,
    /// Commits that are here without their parents.
    shallow: Vec<ObjectId>,
    client_shallow: Vec<ObjectId>,
    nameable: &'a dyn Nameable,
    head: Vec<u8>,
}

/// The client's shallow commits. To deepen from them is to want their parents, so that only those
/// count then which could be wanted.
fn client_shallow(
    request: &FetchRequest,
    nameable: &dyn Nameable,
) -> Result<Vec<ObjectId>, ReadError> {
    let mut shallow = request.shallow.clone();
    let is_deepened = request.deepen_relative || request.deepen >= Some(DEPTH_INFINITE);
    if is_deepened && nameable.first_hidden(&shallow)?.is_some() {
        let mut kept = Vec::new();
        for id in shallow {
            if nameable.first_hidden(&[id])?.is_none() {
                kept.push(id);
            }
        }
        shallow = kept;
    }
    Ok(shallow)
}

impl<S: PackStore + RefSource + Clone> Fetch<'_, S> {
    fn version_2(mut self) -> Result<Answer<S>, FetchError> {
        let request = self.request;
        let sections = Sections {
            sideband_all: request.sideband_all,
        };
        let (mut wants, named) = (request.wants.clone(), self.named_wants()?);
        wants.extend(named.iter().map(|(id, _)| *id));
        // To learn what is common, nothing need be wanted.
        if wants.is_empty() && !request.wait_for_done {
            return Ok(self.without_pack());
        }
        if !request.haves.is_empty() && !request.done() {
            sections.acknowledgments(&mut self.head);
            let common = self.common()?;
            if common.is_empty() {
                sections.nak(&mut self.head);
            }
            for (id, _) in &common {
                sections.ack(id, &mut self.head);
            }
            let nodes: Vec<_> = common.iter().map(|(_, node)| *node).collect();
            if request.wait_for_done || !self.is_ready(&wants, &nodes, &HashSet::new())? {
                sections.flush(&mut self.head);
                return Ok(self.without_pack());
            }
            sections.ready(&mut self.head);
            sections.delim(&mut self.head);
        }
        let plan = self.plan(&wants)?;
        if request.deepens() || !request.shallow.is_empty() || !self.shallow.is_empty() {
            sections.shallow_info(&mut self.head);
            for id in &plan.shallow {
                sections.shallow(id, &mut self.head);
            }
            for id in &plan.unshallow {
                sections.unshallow(id, &mut self.head);
            }
            sections.delim(&mut self.head);
        }
        if !named.is_empty() {
            sections.wanted_refs(&mut self.head);
            for (id, name) in &named {
                sections.wanted_ref(id, name.as_bstr(), &mut self.head);
            }
            sections.delim(&mut self.head);
        }
        sections.packfile(&mut self.head);
        self.with_pack(plan)
    }

    fn version_0(mut self, agreed: UploadPackOptions) -> Result<Answer<S>, FetchError> {
        let request = self.request;
        if request.wants.is_empty() {
            return Ok(self.without_pack());
        }
        let asked = self.asked()?;
        let edge = edge(&self.packs, &self.graph, &request.wants, &asked.options())?;
        if request.deepens() {
            for node in edge.shallow {
                negotiation::shallow(&self.graph.commit_id(node)?, &mut self.head);
            }
            for node in edge.unshallow {
                negotiation::unshallow(&self.graph.commit_id(node)?, &mut self.head);
            }
            pktline::flush(&mut self.head);
        }
        if request.ending == Ending::Wants {
            return Ok(self.without_pack());
        }
        if self.negotiate(agreed, &edge.cut)? {
            let plan = self.plan(&request.wants)?;
            self.with_pack(plan)
        } else {
            Ok(self.without_pack())
        }
    }

    /// Acknowledges haves as versions 0 and 1 do; whether the pack follows.
    fn negotiate(
        &mut self,
        agreed: UploadPackOptions,
        cut: &HashSet<CommitNode>,
    ) -> Result<bool, FetchError> {
        let request = self.request;
        let multi_ack = agreed.multi_ack;
        let mut common = Common::default();
        let mut ready = false;
        let mut got_other = false;
        for have in &request.haves {
            if let Some(node) = self.graph.lookup(have)? {
                common.add(&self.graph, *have, node)?;
                let ack = match multi_ack {
                    MultiAck::Detailed => Some(Ack::Common),
                    MultiAck::Plain => Some(Ack::Continue),
                    MultiAck::None => (common.news == 1).then_some(Ack::Final),
                };
                if let Some(ack) = ack {
                    negotiation::ack(have, ack, &mut self.head);
                }
                continue;
            }
            got_other = true;
            // Enough is common already; the client need not name more of its commits.
            if multi_ack != MultiAck::None
                && (ready
                    || (common.is_due() && self.is_ready(&request.wants, &common.nodes, cut)?))
            {
                ready = true;
                let detailed = multi_ack == MultiAck::Detailed;
                let ack = if detailed { Ack::Ready } else { Ack::Continue };
                negotiation::ack(have, ack, &mut self.head);
            }
        }
        if request.done() {
            match common.last {
                Some(last) if multi_ack != MultiAck::None => {
                    negotiation::ack(&last, Ack::Final, &mut self.head);
                }
                Some(_) => {}
                None => negotiation::nak(&mut self.head),
            }
            return Ok(true);
        }
        let detailed = multi_ack == MultiAck::Detailed;
        if let (Some(last), true) = (common.last, detailed && !got_other && !ready)
            && self.is_ready(&request.wants, &common.nodes, cut)?
        {
            ready = true;
            negotiation::ack(&last, Ack::Ready, &mut self.head);
        }
        if common.last.is_none() || multi_ack != MultiAck::None {
            negotiation::nak(&mut self.head);
        }
        match common.last {
            Some(last) if agreed.no_done && ready && detailed => {
                negotiation::ack(&last, Ack::Final, &mut self.head);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The haves that are commits here, each once, in the order sent.
    fn common(&self) -> Result<Vec<(ObjectId, CommitNode)>, StoreError> {
        let (mut seen, mut common) = (HashSet::new(), Vec::new());
        for have in &self.request.haves {
            if let Some(node) = self.graph.lookup(have)?
                && seen.insert(node)
            {
                common.push((*have, node));
            }
        }
        Ok(common)
    }

    /// Whether enough is common to stop asking.
    fn is_ready(
        &self,
        wants: &[ObjectId],
        common: &[CommitNode],
        cut: &HashSet<CommitNode>,
    ) -> Result<bool, FetchError> {
        let wants = self.graph.lookup_all(wants)?;
        // As in git: a client that has a commit has its parents, so these will do.
        let mut targets = common.to_vec();
        let mut parents = Vec::new();
        for node in common {
            self.graph.parents(*node, &mut parents)?;
            targets.append(&mut parents);
        }
        Ok(is_ready(
            &self.graph,
            &wants,
            &targets,
            cut.iter().copied(),
        )?)
    }

    fn named_wants(&self) -> Result<Vec<(ObjectId, BString)>, FetchError> {
        let find = |name: &BString| match self.store.ref_target(name.as_bstr())? {
            Some(id) => Ok((id, name.clone())),
            None => Err(FetchError::UnknownRef(name.clone())),
        };
        self.request.want_refs.iter().map(find).collect()
    }

    fn plan(&self, wants: &[ObjectId]) -> Result<Plan, FetchError> {
        let asked = self.asked()?;
        let options = asked.options();
        let haves = &self.request.haves;
        Ok(plan(&self.packs, &self.graph, wants, haves, &options)?)
    }

    /// The request beyond wants and haves, by ids.
    fn asked(&self) -> Result<Asked<'_>, FetchError> {
        let request = self.request;
        let names = request.deepen_not.iter();
        let not = names.map(|name| self.deepen_not(name.as_bstr()));
        let include_tags = if request.include_tag {
            self.store.annotated_tags()?
        } else {
            Vec::new()
        };
        Ok(Asked {
            request,
            shallow: &self.shallow,
            client_shallow: &self.client_shallow,
            not: not.collect::<Result<_, _>>()?,
            include_tags,
            filter: self.filter()?,
        })
    }

    fn filter(&self) -> Result<ObjectFilter, FetchError> {
        let Some(spec) = &self.request.filter else {
            return Ok(ObjectFilter::default());
        };
        ObjectFilter::parse(spec.as_bstr(), &mut |name| self.sparse_patterns(name))
    }

    fn sparse_patterns(&self, name: &BStr) -> Result<SparsePatterns, FetchError> {
        if let Some(id) = revision::named_id(name)
            && self.nameable.first_hidden(&[id])?.is_some()
        {
            // As if it were not here.
            return Err(if name.contains(&b':') {
                FetchError::SparseBlob(name.to_owned())
            } else {
                FetchError::NotSparsePatterns(id)
            });
        }
        let found = revision::resolve(self.store, &self.packs, name)?;
        let id = found.ok_or_else(|| FetchError::SparseBlob(name.to_owned()))?;
        match self.packs.read(&id)? {
            Some((ObjectKind::Blob, content)) => Ok(SparsePatterns::parse(&content)),
            _ => Err(FetchError::NotSparsePatterns(id)),
        }
    }

    fn deepen_not(&self, name: &BStr) -> Result<ObjectId, FetchError> {
        for candidate in refname::candidates(name) {
            if let Some(id) = self.store.ref_target(candidate.as_bstr())? {
                return Ok(id);
            }
        }
        Err(FetchError::DeepenNot(name.to_owned()))
    }

    fn without_pack(self) -> Answer<S> {
        Answer {
            head: self.head,
            pack: None,
        }
    }

    fn with_pack(self, plan: Plan) -> Result<Answer<S>, FetchError> {
        let request = self.request;
        let options = WriteOptions {
            thin: request.thin_pack,
            ofs_delta: request.ofs_delta,
        };
        let writer = PackWriter::new(&self.packs, plan.selection, options)?;
        // The same packs with less memory: the plan's caches end here.
        let limits = Limits {
            base_cache_bytes: SENDING_CACHE_BYTES,
            ..*self.packs.limits()
        };
        let pack = Outgoing {
            packs: LivePacks::open(self.store.clone(), &limits)?,
            writer,
            at_client: plan.at_client,
            side_band: request.side_band(),
            progress: !request.no_progress,
        };
        Ok(Answer {
            head: self.head,
            pack: Some(pack),
        })
    }
}

/// A request beyond wants and haves.
struct Asked<'a> {
    request: &'a FetchRequest,
    /// Commits that are here without their parents.
    shallow: &'a [ObjectId],
    client_shallow: &'a [ObjectId],
    not: Vec<ObjectId>,
    include_tags: Vec<(ObjectId, ObjectId)>,
    filter: ObjectFilter,
}

impl Asked<'_> {
    fn options(&self) -> PlanOptions<'_> {
        PlanOptions {
            include_tags: &self.include_tags,
            client_shallow: self.client_shallow,
            shallow: self.shallow,
            deepen: deepen(self.request, &self.not),
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
