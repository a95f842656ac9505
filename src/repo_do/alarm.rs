//! The alarm rings: what was interrupted goes on, then upkeep does what is due.

use std::rc::Rc;

use super::lifecycle::{deletion, import, recover};
use super::object::RepoObject;
use super::runtime::clock::now_ms;
use super::runtime::reply;
use super::schedule::wake_by;
use super::state::alarm_time::Alarm;
use super::state::busy::Busy;
use super::upkeep::alarm::{BACKOFF_MS, SLACK_MS, work};

/// The alarm rings.
pub async fn ring(object: &Rc<RepoObject>) -> worker::Result<()> {
    object.alarm.set(Alarm::Off);
    // What is being deleted, or was to become a fork, has no other work.
    let resumed = deletion::resume(object).await;
    if resumed.map_err(|error| worker::Error::RustError(error.message))? {
        return Ok(());
    }
    import::run(object).await;
    recover::run(object).await;
    import::failure::after_failure(object).await?;
    let next = match Busy::new(&object.is_maintained) {
        Some(_busy) => work(object, false).await,
        None => Ok(Some(now_ms() + SLACK_MS)),
    };
    match next {
        Ok(Some(at_ms)) => wake_by(object, at_ms).await,
        Ok(None) => Ok(()),
        Err(error) => {
            worker::console_error!("{}", reply::fault_line("alarm", &error.to_string()));
            wake_by(object, now_ms() + BACKOFF_MS).await
        }
    }
}
