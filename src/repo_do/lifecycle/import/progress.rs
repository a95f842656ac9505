//! The progress of an import, and whether any caller still wants it.

use super::attempt::Attempt;
use crate::repo_do::contract::ImportPhase;
use crate::repo_do::intake::hooks::{Hooks, Stage};

impl Hooks for Attempt {
    fn at(&self, stage: Stage) {
        self.noted().update(|noted| match stage {
            Stage::Receiving { bytes, progress } => {
                noted.phase = ImportPhase::Receiving;
                noted.received_bytes = bytes;
                noted.received_objects = progress.objects_received;
                noted.total_objects = progress.objects_announced;
            }
            Stage::Resolving { progress, .. } => {
                noted.phase = ImportPhase::Resolving;
                noted.resolved_deltas = progress.deltas_resolved;
                noted.total_deltas = progress.deltas;
            }
            Stage::Checking { commits } => {
                noted.phase = ImportPhase::Checking;
                noted.checked_commits = commits;
            }
        });
    }

    fn is_wanted(&self) -> bool {
        self.check_alive().is_ok()
    }
}
