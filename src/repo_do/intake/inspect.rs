//! The objects of a resolved pack, judged for what they are.

use std::rc::Rc;

use super::arrival::ArrivedPack;
use super::error::IntakeError;
use super::steps::Steps;
use crate::git::limits::Limits;
use crate::git::pack::reader::LivePacks;
use crate::git::receive_pack::pushed::Pushed;
use crate::repo_do::state::store::Store;

/// Looks at the blobs that trees name as special, which can be done only now; fails if fsck refuses
/// any object. What it gives is resolved, and no object of it is refused.
pub(crate) async fn inspect<'a>(
    steps: Steps<'_>,
    resolved: ArrivedPack,
    live: &'a LivePacks<Rc<Store>>,
    limits: &Limits,
) -> Result<Pushed<'a, Rc<Store>>, IntakeError> {
    let mut pushed = Pushed::new(resolved.objects, resolved.inspection, live, limits);
    steps.read(|| Ok(pushed.check_specials()?)).await?;
    match pushed.refusal() {
        Some(refusal) => Err(IntakeError::Fsck(refusal.clone())),
        None => Ok(pushed),
    }
}
