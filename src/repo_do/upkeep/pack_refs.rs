//! Very many refs put into few rows ([ADR 120](../../../docs/adr/0120-maintenance-packs-refs.md)).

use std::rc::Rc;

use gix_object::bstr::{BString, ByteSlice as _};

use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::storage::db::sql::Database as _;
use crate::storage::repository::maintenance_runs::RunFigures;

/// Packs the refs that are loose.
pub(super) async fn pack(object: &Rc<RepoObject>) -> Result<Option<RunFigures>, Failure> {
    let store = object.open_store()?;
    let (mut refs, mut rows, mut after) = (0_u64, 0_u64, BString::default());
    loop {
        let rows_before = store.database().rows_written();
        let step = store.pack_refs_after(after.as_bstr())?;
        let written = store.database().rows_written().saturating_sub(rows_before);
        refs = refs.saturating_add(step.refs);
        rows = rows.saturating_add(written);
        let Some(next) = step.after else {
            break;
        };
        after = next;
        pause().await;
        object.check_open(&store)?;
    }
    Ok((refs > 0).then(|| RunFigures {
        objects: refs,
        rows,
        ..RunFigures::default()
    }))
}
