//! The deltas of a pack that arrived, made into objects.

use super::arrival::ArrivedPack;
use super::error::IntakeError;
use super::hooks::Stage;
use super::quarantine::QuarantinedPack;
use super::steps::{RESOLVE_STEP_BYTES, Steps};
use crate::git::pack::incoming::objects::Sources;
use crate::git::pack::resolver::{Resolver, Step};

/// Makes the deltas that are left into objects. `sources` decides which objects outside the pack they
/// may build on.
pub(crate) async fn resolve(
    steps: Steps<'_>,
    arrived: ArrivedPack,
    sources: Sources<'_>,
    quarantine: &QuarantinedPack,
) -> Result<ArrivedPack, IntakeError> {
    let ArrivedPack {
        objects,
        mut inspection,
    } = arrived;
    let mut resolver = Resolver::new(objects);
    let steps = steps.into_quarantine(quarantine);
    let step = || {
        let step = resolver.step(RESOLVE_STEP_BYTES, sources, quarantine, &mut inspection)?;
        let is_over = step == Step::Done;
        let progress = resolver.progress();
        steps.hooks.at(Stage::Resolving { progress, is_over });
        Ok(is_over)
    };
    steps.run(step).await?;
    Ok(ArrivedPack {
        objects: resolver.finish(),
        inspection,
    })
}
