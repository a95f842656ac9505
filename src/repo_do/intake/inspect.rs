//! The objects of a resolved pack, judged by their content.

use std::rc::Rc;

use super::arrival::ArrivedPack;
use super::error::IntakeError;
use super::steps::{CHECK_STEP_OBJECTS, Steps};
use crate::git::limits::Limits;
use crate::git::pack::reader::LivePacks;
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::secrets::Allowed;
use crate::repo_do::state::store::Store;

/// Looks at the blobs that trees name as special, which can be done only now; fails if fsck refuses
/// any object, or if a new blob has a secret that is not allowed. The pack that it gives is resolved, and no
/// object of it is refused.
pub(crate) async fn inspect<'a>(
    steps: Steps<'_>,
    resolved: ArrivedPack,
    (live, limits): (&'a LivePacks<Rc<Store>>, &Limits),
    allowed: &Allowed,
) -> Result<Pushed<'a, Rc<Store>>, IntakeError> {
    let mut pushed = Pushed::new(resolved.objects, resolved.inspection, live, limits);
    steps.read(|| Ok(pushed.check_specials()?)).await?;
    if let Some(refusal) = pushed.refusal() {
        return Err(IntakeError::Fsck(refusal.clone()));
    }
    look_up_secrets(steps, &mut pushed).await?;
    match pushed.secret_refusal(allowed) {
        Some(refusal) => Err(IntakeError::Secrets(refusal)),
        None => Ok(pushed),
    }
}

/// Finds out which blobs with secrets are new and where they stand.
async fn look_up_secrets(
    steps: Steps<'_>,
    pushed: &mut Pushed<'_, Rc<Store>>,
) -> Result<(), IntakeError> {
    steps.read(|| Ok(pushed.search_unshown()?)).await?;
    let Some(mut search) = steps.read(|| Ok(pushed.secret_paths()?)).await? else {
        return Ok(());
    };
    let step = || Ok(search.step(pushed, CHECK_STEP_OBJECTS)?);
    steps.run(step).await?;
    pushed.settle_secrets(&search);
    Ok(())
}
