//! Which file of `src/` imports which, and the circles that these arrows make. A module is one
//! file, and a declaration of a module is not an import.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, declared};

/// From each file to those it imports, by their modules.
pub type Arrows = BTreeMap<Vec<String>, BTreeSet<Vec<String>>>;

/// The arrows between these sources.
pub fn arrows(sources: &[Source]) -> Arrows {
    let modules: BTreeSet<_> = sources.iter().map(|source| source.module.clone()).collect();
    let of = |source: &Source| {
        let children: BTreeSet<String> = declared(&source.file, &source.text)
            .into_iter()
            .map(|(name, _, _)| name)
            .collect();
        let absolute = |path: Vec<String>| match path.first() {
            Some(first) if first == "crate" => Some(path[1..].to_vec()),
            Some(first) if children.contains(first) => {
                Some(source.module.iter().cloned().chain(path).collect())
            }
            _ => None,
        };
        let named = source.paths().into_iter().filter_map(absolute);
        let files = named.filter_map(|path| file_of(path, &modules));
        files.filter(|file| *file != source.module).collect()
    };
    let each = sources
        .iter()
        .map(|source| (source.module.clone(), of(source)));
    each.collect()
}

/// The longest module that the path begins with; the crate itself does not count.
fn file_of(mut path: Vec<String>, modules: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    while !path.is_empty() && !modules.contains(&path) {
        path.pop();
    }
    (!path.is_empty()).then_some(path)
}

/// The sets of files each of which leads to all others of its set; the longest first.
pub fn circles(arrows: &Arrows) -> Vec<Vec<String>> {
    let reach: BTreeMap<_, _> = arrows
        .keys()
        .map(|file| (file, reached(file, arrows)))
        .collect();
    let mut found = BTreeSet::new();
    for (file, ahead) in &reach {
        let back = |other: &&Vec<String>| reach.get(other).is_some_and(|own| own.contains(*file));
        let circle: Vec<String> = ahead
            .iter()
            .filter(back)
            .map(|one| one.join("::"))
            .collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    found
}

/// All files that this one leads to by one arrow or more.
fn reached(file: &[String], arrows: &Arrows) -> BTreeSet<Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut open = vec![file.to_vec()];
    while let Some(next) = open.pop() {
        for other in arrows.get(&next).into_iter().flatten() {
            if seen.insert(other.clone()) {
                open.push(other.clone());
            }
        }
    }
    seen
}
