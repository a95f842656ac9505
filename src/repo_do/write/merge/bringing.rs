//! The objects of another repository's commit that this one lacks, fetched as a clone would fetch them,
//! and taken in like a push's: into quarantine, parsed, checked, their closure proved.

use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::neighbour::{Found, Neighbour, SILENCE_MS, at};
use crate::git::fetch_client::error::FetchClientError;
use crate::git::fetch_client::haves::Haves;
use crate::git::fetch_client::request::FetchOrder;
use crate::git::fetch_client::response::{Event, FetchResponseReader};
use crate::git::limits::Limits;
use crate::git::object::fsck::Strictness;
use crate::git::protocol::advertise::Version;
use crate::git::receive_pack::secrets::Allowed;
use crate::git::refname;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::intake::arrival::ArrivingPack;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::hooks::Hooks;
use crate::repo_do::intake::memory::PackMemory;
use crate::repo_do::intake::quarantine::{Discarding, QuarantinedPack};
use crate::repo_do::object::RepoObject;
use crate::repo_do::receive::by_rest::{BroughtPack, NewPack};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::{self, pause};
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::write::request::WriteRequest;

/// Commits of the branch that are looked at between two pauses.
const STEP_COMMITS: u64 = 4096;

/// Other branches whose heads are named as well.
const BRANCHES_MAX: usize = 256;

/// The repository must be there still after each wait: another one may have taken its place.
struct WhileHere<'a> {
    object: &'a RepoObject,
    life: u64,
}

impl Hooks for WhileHere<'_> {
    fn is_wanted(&self) -> bool {
        self.object.life() == self.life
    }
}

/// The commits that are here already.
struct Here {
    haves: Vec<ObjectId>,
    shallow: Vec<ObjectId>,
}

/// Brings what the commit needs, to be merged into the branch that is at `ours`. `None`: all of it is
/// here, and the caller may name it.
pub(super) async fn bring(
    write: &WriteRequest,
    found: &Found,
    ours: ObjectId,
    allowed: &Allowed,
) -> Result<Option<BroughtPack>, ErrorReply> {
    let hooks = WhileHere {
        object: &write.object,
        life: write.object.life(),
    };
    // What is told to be here must stay until it is built on.
    let reader = write.object.readers.enter(Purpose::Push, now_ms());
    let Some(here) = here(write, found.commit, ours).await? else {
        return Ok(None);
    };
    let order = FetchOrder {
        wants: &[found.commit],
        haves: &here.haves,
        shallow: &here.shallow,
        without_tags: true,
        ..FetchOrder::default()
    };
    let new_pack = receive(write, &found.neighbour, &order, &hooks).await?;
    let here = (&write.object, &write.store);
    let brought =
        BroughtPack::prove(here, (new_pack, found.commit), reader, (&hooks, allowed)).await;
    brought.map_err(|error| at("/from", error))
}

/// A sample of the commits that are here; `None` if the commit is, as far as the caller can tell.
async fn here(
    write: &WriteRequest,
    commit: ObjectId,
    ours: ObjectId,
) -> Result<Option<Here>, ErrorReply> {
    let mut reading = write.reading().await?;
    let graph = reading.graph()?;
    if graph.lookup(&commit)?.is_some() && reading.is_visible(commit).await? {
        return Ok(None);
    }
    let mut haves = vec![ours];
    if let Some(tip) = graph.lookup(&ours)? {
        let mut sample = Haves::of(graph, tip)?;
        while sample.step(STEP_COMMITS)? {
            pause().await;
        }
        haves = sample.finish();
    }
    let sampled = haves.len();
    write
        .store
        .visit_refs(refname::HEADS.as_bytes(), |record| {
            haves.push(record.target);
            if haves.len() < sampled.saturating_add(BRANCHES_MAX) {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
    Ok(Some(Here {
        haves,
        shallow: write.store.shallow_commits()?,
    }))
}

/// Takes the pack in as it comes.
async fn receive(
    write: &WriteRequest,
    neighbour: &Neighbour,
    order: &FetchOrder<'_>,
    hooks: &WhileHere<'_>,
) -> Result<NewPack, ErrorReply> {
    let mut body = neighbour.fetch(order).await?;
    let quarantined = QuarantinedPack::new(Rc::clone(&write.object), Rc::clone(&write.store));
    let mut quarantine = Discarding::new(quarantined);
    let strictness = Strictness::of(write.authorized.record.fsck_strict);
    let arriving = ArrivingPack::new(Limits::DEFAULT, strictness);
    let protects = write.authorized.record.settings.push_protection;
    let mut arriving = arriving.searching_for_secrets(protects);
    let mut memory = PackMemory::of_client();
    let mut reader = FetchResponseReader::new(Version::V2, false);
    let mut piece = Vec::new();
    loop {
        let more = timer::within(SILENCE_MS, body.next(&mut piece)).await;
        if !hooks.is_wanted() {
            return Err(IntakeError::Gone.into());
        }
        let more = more.ok_or_else(|| neighbour.broken(&"it says nothing"))?;
        if !more.map_err(|error| neighbour.broken(&error))? {
            break;
        }
        let fed = feed(&mut reader, &piece, (&mut arriving, quarantine.get()?));
        if let Err(error) = fed {
            body.cancel();
            return Err(error.told(neighbour));
        }
        let settled = arriving.settle(quarantine.get()?, &mut memory, hooks);
        settled.await?;
    }
    let ended = reader.finish();
    ended.map_err(|error| neighbour.broken(&error))?;
    write.account.received(body.received_bytes());
    let arrived = arriving.finish().map_err(IntakeError::from);
    Ok(NewPack {
        arrived: arrived.map_err(|error| at("/from", error.into()))?,
        quarantined: quarantine.take()?,
        memory,
    })
}

/// A fault of a piece.
enum Unfit {
    Answer(FetchClientError),
    Pack(IntakeError),
}

impl From<FetchClientError> for Unfit {
    fn from(error: FetchClientError) -> Self {
        Self::Answer(error)
    }
}

impl Unfit {
    fn told(self, neighbour: &Neighbour) -> ErrorReply {
        match self {
            Self::Pack(error) => at("/from", error.into()),
            // Its own words: what was to be fetched went meanwhile, say.
            Self::Answer(FetchClientError::Refused(why)) => {
                let message = format!("{} says: {why}", neighbour.path());
                ErrorReply::at(ErrorCode::UpstreamUnavailable, "/from", message)
            }
            Self::Answer(error) => neighbour.broken(&error),
        }
    }
}

fn feed(
    reader: &mut FetchResponseReader,
    piece: &[u8],
    (arriving, quarantined): (&mut ArrivingPack, &QuarantinedPack),
) -> Result<(), Unfit> {
    reader.feed(piece, |event| match event {
        Event::Pack(bytes) => {
            let fed = arriving.feed(bytes, quarantined);
            fed.map_err(|error| Unfit::Pack(error.into()))
        }
        // The proof of the pack finds missing objects.
        Event::Shallow(_) | Event::Progress(_) => Ok(()),
    })
}
