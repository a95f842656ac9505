use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;

/// A tree by name: whether the entry is a directory, and the last byte of its id.
type Tree = BTreeMap<String, (bool, u8)>;

/// Visited entries: name, id's last byte, whether it is a directory, and its bases' last bytes.
type Visited = Vec<(String, u8, bool, Vec<u8>)>;

fn encode(tree: &Tree) -> Vec<u8> {
    let mut entries: Vec<_> = tree.iter().collect();
    entries.sort_by(|(name1, (dir1, _)), (name2, (dir2, _))| {
        base_name_compare(name1.as_bytes(), *dir1, name2.as_bytes(), *dir2)
    });
    let mut bytes = Vec::new();
    for (name, (is_directory, id)) in entries {
        let mode = if *is_directory { "40000" } else { "100644" };
        bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        bytes.extend_from_slice(&[0; 19]);
        bytes.push(*id);
    }
    bytes
}

fn visited(tree: &[u8], parents: &[Shared]) -> Result<Visited, FactsError> {
    let mut visited = Vec::new();
    for_each_new_entry(tree, parents, |entry| {
        let last = |id: &ObjectId| id.as_slice()[19];
        visited.push((
            entry.name.to_string(),
            last(&entry.id),
            entry.kind == ObjectKind::Tree,
            entry.bases.iter().map(last).collect(),
        ));
        Ok(())
    })?;
    Ok(visited)
}

/// The same, by looking each name up.
fn looked_up(tree: &Tree, parents: &[Tree]) -> Visited {
    let mut visited = Vec::new();
    for (name, (is_directory, id)) in tree {
        let others = parents.iter().filter_map(|parent| parent.get(name));
        let others = others.filter(|other| other.0 == *is_directory);
        let others: Vec<u8> = others.map(|other| other.1).collect();
        if others.contains(id) {
            continue;
        }
        let mut bases = Vec::new();
        for other in others {
            if *is_directory && !bases.contains(&other) {
                bases.push(other);
            }
        }
        visited.push((name.clone(), *id, *is_directory, bases));
    }
    visited.sort();
    visited
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let name = prop_oneof!["[a-c]{1,3}", "[ab](\\.|0)?", "[a-b]{30}[xyz]"];
    prop::collection::btree_map(name, (prop::bool::weighted(0.3), 0_u8..3), 0..30)
}

/// A version of the tree with some entries put in or taken out.
fn changed(tree: &Tree, put: Tree, taken: &[prop::sample::Index]) -> Tree {
    let mut tree = tree.clone();
    for index in taken {
        if let Some(name) = tree.keys().nth(index.index(tree.len().max(1))).cloned() {
            tree.remove(&name);
        }
    }
    tree.extend(put);
    tree
}

prop_compose! {
    fn any_versions()(
        tree in any_tree(),
        versions in prop::collection::vec((
            prop::bool::weighted(0.8),
            any_tree(),
            0_usize..4,
            prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        ), 0..4),
    ) -> (Tree, Vec<Tree>) {
        let parents = versions.into_iter().map(|(is_version, other, few, taken)| {
            if is_version {
                changed(&tree, other.into_iter().take(few).collect(), &taken)
            } else {
                other
            }
        });
        let parents = parents.collect();
        (tree, parents)
    }
}

proptest! {
    #[test]
    fn an_entry_is_new_if_no_parent_has_it_under_the_name((tree, parents) in any_versions()) {
        let shared: Vec<Shared> = parents.iter().map(|parent| Rc::new(encode(parent))).collect();
        let mut found = visited(&encode(&tree), &shared).unwrap();
        found.sort();
        prop_assert_eq!(found, looked_up(&tree, &parents));
    }

    #[test]
    fn nothing_new_is_missed_where_trees_are_damaged(
        (tree, parents) in any_versions(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let bytes = encode(&tree);
        let mut parents: Vec<Vec<u8>> = parents.iter().map(encode).collect();
        for (place, byte) in damage {
            for parent in parents.iter_mut().filter(|parent| !parent.is_empty()) {
                let place = place.index(parent.len());
                parent[place] = byte;
            }
        }
        let has = |entry: &TreeEntry<'_>| parents.iter().any(|parent| {
            let mut entries = tree_entries(parent).map_while(Result::ok);
            entries.any(|other| {
                // A damaged name can end with a slash, and then be the same to git's order.
                let (one, two) = (other.mode.is_tree(), entry.mode.is_tree());
                let order = base_name_compare(other.name, one, entry.name, two);
                order.is_eq() && other.id == entry.id && entry_kind(&other) == entry_kind(entry)
            })
        });
        let shared: Vec<Shared> = parents.iter().cloned().map(Rc::new).collect();
        let found = visited(&bytes, &shared).unwrap();
        for entry in tree_entries(&bytes).map(Result::unwrap) {
            let is_found = found.iter().any(|(name, ..)| **entry.name == *name.as_bytes());
            prop_assert!(is_found || has(&entry), "{} is missed", entry.name);
        }
    }
}

#[test]
fn a_damaged_tree_is_an_error_unless_a_parent_is_damaged_alike() {
    let tree = Tree::from([("a".to_owned(), (false, 1)), ("b".to_owned(), (false, 2))]);
    let bytes = encode(&tree);
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] = b'x';
    assert!(visited(&damaged, &[]).is_err());
    assert!(visited(&damaged, &[Rc::new(bytes)]).is_err());
    assert_eq!(
        visited(&damaged, &[Rc::new(damaged.clone())]),
        Ok(Vec::new())
    );
}

/// An entry is read by looking for the NUL before the last id of the tree first, as git does.
#[test]
fn a_parent_whose_end_is_damaged_has_nothing() {
    let tree = Tree::from([("a".to_owned(), (false, 1)), ("b".to_owned(), (false, 2))]);
    let bytes = encode(&tree);
    let mut damaged = bytes.clone();
    let last_nul = damaged.len() - 21;
    damaged[last_nul] = 1;
    assert!(visited(&damaged, &[Rc::new(bytes.clone())]).is_err());
    assert!(visited(&damaged, &[Rc::new(damaged.clone())]).is_err());
    let found = visited(&bytes, &[Rc::new(damaged)]).unwrap();
    assert_eq!(found.len(), 2);
}
