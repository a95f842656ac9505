//! Plans a push: the refs of a remote that change, and the changes that Cairn does not send, by the rules
//! of `git push` (`set_ref_status_for_push` in git's `remote.c`).

use std::collections::HashMap;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::super::refname::{self, TAGS};
use super::super::refspec::Refspecs;
use super::advertisement::Advertisement;

/// A change of one of the remote's refs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Update {
    /// The ref here that the refspecs lead to it; `None` for a deletion.
    pub(crate) source: Option<BString>,
    /// The ref's name there.
    pub(crate) name: BString,
    /// The target before the push.
    pub(crate) old: Option<ObjectId>,
    /// The target after the push.
    pub(crate) new: Option<ObjectId>,
    /// Whether it may lose commits.
    pub(crate) may_force: bool,
    /// Whether the remote loses commits or moves a tag by it.
    pub(crate) is_forced: bool,
}

/// A change that Cairn does not send, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The change.
    pub(crate) update: Update,
    /// The reason.
    pub(crate) reason: RefusedBecause,
}

/// The reason why Cairn does not send a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RefusedBecause {
    /// The remote would lose commits that are not here.
    #[error("the remote has commits that are not here, and force is not set")]
    NotHere,
    /// The remote would lose commits.
    #[error("not a fast-forward, and force is not set")]
    NotForward,
    /// The push would move a tag.
    #[error("the tag exists there already, and force is not set")]
    TagExists,
    /// The remote deletes no refs.
    #[error("the remote deletes no refs")]
    NoDeletes,
}

/// Whether one object is an ancestor of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forward {
    /// The first object is an ancestor of the other.
    Yes,
    /// The first object is no ancestor of the other, or one of them is no commit.
    No,
    /// The first object is not here.
    NotHere,
}

/// The changes of a push, planned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The changes to send: deletions first, then by name.
    pub(crate) updates: Vec<Update>,
    /// The changes that Cairn does not send.
    pub(crate) refused: Vec<Refused>,
}

/// The rules of a mirror for the remote's refs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MirrorRules<'a> {
    /// The refspecs, which lead refs here to refs there.
    pub(crate) refspecs: &'a Refspecs,
    /// Whether every ref there may lose commits.
    pub(crate) force: bool,
    /// Whether the push deletes refs there that no ref here leads to.
    pub(crate) prune: bool,
}

/// The refs here, gathered one by one.
pub(crate) struct Gathered<'a> {
    rules: MirrorRules<'a>,
    targets: HashMap<BString, Update>,
}

impl<'a> Gathered<'a> {
    /// Starts without any ref.
    pub(crate) fn new(rules: MirrorRules<'a>) -> Self {
        Self {
            rules,
            targets: HashMap::new(),
        }
    }

    /// Takes a ref here if the refspecs lead it to a ref there. Ephemeral refs stay here.
    pub(crate) fn add(&mut self, name: &BString, target: ObjectId, remote: &Advertisement) {
        if refname::is_ephemeral(name.as_bstr()) {
            return;
        }
        let Some(led) = self.rules.refspecs.lead(name.as_bstr()) else {
            return;
        };
        let old = remote.refs.get(&led.name).copied();
        let update = Update {
            source: Some(name.clone()),
            name: led.name.clone(),
            old,
            new: Some(target),
            may_force: led.force || self.rules.force,
            is_forced: false,
        };
        // The refspecs lead no other ref to this name.
        self.targets.insert(led.name, update);
    }

