//! The objects of another repository's commit that this one lacks, fetched as a clone would fetch them,
//! and taken in like a push's: into quarantine, parsed, checked, their closure proved.

use std::ops::ControlFlow;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::asked::{Found, Neighbour, SILENCE_MS, at};
use super::asking::Asking;
use super::brought::BroughtPack;
use crate::git::fetch_client::error::FetchClientError;
use crate::git::fetch_client::haves::Haves;
use crate::git::fetch_client::request::FetchOrder;
use crate::git::fetch_client::response::{Event, FetchResponseReader};
use crate::git::limits::Limits;
use crate::git::object::fsck::Strictness;
use crate::git::pack::parser::error::PackError;
use crate::git::protocol::advertise::Version;
use crate::git::receive_pack::secrets::Allowed;
use crate::git::refname;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::intake::arrival::ArrivingPack;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::hooks::Hooks;
use crate::repo_do::intake::memory::PackMemory;
use crate::repo_do::intake::new_pack::NewPack;
use crate::repo_do::intake::quarantine::{Discarding, QuarantinedPack};
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::{self, pause};
use crate::repo_do::state::readers::Purpose;

/// Commits of the branch between two pauses.
const STEP_COMMITS: u64 = 4096;

/// Other branches whose heads are named as well.
const BRANCHES_MAX: usize = 256;

/// Stops the work if the repository is gone after a wait: another one may have taken its place.
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

/// Fetches the objects that the commit needs, to merge it into `ours` or to compare it with `ours`.
/// `None`: all of them are here, and the caller may name the commit.
pub(crate) async fn bring(
    asking: &Asking<'_>,
    found: &Found,
    ours: Option<ObjectId>,
    allowed: &Allowed,
) -> Result<Option<BroughtPack>, ErrorReply> {
    let hooks = WhileHere {
        object: asking.object,
        life: asking.object.life(),
    };
    // Objects that the request claims to have must stay until the pack that relies on them is used.
    let reader = asking.object.readers.enter(Purpose::Push, now_ms());
    let Some(here) = here(asking, found.commit, ours).await? else {
        return Ok(None);
    };
    let order = FetchOrder {
        wants: &[found.commit],
        haves: &here.haves,
        shallow: &here.shallow,
        without_tags: true,
        ..FetchOrder::default()
    };
    let new_pack = receive(asking, &found.neighbour, &order, &hooks).await?;
    let here = (asking.object, asking.store);
    let brought =
        BroughtPack::prove(here, (new_pack, found.commit), reader, (&hooks, allowed)).await;
    brought.map_err(|error| at(asking.fields.both, error))
}

/// A sample of the commits that are here; `None` if the commit is, as far as the caller can tell.
async fn here(
    asking: &Asking<'_>,
    commit: ObjectId,
    ours: Option<ObjectId>,
) -> Result<Option<Here>, ErrorReply> {
    let mut reading = asking.reading().await?;
    let graph = reading.graph()?;
    if graph.lookup(&commit)?.is_some() && reading.is_visible(commit).await? {
        return Ok(None);
    }
    let mut haves: Vec<ObjectId> = ours.into_iter().collect();
    let tip = ours.map(|ours| graph.lookup(&ours)).transpose()?;
    if let Some(tip) = tip.flatten() {
        let mut sample = Haves::of(graph, tip)?;
        while sample.step(STEP_COMMITS)? {
            pause().await;
        }
        haves = sample.finish();
    }
    let sampled = haves.len();
    asking
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
        shallow: asking.store.shallow_commits()?,
    }))
}

/// Takes in the pack as it arrives.
async fn receive(
    asking: &Asking<'_>,
    neighbour: &Neighbour,
    order: &FetchOrder<'_>,
    hooks: &WhileHere<'_>,
) -> Result<NewPack, ErrorReply> {
    let mut body = neighbour.fetch(order).await?;
    let quarantined = QuarantinedPack::new(Rc::clone(asking.object), Rc::clone(asking.store));
    let mut quarantine = Discarding::new(quarantined);
    let will_stay = asking.will_stay;
    let strictness = Strictness::of(will_stay && asking.record.fsck_strict);
    let limits = Limits {
        pack_bytes_max: asking.pack_bytes_max,
        ..Limits::DEFAULT
    };
    let arriving = ArrivingPack::new(limits, strictness);
    let protects = will_stay && asking.record.settings.push_protection;
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
            return Err(error.told(neighbour, asking));
        }
        let settled = arriving.settle(quarantine.get()?, &mut memory, hooks);
        settled.await?;
    }
    let ended = reader.finish();
    ended.map_err(|error| neighbour.broken(&error))?;
    asking.account.received(body.received_bytes());
    let arrived = arriving.finish().map_err(IntakeError::from);
    Ok(NewPack {
        arrived: arrived.map_err(|error| at(asking.fields.both, error.into()))?,
        quarantined: quarantine.take()?,
        memory,
    })
}

/// The fault of a piece of the answer.
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
    fn told(self, neighbour: &Neighbour, asking: &Asking<'_>) -> ErrorReply {
        let Asking {
            fields, will_stay, ..
        } = *asking;
        match self {
            // A comparison gets this message. A write gets the message of a push that is too large.
            Self::Pack(IntakeError::Pack(PackError::PackTooLarge { limit })) if !will_stay => {
                let mib = limit >> 20;
                let path = neighbour.path();
                let message =
                    format!("{path} has more than {mib} MiB of objects that are not here");
                ErrorReply::at(ErrorCode::MemoryLimit, fields.both, message)
            }
            Self::Pack(error) => at(fields.both, error.into()),
            // The other repository's own message: perhaps the wanted commit was deleted meanwhile.
            Self::Answer(FetchClientError::Refused(why)) => {
                let message = format!("{} says: {why}", neighbour.path());
                ErrorReply::at(ErrorCode::UpstreamUnavailable, fields.both, message)
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
