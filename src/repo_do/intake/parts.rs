//! The parts of a large pack, written to quarantine before the transaction that publishes it.

use std::rc::Rc;

use super::error::IntakeError;
use super::quarantine::QuarantinedPack;
use super::steps::Steps;
use crate::git::graph::connectivity::Connected;
use crate::git::graph::unwritten::{MadeOf, UnwrittenParts};
use crate::git::receive_pack::pushed::Pushed;
use crate::git::store::Quarantine as _;
use crate::repo_do::state::store::Store;

/// Objects of the smallest pack whose parts are written beforehand. Those of a smaller one take the publishing
/// transaction some 50 ms at most, and a push that fails leaves nothing of them. Steps cost a pause and a commit
/// each: a push of 49,000 objects took 6 % longer by them.
const OBJECTS_MIN: u32 = 1 << 17;

/// Writes the parts in steps; false if the publishing transaction writes them, or nothing was `connected`.
pub(crate) async fn write_parts(
    steps: Steps<'_>,
    quarantined: &QuarantinedPack,
    pushed: &Pushed<'_, Rc<Store>>,
    connected: Option<&Connected>,
) -> Result<bool, IntakeError> {
    let Some(connected) = connected else {
        return Ok(false);
    };
    let (pack_id, objects) = {
        let incoming = pushed.incoming();
        (incoming.pack.pack_id(), incoming.table.count())
    };
    let Some(pack_id) = pack_id.filter(|_| objects >= OBJECTS_MIN) else {
        return Ok(false);
    };
    let mut unwritten = UnwrittenParts::default();
    let mut put = |part, number, row: &[u8]| quarantined.put_part(pack_id, part, number, row);
    let step = || {
        let incoming = pushed.incoming();
        let made_of = MadeOf {
            table: &incoming.table,
            graph: &connected.graph_part,
            introduced: &connected.introduced_part,
        };
        Ok(unwritten.step(made_of, &mut put)?)
    };
    steps.run(step).await?;
    Ok(true)
}