    /// The changes that the remote needs, once `add` has taken every ref here. `forward` tells whether a
    /// ref that moves from the first object to the second loses no commits.
    pub(crate) fn changes<E>(
        self,
        remote: &Advertisement,
        mut forward: impl FnMut(ObjectId, ObjectId) -> Result<Forward, E>,
    ) -> Result<Changes, E> {
        let mut changes = Changes::default();
        // A repository without refs to mirror is probably a mistake, so it does not empty the other one.
        if self.rules.prune && !self.targets.is_empty() {
            let gone = remote.refs.iter();
            let gone = gone.filter(|(name, _)| {
                let is_here = self.targets.contains_key(*name);
                !is_here && !refname::is_ephemeral(name.as_bstr())
            });
            for (name, old) in gone {
                changes.updates.push(Update {
                    source: None,
                    name: name.clone(),
                    old: Some(*old),
                    new: None,
                    may_force: true,
                    is_forced: false,
                });
            }
        }
        let moved = self.targets.into_values();
        changes
            .updates
            .extend(moved.filter(|update| update.old != update.new));
        let place = |update: &Update| (update.new.is_some(), update.name.clone());
        changes.updates.sort_by_cached_key(place);
        let mut good = Vec::with_capacity(changes.updates.len());
        for mut update in std::mem::take(&mut changes.updates) {
            match judge(&update, remote, &mut forward)? {
                Some(
                    RefusedBecause::NotForward
                    | RefusedBecause::NotHere
                    | RefusedBecause::TagExists,
                ) if update.may_force => {
                    update.is_forced = true;
                    good.push(update);
                }
                Some(reason) => changes.refused.push(Refused { update, reason }),
                None => good.push(update),
            }
        }
        changes.updates = good;
        Ok(changes)
    }
}

