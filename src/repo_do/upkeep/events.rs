//! Events removed that are too many or too old. What the namespace has not taken stays, and so does
//! the newest.

use std::rc::Rc;

use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::storage::repository::events::EventRetention;
use crate::storage::repository::maintenance_runs::RunFigures;

/// The variable with the number of events that a repository keeps.
const EVENTS_MAX: &str = "CAIRN_EVENTS_MAX";

/// The variable with the seconds that it keeps them.
const EVENTS_SECONDS: &str = "CAIRN_EVENTS_SECONDS";

/// Rows that are removed between two pauses.
const STEP_ROWS: u32 = 250;

/// How many events are kept, and for how long: what is set for the deployment, else 10,000 and 30 days.
pub(crate) fn retention(object: &RepoObject) -> EventRetention {
    let number = |name, otherwise: u32| {
        let set = object
            .variable(name)
            .and_then(|text| text.trim().parse().ok());
        i64::from(set.unwrap_or(otherwise))
    };
    EventRetention {
        // The newest stays in any case.
        count_max: number(EVENTS_MAX, 10_000).max(1),
        age_ms: number(EVENTS_SECONDS, 30 * 24 * 3600).saturating_mul(1000),
    }
}

/// Removes the events whose time has come.
pub(crate) async fn trim(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    let store = object.open_store()?;
    if let Some(sequence) = object.outbox.to_note() {
        store.note_handed_over(sequence)?;
        object.outbox.noted(sequence);
    }
    let mut rows = 0;
    loop {
        let gone = store.trim_events(retention(object), now_ms(), STEP_ROWS)?;
        rows += gone;
        if gone == 0 {
            break;
        }
        pause().await;
        object.check_open(&store)?;
    }
    Ok((rows > 0).then(|| RunFigures {
        rows,
        ..RunFigures::default()
    }))
}
