//! The plan of a fetch: made in steps, between which other requests go on.

use std::rc::Rc;

use gix_hash::ObjectId;

use crate::git::limits::Limits;
use crate::git::protocol::fetch_request::FetchRequest;
use crate::git::store::{Everything, Nameable};
use crate::git::upload_pack::answer::{Answer, Begun, Outgoing, begin};
use crate::git::upload_pack::error::{FetchError, PlanError};
use crate::git::upload_pack::full_clone;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold::Faults;
use crate::repo_do::runtime::admission::Room;
use crate::repo_do::runtime::memory::{
    PLANNED_COMMIT_BYTES, PLANNED_OBJECTS_A_BYTE, PLANNING_BYTES, Reservation,
};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;

/// How the memory of a plan is reserved.
pub(crate) type Reserve = fn(u64) -> Room<'static, Reservation>;

/// Why a fetch gets no pack.
pub(super) enum NoAnswer {
    /// The client hears the reason in Git's protocol.
    Told(String),
    Refused(ErrorReply),
}

impl<E: Into<ErrorReply>> From<E> for NoAnswer {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// Plans the answer in steps, between which other requests go on, and fetches the cold chunks that the
/// plan reads.
pub(super) async fn plan(
    object: &RepoObject,
    store: &Rc<Store>,
    (request, visible): (&FetchRequest, &dyn Nameable),
    limits: &Limits,
    reserve: Reserve,
) -> Result<Answer<Rc<Store>>, NoAnswer> {
    let mut faults = Faults::default();
    let mut planning = loop {
        // The packs may have changed while a chunk was fetched.
        let graph = object.graph.current(store)?;
        match begin(store, graph, request, limits, visible) {
            Ok(Begun::Answered(answer)) => return Ok(*answer),
            Ok(Begun::Planning(planning)) => break planning,
            Err(error) => bring(object, store, &mut faults, &error).await?,
        }
    };
    let (mut work, mut room) = (0, None);
    loop {
        let step = planning.step();
        if planning.work() != work {
            work = planning.work();
            faults.settled();
        }
        match step {
            Ok(false) => break,
            Ok(true) => {
                if room.is_none() {
                    room = Some(reserve(planning_bytes(object, store)?).await?);
                }
                pause().await;
            }
            Err(error) => bring(object, store, &mut faults, &error).await?,
        }
    }
    planning
        .finish()
        .map_err(|error| NoAnswer::Told(message_of(&error)))
}

/// Plans in the same way the pack for a client that has nothing and wants these objects.
pub(crate) async fn full_clone(
    object: &RepoObject,
    store: &Rc<Store>,
    tips: Vec<ObjectId>,
    reserve: Reserve,
) -> Result<Outgoing<Rc<Store>>, ErrorReply> {
    own(object, store, &full_clone::request(tips), reserve).await
}

/// Plans in the same way a pack that is for nobody's request.
pub(crate) async fn own(
    object: &RepoObject,
    store: &Rc<Store>,
    request: &FetchRequest,
    reserve: Reserve,
) -> Result<Outgoing<Rc<Store>>, ErrorReply> {
    let broken = |message: String| ErrorReply::new(ErrorCode::InternalError, message);
    let asked = (request, &Everything as &dyn Nameable);
    match plan(object, store, asked, &Limits::DEFAULT, reserve).await {
        Ok(Answer { pack, .. }) => {
            pack.ok_or_else(|| broken("an answer without a pack".to_owned()))
        }
        Err(NoAnswer::Told(message)) => Err(broken(message)),
        Err(NoAnswer::Refused(error)) => Err(error),
    }
}

/// Bytes that a plan of the repository holds.
fn planning_bytes(object: &RepoObject, store: &Rc<Store>) -> Result<u64, NoAnswer> {
    let (_, objects) = store.live_sizes()?;
    let commits = object.graph.current(store)?.len() as u64;
    let of_commits = commits.saturating_mul(PLANNED_COMMIT_BYTES);
    let of_objects = objects / PLANNED_OBJECTS_A_BYTE;
    Ok(PLANNING_BYTES
        .saturating_add(of_commits)
        .saturating_add(of_objects))
}

/// Fetches the chunk that the plan lacks, if that is all that is wrong.
async fn bring(
    object: &RepoObject,
    store: &Store,
    faults: &mut Faults,
    error: &FetchError,
) -> Result<(), NoAnswer> {
    let Some(chunk) = error.cold() else {
        return Err(NoAnswer::Told(message_of(error)));
    };
    let brought = faults.fetch_cold_chunk(object, store, chunk).await;
    brought.map_err(|error| NoAnswer::Told(unreadable(&error)))
}

/// The text of an error that the client may read.
fn message_of(error: &FetchError) -> String {
    let told = match error {
        FetchError::Read(error) | FetchError::Plan(PlanError::Read(error)) => error.told(),
        error => return error.to_string(),
    };
    fault_log::error("fetch", &error);
    format!("upload-pack: {told}")
}

/// The same where cold bytes could not be had.
fn unreadable(error: &SnapshotError) -> String {
    fault_log::error("r2", &error);
    match error {
        SnapshotError::Store(error) => format!("upload-pack: {}", error.told()),
        error => format!("upload-pack: {error}"),
    }
}
