//! The database of one repository.
//!
//! | module | what it is |
//! |---|---|
//! | [`store`] | [`store::RepoStore`], one repository: its row and its figures |
//! | [`quota`] | its bytes, and how many it may have |
//! | [`settings`] | the settings that every layer passes on |
//! | [`policies`], [`standing`], [`known_standing`] | its rules, bounds and end; what its namespace says of all its repositories, and what it knows of that |
//! | `ref_rules` | its rules about refs, as its row keeps them |
//! | [`forwarding`], [`whereabouts`] | which object has the repository by this object's name |
//! | [`phase`], [`life`], [`fork`] | the phases of its life; its end begins; what a fork takes over |
//! | [`packs`] | its packs: the engine's ports `PackStore` and `Quarantine` |
//! | [`part_rows`], `part_ranges` | the rows of what is derived from a pack, deflated where it is cold; ranges of them |
//! | [`ref_record`], [`refs`] | a ref; the refs, read |
//! | [`ref_cache`], `listed_refs` | the list of refs, in memory from one request to the next; how a store keeps it current |
//! | `ref_conflicts` | refs that keep a new one from existing |
//! | `known_targets`, `ref_targets` | the objects that refs name, without a look at all refs |
//! | [`ref_snapshot`], `snapshot_pages` | the refs of one moment, read while pushes go on |
//! | [`ref_case`] | names that differ in case alone, found by a few look-ups |
//! | [`packed_refs`], `ref_packing`, [`ref_page`] | refs many of which are in one row; how loose ones come there; pages of refs |
//! | [`publication`], [`publish`] | its refs, changed: the one transaction that makes a push visible |
//! | [`ref_counts`] | how many refs a repository has, and how many it may have |
//! | [`reflog`], [`reflog_page`] | the changes of refs: written with each change, read by people |
//! | [`events`], `push_events` | the events, until they are handed over and after; those of a push |
//! | [`lfs_objects`], [`lfs_life`], [`lfs_locks`] | its objects of Git LFS, whose bytes are in R2: uploads; those that come from elsewhere, and those that go; locks on its files |
//! | [`put_blobs`] | blobs that were put by REST, until a commit names them |
//! | [`idempotency`] | requests that are done once, and their answers |
//! | [`revisions`] | names that people give to commits |
//! | [`tokens`] | the tokens of a repository or of a namespace |
//! | [`upstream`], [`upstream_row`], [`upstream_syncs`] | another repository elsewhere that this one follows; syncs with it |
//! | [`imports`] | an import under way, and the edge of a history that is here in part |
//! | [`import_lfs`] | objects of Git LFS that an import is to take |
//! | `downstreams` | repositories elsewhere that follow it, and what was pushed there |
//! | [`recovery`] | the recovery record written, and a repository made again from one |
//! | [`copies`] | the packs that R2 holds, those on their way, the keys that R2 may forget |
//! | [`ready_clone`], [`bundles`] | the answer to a full clone, kept ready in R2; the bundle there |
//! | [`supersede`] | packs put in the place of others |
//! | [`origin_report`] | the warnings of fsck; the report of an import or a fork |
//! | [`sweep`], [`orphans`] | rows of unfinished pushes, removed; needless and missing rows, counted |
//! | [`row_audit`] | rows of refs, reflog and tokens, read one by one for a verification |
//! | [`maintenance_runs`], [`grace_periods`] | runs of maintenance; times for which it leaves rows alone |

pub mod bundles;
pub mod copies;
pub(crate) mod downstreams;
pub mod ephemeral_refs;
pub mod events;
pub mod fork;
pub mod forwarding;
pub(crate) mod grace_periods;
pub mod idempotency;
pub mod import_lfs;
pub mod imports;
pub mod kept;
pub(crate) mod known_standing;
pub mod lfs_life;
pub mod lfs_locks;
pub mod lfs_objects;
pub(crate) mod life;
pub mod lifetime;
pub mod maintenance_runs;
pub(crate) mod origin_report;
pub mod orphans;
pub mod packed_refs;
pub(crate) mod packs;
pub(crate) mod part_rows;
pub mod phase;
pub mod policies;
pub mod pre_receive;
pub mod pre_receive_row;
pub mod publication;
pub(crate) mod publish;
pub mod put_blobs;
pub(crate) mod quota;
pub mod ready_clone;
pub(crate) mod recovery;
pub(crate) mod ref_cache;
pub(crate) mod ref_case;
pub mod ref_counts;
pub(crate) mod ref_packing;
pub(crate) mod ref_page;
pub mod ref_record;
pub(crate) mod ref_snapshot;
pub(crate) mod reflog;
pub mod reflog_page;
pub(crate) mod refs;
pub(crate) mod revisions;
pub(crate) mod row_audit;
pub(crate) mod scratch;
pub mod settings;
pub mod standing;
pub mod store;
pub(crate) mod supersede;
pub mod sweep;
pub mod tokens;
pub mod upstream;
pub mod upstream_row;
pub mod upstream_syncs;
pub mod whereabouts;

mod known_targets;
mod listed_refs;
mod part_ranges;
mod parts;
mod push_events;
mod ref_conflicts;
mod ref_rules;
mod ref_targets;
mod snapshot_pages;

#[cfg(test)]
pub(crate) mod testing;
