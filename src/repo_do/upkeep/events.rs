//! Events removed that are too many or too old. Events that the namespace has not taken stay, and so does the
//! newest.

use std::rc::Rc;

use super::sweep::{STEP_ROWS, in_steps};
use crate::repo_do::contract::event::kept_events;
use crate::repo_do::events::hand_over;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::failure::Failure;
use crate::storage::repository::events::EventRetention;
use crate::storage::repository::maintenance_runs::RunFigures;

/// The variable with the number of events that a repository keeps.
const EVENTS_MAX: &str = "CAIRN_EVENTS_MAX";

/// How many events are kept, and for how long: as the deployment says, else 10,000 and 30 days.
pub(crate) fn retention(object: &RepoObject) -> EventRetention {
    kept_events(|name| object.variable(name), (EVENTS_MAX, 10_000))
}

/// Removes the events whose time has come.
pub(crate) async fn trim(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    hand_over::note(&*object.open_store()?, object)?;
    in_steps(object, |store| {
        store.trim_events(retention(object), now_ms(), STEP_ROWS)
    })
    .await
}
