//! A machine of the engine run to its end in steps.
//!
//! The engine is synchronous. Between two steps other requests run, the sweeper learns that there is
//! something in quarantine, and work for a pack that nobody wants any more stops. A step that lacks a
//! chunk which only R2 has runs again once that chunk is fetched.

use std::rc::Rc;

use super::error::IntakeError;
use super::hooks::Hooks;
use super::quarantine::QuarantinedPack;
use super::spill::SpillRows;
use crate::git::store::Scratch;
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold::Faults;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::store::Store;

/// Bytes inflated and made between two pauses: about 20 ms of CPU.
pub(crate) const RESOLVE_STEP_BYTES: u64 = 8 << 20;

/// Objects read between two pauses: about 20 ms of CPU.
pub(crate) const CHECK_STEP_OBJECTS: usize = 2000;

/// Runs machines of the engine for one caller.
#[derive(Clone, Copy)]
pub(crate) struct Steps<'a> {
    object: &'a Rc<RepoObject>,
    store: &'a Rc<Store>,
    /// The caller.
    pub(crate) hooks: &'a dyn Hooks,
    quarantine: Option<&'a QuarantinedPack>,
}

impl<'a> Steps<'a> {
    /// Steps that write to scratch alone.
    pub(crate) fn new(
        object: &'a Rc<RepoObject>,
        store: &'a Rc<Store>,
        hooks: &'a dyn Hooks,
    ) -> Self {
        Self {
            object,
            store,
            hooks,
            quarantine: None,
        }
    }

    /// Steps that write to this quarantine.
    #[must_use]
    pub(crate) fn into_quarantine(self, quarantine: &'a QuarantinedPack) -> Self {
        Self {
            quarantine: Some(quarantine),
            ..self
        }
    }

    /// Scratch for tables that grow large in these steps.
    pub(crate) fn spill(&self) -> Rc<dyn Scratch> {
        Rc::new(SpillRows::new(
            Rc::clone(self.object),
            Rc::clone(self.store),
        ))
    }

    /// Runs a machine: `step` does some 20 ms of work, and says whether it is done. After a read that
    /// lacked a chunk it is called again once that chunk is here.
    pub(crate) async fn run(
        &self,
        mut step: impl FnMut() -> Result<bool, IntakeError>,
    ) -> Result<(), IntakeError> {
        let mut faults = Faults::default();
        loop {
            let is_done = match step() {
                Ok(is_done) => is_done,
                Err(error) => {
                    self.fetch_cold_chunk(&mut faults, error).await?;
                    continue;
                }
            };
            faults.settled();
            if let Some(quarantine) = self.quarantine {
                quarantine.sweep_later().await?;
            }
            if !is_done {
                pause().await;
            }
            self.check_wanted()?;
            if is_done {
                return Ok(());
            }
        }
    }

    /// Reads something that takes no steps.
    pub(crate) async fn read<T>(
        &self,
        mut read: impl FnMut() -> Result<T, IntakeError>,
    ) -> Result<T, IntakeError> {
        let mut faults = Faults::default();
        loop {
            match read() {
                Ok(found) => return Ok(found),
                Err(error) => self.fetch_cold_chunk(&mut faults, error).await?,
            }
        }
    }

    /// Fetches the chunk that a step lacked; gives the step's error back if it is another.
    pub(crate) async fn fetch_cold_chunk(
        &self,
        faults: &mut Faults,
        error: IntakeError,
    ) -> Result<(), IntakeError> {
        let chunk = error.cold().ok_or(error)?;
        faults
            .fetch_cold_chunk(self.object, self.store, chunk)
            .await?;
        self.check_wanted()
    }

    fn check_wanted(&self) -> Result<(), IntakeError> {
        check_wanted(self.hooks)
    }
}

/// Fails if nobody wants the pack any more.
pub(super) fn check_wanted(hooks: &dyn Hooks) -> Result<(), IntakeError> {
    if hooks.is_wanted() {
        Ok(())
    } else {
        Err(IntakeError::Gone)
    }
}
