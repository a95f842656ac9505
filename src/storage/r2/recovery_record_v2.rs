//! Records of version 2, which Cairn wrote before it had JSON in them: every line a word and its
//! values. They stand in R2 until their repository settles again, so they are still read.
//!
//! ```text
//! cairn record 2
//! id 0123456789abcdef
//! namespace acme
//! name widgets
//! created 1700000000000
//! pushed <time of the last push>
//! flags read-only public
//! head refs/heads/main
//! description "json"
//! source "json"
//! network <id of the fork network's first repository>
//! keep <seconds of unreachable objects> <of the reflog> <of superseded packs>
//! copies <settle_seconds> <cold_after_seconds> <cold_bytes_min> <ready_bytes_min>, each or -
//! pack <R2 key> <bytes> <objects>
//! shallow <id of a commit that is kept without its parents>
//! ```
//!
//! `head`, `ref` and `end` are as in version 3.

use std::str::FromStr;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::recovery_record::{Record, RecordedPack};
use crate::storage::repository::copies::SnapshotSettings;

/// This version.
pub(crate) const VERSION: u32 = 2;

/// The first line.
pub(crate) const FIRST: &[u8] = b"cairn record 2";

/// Takes a line into the record; `None` if it does not read.
pub(crate) fn read_line(record: &mut Record, word: &[u8], rest: &[u8]) -> Option<()> {
    let text = rest.to_str().ok()?;
    let owned = || text.to_owned();
    let quoted = || serde_json::from_str::<String>(text).ok();
    let mut words = text.split(' ');
    let repository = &mut record.repository;
    let settings = &mut repository.settings;
    match word {
        b"id" => repository.id = owned(),
        b"namespace" => repository.namespace = owned(),
        b"name" => repository.name = owned(),
        b"created" => repository.created_at = text.parse().ok()?,
        b"pushed" => repository.last_push_at = Some(text.parse().ok()?),
        b"description" => repository.description = quoted()?,
        b"source" => repository.source = Some(quoted()?),
        b"network" => repository.network_id = Some(owned()),
        b"flags" => {
            let is_set = |name: &str| text.split(' ').any(|flag| flag == name);
            settings.read_only = is_set("read-only");
            settings.public = is_set("public");
            settings.deny_non_fast_forwards = is_set("deny-non-fast-forwards");
            settings.deny_deletes = is_set("deny-deletes");
            repository.fsck_strict = is_set("fsck-strict");
        }
        b"keep" => {
            settings.prune_grace_seconds = words.next()?.parse().ok()?;
            settings.reflog_retention_seconds = words.next()?.parse().ok()?;
            settings.superseded_grace_seconds = words.next()?.parse().ok()?;
        }
        b"copies" => {
            record.snapshots = SnapshotSettings {
                settle_seconds: value_or_dash(words.next()?).ok()?,
                cold_after_seconds: value_or_dash(words.next()?).ok()?,
                cold_bytes_min: value_or_dash(words.next()?).ok()?,
                ready_bytes_min: value_or_dash(words.next()?).ok()?,
            };
        }
        b"pack" => record.packs.push(RecordedPack {
            r2_key: words.next()?.to_owned(),
            pack_bytes: words.next()?.parse().ok()?,
            object_count: words.next()?.parse().ok()?,
        }),
        b"shallow" => record.shallow.push(ObjectId::from_hex(rest).ok()?),
        _ => return None,
    }
    Some(())
}

fn value_or_dash<T: FromStr>(word: &str) -> Result<Option<T>, T::Err> {
    if word == "-" {
        return Ok(None);
    }
    word.parse().map(Some)
}
