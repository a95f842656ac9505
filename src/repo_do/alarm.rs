//! When the alarm rings, this continues interrupted work and then runs the upkeep that is due.

use std::rc::Rc;

use super::events::{fetches, hand_over};
use super::lifecycle::{deletion, expiry, import, recover, undelete};
use super::mirrors::downstream;
use super::mirrors::upstream;
use super::object::RepoObject;
use super::runtime::clock::now_ms;
use super::runtime::reply;
use super::schedule::wake_by;
use super::state::alarm_time::Alarm;
use super::upkeep::alarm::{BACKOFF_MS, SLACK_MS, work};
use crate::storage::fault_log;

/// The alarm rings.
pub(crate) async fn ring(object: &Rc<RepoObject>) -> worker::Result<()> {
    object.alarm.set(Alarm::Off);
    // A repository that is being deleted, or that did not become a fork, has no other work.
    let failed = |error| {
        reply::log_fault(&error);
        worker::Error::RustError(error.message)
    };
    if undelete::ring(object).await.map_err(failed)?
        || deletion::resume(object).await.map_err(failed)?
    {
        return Ok(());
    }
    downstream::run::run(object).await;
    expiry::announce(object).await.map_err(failed)?;
    import::run(object).await;
    recover::run(object).await;
    import::failure::after_failure(object).await?;
    upstream::run(object).await;
    fetches::flush(object).await;
    hand_over::run_if_any(object).await;
    let next = match object.maintenance.try_take(now_ms()) {
        Some(_taken) => work(object, false).await,
        None => Ok(Some(now_ms() + SLACK_MS)),
    };
    hand_over::tell_sizes(object).await;
    match next {
        Ok(Some(at_ms)) => wake_by(object, at_ms).await,
        Ok(None) => Ok(()),
        Err(error) => {
            fault_log::error("alarm", &error);
            wake_by(object, now_ms() + BACKOFF_MS).await
        }
    }
}
