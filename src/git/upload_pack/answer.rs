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
use super::super::protocol::fetch_request::{Ending, FetchRequest, MultiAck, UploadPackOptions};
use super::super::protocol::negotiation::{self, Ack, Sections};
use super::super::protocol::pktline;
use super::super::refname;
use super::super::store::{
    Everything, Nameable, ObjectSource, PackStore, ReadError, RefSource, StoreError,
};
use super::common::Common;
use super::error::{FetchError, PlanError};
use super::plan::edge;
pub use super::planning::{Answer, Outgoing};
use super::planning::{AskedBeyond, Fetch, Planning};
use super::request::DEPTH_INFINITE;
use super::revision;

/// Bytes of bases kept while a pack is planned: several plans may be under way.
const PLANNING_CACHE_BYTES: usize = 4 << 20;

/// Answers one fetch request over the packs and refs as they are now. `graph` is that of the
/// packs that are live now. A client may want any stored object.
pub fn answer<S: PackStore + RefSource + Clone>(
    store: &S,
    graph: Rc<CommitGraph>,
    request: &FetchRequest,
    limits: &Limits,
) -> Result<Answer<S>, FetchError> {
    match begin(store, graph, request, limits, &Everything)? {
        Begun::Answered(answer) => Ok(*answer),
        Begun::Planning(mut planning) => {
            while planning.step()? {}
            planning.finish()
        }
    }
}

/// An answer that was begun.
pub(crate) enum Begun<'a, S> {
    /// It has no pack.
    Answered(Box<Answer<S>>),
    /// Its pack is still to be planned.
    Planning(Box<Planning<'a, S>>),
}

/// Begins the answer for a client that may not name everything by id: the negotiation.
pub(crate) fn begin<'a, S: PackStore + RefSource + Clone>(
    store: &'a S,
    graph: Rc<CommitGraph>,
    request: &'a FetchRequest,
    limits: &Limits,
    nameable: &'a dyn Nameable,
) -> Result<Begun<'a, S>, FetchError> {
    if let Some(id) = nameable.first_hidden(&request.wants)? {
        return Err(PlanError::NotOurRef(id).into());
    }
    let limits = Limits {
        base_cache_bytes: limits.base_cache_bytes.min(PLANNING_CACHE_BYTES),
        ..*limits
    };
    let packs = LivePacks::open_to_fetch(store.clone(), &limits)?;
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

impl<'a, S: PackStore + RefSource + Clone> Fetch<'a, S> {
    fn version_2(mut self) -> Result<Begun<'a, S>, FetchError> {
        let request = self.request;
        let sections = Sections {
            sideband_all: request.sideband_all,
        };
        let (mut wants, named) = (request.wants.clone(), self.named_wants()?);
        wants.extend(named.iter().map(|(id, _)| *id));
        // To learn the common commits, a client need not want anything.
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
        self.planned(wants, named)
    }

    fn version_0(mut self, agreed: UploadPackOptions) -> Result<Begun<'a, S>, FetchError> {
        let request = self.request;
        if request.wants.is_empty() {
            return Ok(self.without_pack());
        }
        let asked = self.asked()?;
        let edge = edge(
            &self.packs,
            &self.graph,
            &request.wants,
            &asked.options(&self),
        )?;
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
            self.planned(request.wants.clone(), Vec::new())
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

    fn planned(
        self,
        wants: Vec<ObjectId>,
        named: Vec<(ObjectId, BString)>,
    ) -> Result<Begun<'a, S>, FetchError> {
        let asked = self.asked()?;
        let planning = Planning::new(self, asked, wants, named)?;
        Ok(Begun::Planning(Box::new(planning)))
    }

    /// The request beyond wants and haves, by ids.
    fn asked(&self) -> Result<AskedBeyond, FetchError> {
        let request = self.request;
        let names = request.deepen_not.iter();
        let not = names.map(|name| self.deepen_not(name.as_bstr()));
        let include_tags = if request.include_tag {
            self.store.annotated_tags()?
        } else {
            Vec::new()
        };
        Ok(AskedBeyond {
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

    fn without_pack(self) -> Begun<'a, S> {
        Begun::Answered(Box::new(Answer {
            head: self.head,
            pack: None,
        }))
    }
}