/// The reason why the change needs force, if it does.
fn judge<E>(
    update: &Update,
    remote: &Advertisement,
    forward: &mut impl FnMut(ObjectId, ObjectId) -> Result<Forward, E>,
) -> Result<Option<RefusedBecause>, E> {
    let Some(new) = update.new else {
        return Ok((!remote.features.delete_refs).then_some(RefusedBecause::NoDeletes));
    };
    let Some(old) = update.old else {
        return Ok(None);
    };
    if update.name.starts_with(TAGS.as_bytes()) {
        return Ok(Some(RefusedBecause::TagExists));
    }
    Ok(match forward(old, new)? {
        Forward::Yes => None,
        Forward::No => Some(RefusedBecause::NotForward),
        Forward::NotHere => Some(RefusedBecause::NotHere),
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::super::advertisement::Features;
    use super::*;

    /// Object ids for numbers: a higher number descends from each lower one of the same parity.
    fn id(number: u8) -> ObjectId {
        ObjectId::from_bytes_or_panic(&[number; 20])
    }

    fn forward(old: ObjectId, new: ObjectId) -> Forward {
        let (old, new) = (old.as_bytes()[0], new.as_bytes()[0]);
        match old {
            200.. => Forward::NotHere,
            _ if old < new && old % 2 == new % 2 => Forward::Yes,
            _ => Forward::No,
        }
    }

    fn remote(refs: &[(&str, u8)]) -> Advertisement {
        Advertisement {
            features: Features {
                delete_refs: true,
                ..Features::default()
            },
            refs: refs
                .iter()
                .map(|(name, at)| ((*name).into(), id(*at)))
                .collect(),
            ..Advertisement::default()
        }
    }

    fn changes(
        own: &[(&str, u8)],
        there: &Advertisement,
        specs: &[&str],
        (force, prune): (bool, bool),
    ) -> Changes {
        let specs = specs.iter().map(|text| (*text).to_owned()).collect();
        let refspecs = Refspecs::parse(specs).unwrap();
        let rules = MirrorRules {
            refspecs: &refspecs,
            force,
            prune,
        };
        let mut gathered = Gathered::new(rules);
        for (name, at) in own {
            gathered.add(&(*name).into(), id(*at), there);
        }
        let forward = |old, new| Ok::<_, Infallible>(forward(old, new));
        gathered.changes(there, forward).unwrap()
    }

    fn told(changes: &Changes) -> (Vec<String>, Vec<String>) {
        let updates = changes.updates.iter().map(|update| {
            let forced = if update.is_forced { "+" } else { "" };
            let number = |id: Option<ObjectId>| id.map_or(0, |id| id.as_bytes()[0]);
            format!(
                "{forced}{} {}-{}",
                update.name,
                number(update.old),
                number(update.new)
            )
        });
        let refused = changes.refused.iter();
        let refused = refused.map(|found| format!("{} {:?}", found.update.name, found.reason));
        (updates.collect(), refused.collect())
    }

    #[test]
    fn what_differs_changes_and_nothing_is_lost_without_force() {
        let own = [
            ("refs/heads/same", 2),
            ("refs/heads/new", 4),
            ("refs/heads/on", 6),
            ("refs/heads/back", 2),
            ("refs/heads/foreign", 8),
            ("refs/tags/moved", 8),
            ("refs/ephemeral/x", 1),
            ("refs/notes/commits", 1),
        ];
        let there = remote(&[
            ("refs/heads/same", 2),
            ("refs/heads/on", 2),
            ("refs/heads/back", 4),
            ("refs/heads/foreign", 200),
            ("refs/tags/moved", 2),
            ("refs/heads/theirs", 2),
        ]);
        let specs = ["refs/heads/*", "refs/tags/*"];
        let plain = changes(&own, &there, &specs, (false, false));
        let lost = [
            "refs/heads/back NotForward",
            "refs/heads/foreign NotHere",
            "refs/tags/moved TagExists",
        ];
        assert_eq!(
            told(&plain),
            (
                vec![
                    "refs/heads/new 0-4".to_owned(),
                    "refs/heads/on 2-6".to_owned()
                ],
                lost.map(str::to_owned).to_vec()
            )
        );
        let forced = changes(&own, &there, &specs, (true, true));
        let all = [
            "refs/heads/theirs 2-0",
            "+refs/heads/back 4-2",
            "+refs/heads/foreign 200-8",
            "refs/heads/new 0-4",
            "refs/heads/on 2-6",
            "+refs/tags/moved 2-8",
        ];
        assert_eq!(told(&forced), (all.map(str::to_owned).to_vec(), vec![]));
        let one = changes(
            &own,
            &there,
            &["+refs/heads/back", "refs/heads/*"],
            (false, false),
        );
        assert_eq!(told(&one).0[0], "+refs/heads/back 4-2");
    }

    #[test]
    fn a_remote_that_deletes_nothing_is_told() {
        let mut there = remote(&[("refs/heads/gone", 2)]);
        there.features.delete_refs = false;
        let own = [("refs/heads/gone/on", 2)];
        let pruned = changes(&own, &there, &["refs/heads/*"], (true, true));
        assert_eq!(told(&pruned).1, ["refs/heads/gone NoDeletes"]);
        let nothing = changes(&[], &there, &["refs/heads/*"], (true, true));
        assert_eq!(nothing, Changes::default());
    }

    proptest! {
        #[test]
        fn with_force_and_pruning_the_remote_becomes_the_same(
            own in proptest::collection::btree_map("refs/heads/[a-e]", 1_u8..9, 1..5),
            there in proptest::collection::btree_map("refs/heads/[a-e]", 1_u8..9, 0..5),
        ) {
            let pairs = |refs: &'_ std::collections::BTreeMap<String, u8>| -> Vec<(String, u8)> {
                refs.clone().into_iter().collect()
            };
            let (own, there) = (pairs(&own), pairs(&there));
            let own: Vec<_> = own.iter().map(|(name, at)| (name.as_str(), *at)).collect();
            let there: Vec<_> = there.iter().map(|(name, at)| (name.as_str(), *at)).collect();
            let before = remote(&there);
            let found = changes(&own, &before, &["refs/heads/*"], (true, true));
            let mut after = before.refs.clone();
            for update in &found.updates {
                prop_assert_eq!(after.get(&update.name).copied(), update.old);
                match update.new {
                    Some(new) => after.insert(update.name.clone(), new),
                    None => after.remove(&update.name),
                };
            }
            prop_assert!(found.refused.is_empty());
            prop_assert_eq!(after, remote(&own).refs);
        }
    }
}
