//! Refs under `refs/ephemeral/` that a push writes: how long they live, and the alarm that ends them
//! ([ADR 86](../../../docs/adr/0086-ephemeral-refs.md)).

use gix_object::bstr::ByteSlice as _;

use super::finish::PushJob;
use crate::git::receive_pack::ephemeral::ttl_seconds;
use crate::git::refname;
use crate::repo_do::upkeep::alarm;

/// The variable with the seconds that an ephemeral ref lives unless its pusher says otherwise.
const EPHEMERAL_SECONDS: &str = "CAIRN_EPHEMERAL_SECONDS";

/// A week.
const EPHEMERAL_SECONDS_DEFAULT: u32 = 7 * 24 * 60 * 60;

impl PushJob {
    /// Whether it writes an ephemeral ref.
    fn writes_ephemeral(&self) -> bool {
        let mut open = self.push.updates.open();
        open.any(|update| {
            update.command.new.is_some() && refname::is_ephemeral(update.command.name.as_bstr())
        })
    }

    /// When the ephemeral refs that it writes expire, in unix milliseconds; `None` if it writes none.
    pub(super) fn ephemeral_until_ms(&self, now_ms: i64) -> Option<i64> {
        if !self.writes_ephemeral() {
            return None;
        }
        let asked = ttl_seconds(&self.push.commands.push_options);
        let seconds = asked.ok().flatten().unwrap_or_else(|| {
            let set = self.push.object.variable(EPHEMERAL_SECONDS);
            let set = set.and_then(|text| text.parse().ok());
            set.unwrap_or(EPHEMERAL_SECONDS_DEFAULT)
        });
        Some(now_ms.saturating_add(i64::from(seconds).saturating_mul(1000)))
    }

    /// Sets the alarm that ends the ephemeral refs that were published.
    pub(super) async fn schedule_ephemeral(&self) {
        if self.writes_ephemeral() {
            alarm::after_ephemeral(&self.push.object, &self.push.store).await;
        }
    }
}
