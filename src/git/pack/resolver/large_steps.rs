//! The steps of large deltas among those of the others.

use super::super::super::object::ObjectKind;
use super::super::super::store::Quarantine;
use super::super::entries::Base;
use super::super::parser::error::PackError;
use super::large::{LargeBase, LargeDelta, Scratch, StepStores, Worked};
use super::{Frame, Resolver};

impl Resolver {
    /// Begins to apply a large delta on the last base of the path.
    pub(super) fn begin_large(
        &mut self,
        child: u32,
        stores: StepStores<'_>,
    ) -> Result<(), PackError> {
        let Some(&Frame {
            base,
            kind,
            size_bytes,
            ..
        }) = self.path.last()
        else {
            return Ok(());
        };
        let offset = self.objects.entry(child)?.offset;
        let limit = self.objects.limits.delta_bytes_max;
        if kind != ObjectKind::Blob {
            // Their sizes are bounded far lower: only the instructions can be so many.
            let (header, ..) = self.objects.stored_entry(child, stores.sources.store)?;
            return Err(PackError::DeltaTooLarge {
                offset,
                what: "instructions",
                size: header.size_bytes,
                limit,
            });
        }
        self.objects.check_large(offset, "base", size_bytes)?;
        let id = self.objects.table.base_id(base);
        let id = id.ok_or(PackError::NoEntry { position: child })?;
        let held = self.scratch.filter(|scratch| scratch.object_id == id);
        let base = match held {
            _ if size_bytes <= limit => LargeBase::Held(self.base_content(base, stores.sources)?.1),
            Some(scratch) => LargeBase::InScratch(scratch.scratch_id),
            None => {
                self.drop_scratch(stores.quarantine)?;
                LargeBase::Away(base, id)
            }
        };
        let is_away = matches!(base, LargeBase::Away(..));
        let large = LargeDelta::begin(&mut self.objects, child, base, size_bytes, stores)?;
        if is_away {
            // Not before: a beginning that finds its base cold is repeated.
            self.objects.charge(size_bytes)?;
        }
        self.large = Some(large);
        Ok(())
    }

    /// Works on it.
    pub(super) fn work_on(
        &mut self,
        mut large: LargeDelta,
        stores: StepStores<'_>,
    ) -> Result<(), PackError> {
        let worked = match large.work(&mut self.objects, stores) {
            Ok(worked) => worked,
            Err(error) => {
                self.large = Some(large);
                return Err(error);
            }
        };
        match worked {
            Worked::More => {}
            Worked::Spilled(scratch_id) => {
                let base = self.path.last().map_or(Base::None, |frame| frame.base);
                let object_id = self.objects.table.base_id(base);
                self.scratch = object_id.map(|object_id| Scratch {
                    object_id,
                    scratch_id,
                });
            }
            Worked::Done => {
                if self.frame_of(large.child)?.is_some() {
                    self.wait_for_descent(large.child);
                }
                return Ok(());
            }
        }
        self.large = Some(large);
        Ok(())
    }

    /// Removes the large base that was inflated last.
    pub(super) fn drop_scratch(&mut self, quarantine: &dyn Quarantine) -> Result<(), PackError> {
        if let Some(scratch) = self.scratch.take() {
            quarantine.drop_scratch(scratch.scratch_id)?;
        }
        Ok(())
    }
}
