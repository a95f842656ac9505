//! Messages to the client while the server works on its push.

use std::cell::RefCell;

use futures::channel::mpsc::UnboundedSender;

use crate::git::protocol::progress::Meter;
use crate::git::protocol::push_commands::PushCapabilities;
use crate::git::protocol::sideband::{Band, SideBand, band};
use crate::repo_do::intake::hooks::{Hooks, Stage};

/// The answer to a push, which is written while the client reads it.
#[derive(Clone)]
pub(super) struct ProgressSink {
    sender: UnboundedSender<Vec<u8>>,
    side_band: SideBand,
    is_quiet: bool,
}

impl ProgressSink {
    /// For a client that asked for this.
    pub(super) fn new(sender: UnboundedSender<Vec<u8>>, capabilities: &PushCapabilities) -> Self {
        Self {
            sender,
            side_band: capabilities.side_band,
            is_quiet: capabilities.quiet,
        }
    }

    /// For work that no client of Git's waits for.
    pub(super) fn to_nobody() -> Self {
        let (sender, _) = futures::channel::mpsc::unbounded();
        Self {
            sender,
            side_band: SideBand::None,
            is_quiet: true,
        }
    }

    /// Sends bytes as they are.
    pub(super) fn say(&self, bytes: Vec<u8>) {
        // The receiver is gone when the client is; then nobody listens.
        let _ = self.sender.unbounded_send(bytes);
    }

    /// Progress, which the client shows behind `remote: ` unless it asked for quiet.
    pub(super) fn remark(&self, text: &str) {
        if !self.is_quiet {
            self.report_problem(text);
        }
    }

    /// An error or a warning, which the client shows behind `remote: ` even if it asked for quiet.
    pub(super) fn report_problem(&self, text: &str) {
        if self.side_band == SideBand::None {
            return;
        }
        let mut out = Vec::new();
        band(Band::Progress, text.as_bytes(), self.side_band, &mut out);
        self.say(out);
    }
}

/// The intake of a push tells its client how many deltas are resolved.
pub(super) struct PushHooks {
    progress: ProgressSink,
    meter: RefCell<Meter>,
}

impl PushHooks {
    /// No message was sent yet.
    pub(super) fn new(progress: ProgressSink) -> Self {
        let meter = RefCell::new(Meter::new("Resolving deltas"));
        Self { progress, meter }
    }
}

impl Hooks for PushHooks {
    fn at(&self, stage: Stage) {
        if let Stage::Resolving { progress, is_over } = stage {
            let done = u64::from(progress.deltas_resolved);
            let total = u64::from(progress.deltas);
            if let Some(line) = self.meter.borrow_mut().line(done, total, is_over) {
                self.progress.remark(&line);
            }
        }
    }
}
