//! A repository of git's, its objects in memory, and the answers of `git merge-tree` for pairs of commits.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use cairn::git::edit::new_objects::NewObjects;
use cairn::git::limits::Limits;
use cairn::git::merge::commits::{CommitMerge, History};
use cairn::git::merge::tree::{Favor, MergedTree};
use cairn::git::object::ObjectKind;
use cairn::git::object::facts;
use cairn::git::store::{ObjectSource, ReadError, Shared, StoreError};
use gix_hash::{ObjectId, oid};
use gix_object::tree::EntryKind;

use super::support::git::Git;

/// Every object of a repository.
pub struct Objects(HashMap<ObjectId, (ObjectKind, Shared)>);

impl ObjectSource for Objects {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        Ok(self.0.get(id).map(|(kind, _)| *kind))
    }

    fn size_bytes(&self, id: &oid) -> Result<Option<u64>, ReadError> {
        Ok(self.0.get(id).map(|(_, content)| content.len() as u64))
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        Ok(self.0.get(id).cloned())
    }
}

impl Objects {
    /// Reads all that is stored.
    pub fn read(git: &Git) -> Self {
        let arguments = ["cat-file", "--batch", "--batch-all-objects", "--unordered"];
        let stdout = git.try_run(&arguments, b"").stdout;
        let mut objects = HashMap::new();
        let mut rest = &stdout[..];
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
            let header = String::from_utf8_lossy(&rest[..end]).into_owned();
            let mut fields = header.split(' ');
            let id = ObjectId::from_hex(fields.next().unwrap().as_bytes()).unwrap();
            let kind = ObjectKind::from_name(fields.next().unwrap().as_bytes()).unwrap();
            let size: usize = fields.next().unwrap().parse().unwrap();
            let content = rest[end + 1..end + 1 + size].to_vec();
            objects.insert(id, (kind, Rc::new(content)));
            rest = &rest[end + 1 + size + 1..];
        }
        Self(objects)
    }

    fn parents(&self, id: &oid) -> Vec<ObjectId> {
        facts::commit(&self.0[id].1).unwrap().parents.to_vec()
    }

    fn time(&self, id: &oid) -> u64 {
        facts::commit(&self.0[id].1).unwrap().time
    }

    fn ancestors(&self, ids: &[ObjectId]) -> BTreeSet<ObjectId> {
        let mut found = BTreeSet::new();
        let mut open = ids.to_vec();
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(self.parents(&id));
            }
        }
        found
    }
}

impl History for Objects {
    fn tree_of(&self, commit: &oid) -> Result<Option<ObjectId>, StoreError> {
        let found = self.0.get(commit);
        Ok(found.map(|(_, content)| facts::commit(content).unwrap().tree))
    }

    fn merge_bases(
        &self,
        ours: &[ObjectId],
        theirs: &[ObjectId],
    ) -> Result<Vec<ObjectId>, StoreError> {
        let (ours, theirs) = (self.ancestors(ours), self.ancestors(theirs));
        let common: Vec<ObjectId> = ours.intersection(&theirs).copied().collect();
        // All ancestors of a common commit are common: a common commit that is not a parent of another is a
        // best one.
        let inner: BTreeSet<ObjectId> = common.iter().flat_map(|id| self.parents(id)).collect();
        let mut best: Vec<_> = common
            .into_iter()
            .filter(|id| !inner.contains(id))
            .collect();
        best.sort_by_key(|id| std::cmp::Reverse(self.time(id)));
        Ok(best)
    }
}

/// The result of a merge, as `git merge-tree -z` prints it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub is_clean: bool,
    pub tree: String,
    /// Mode, id, stage, path.
    pub conflicted: Vec<String>,
    /// Git's messages, to read when a test fails.
    pub messages: Vec<String>,
}

/// Git's answers about these pairs.
pub fn ask_git(git: &Git, pairs: &[(String, String)], options: &[&str]) -> Vec<Answer> {
    let mut input = String::new();
    for (ours, theirs) in pairs {
        input.push_str(&format!("{ours} {theirs}\n"));
    }
    let mut arguments = vec!["merge-tree", "--write-tree", "--stdin", "--messages"];
    arguments.extend_from_slice(options);
    let ended = git.try_run(&arguments, input.as_bytes());
    assert!(ended.ok, "{}", ended.stderr);
    let mut fields = ended
        .stdout
        .split(|byte| *byte == 0)
        .map(|field| String::from_utf8_lossy(field).into_owned());
    let mut answers = Vec::new();
    for _ in pairs {
        let is_clean = fields.next().unwrap() == "1";
        let tree = fields.next().unwrap();
        let conflicted = fields
            .by_ref()
            .take_while(|field| !field.is_empty())
            .collect();
        let mut messages = Vec::new();
        // Each message: how many paths, the paths, its kind, its text.
        while let Some(count) = fields.next().filter(|field| !field.is_empty()) {
            for _ in 0..=count.parse::<usize>().unwrap() {
                fields.next();
            }
            messages.push(fields.next().unwrap());
        }
        answers.push(Answer {
            is_clean,
            tree,
            conflicted,
            messages,
        });
    }
    answers
}

/// Merges two commits.
pub fn merge(
    objects: &Objects,
    (ours, theirs): &(String, String),
    favor: Favor,
) -> (MergedTree, NewObjects) {
    let id = |hex: &str| ObjectId::from_hex(hex.as_bytes()).unwrap();
    let mut new_objects = NewObjects::new(64 << 20, &Limits::DEFAULT);
    let names = [ours.as_str().into(), theirs.as_str().into()];
    let sides = [id(ours), id(theirs)];
    let bases = objects.merge_bases(&sides[..1], &sides[1..]).unwrap();
    let mut merge = CommitMerge::new(objects, sides, &bases, names, favor).unwrap();
    // Room is made when a step asks for it, as the server does it.
    merge.set_text_room(0);
    loop {
        match merge.step(objects, objects, &mut new_objects) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => merge.set_text_room(error.wanted_room().expect("room is all it lacks")),
        }
    }
    (merge.into_result().unwrap(), new_objects)
}

/// The files of a tree that was merged, by path, as far as they are new.
pub fn new_files(new_objects: &NewObjects, tree: &oid, above: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let Some((ObjectKind::Tree, content)) = new_objects.get(tree) else {
        return files;
    };
    for entry in facts::tree_entries(content).map(Result::unwrap) {
        let path = format!("{above}{}", entry.name);
        match new_objects.get(entry.id) {
            Some((ObjectKind::Blob, content)) => {
                files.push((path, String::from_utf8_lossy(content).into_owned()));
            }
            _ => files.extend(new_files(new_objects, entry.id, &format!("{path}/"))),
        }
    }
    files
}

/// The files of a tree that was merged: mode, id and path of each, as `git ls-tree -r` prints them.
pub fn listed(objects: &Objects, new_objects: &NewObjects, tree: &oid, above: &str) -> Vec<String> {
    let new = new_objects.get(tree).map(|(_, content)| content.to_vec());
    let content = new.unwrap_or_else(|| objects.0[tree].1.to_vec());
    let mut files = Vec::new();
    for entry in facts::tree_entries(&content).map(Result::unwrap) {
        let path = format!("{above}{}", entry.name);
        let mode = entry.mode.0;
        if mode == EntryKind::Tree as u16 {
            files.extend(listed(objects, new_objects, entry.id, &format!("{path}/")));
        } else {
            files.push(format!("{mode:06o} {} {path}", entry.id));
        }
    }
    files
}

impl Answer {
    /// Whether git lost a file: at a path that was a directory in the base, in a directory that their
    /// side renamed, it clears our stage where it means to clear the base's
    /// (`apply_directory_rename_modifications`, at least up to 2.55). It then prints a stage without a
    /// mode, and writes a tree with an entry of no object.
    pub fn has_lost_a_file(&self) -> bool {
        self.conflicted.iter().any(|line| is_lost(line))
    }

    /// Whether ours is the same except for the files that git lost, which ours must have.
    pub fn is_same_but_for_lost_files(&self, git: &Git, ours: &Self, our_files: &[String]) -> bool {
        let place = |line: &str| line.splitn(3, ' ').nth(2).map(str::to_owned);
        let kept = |line: &String| -> String {
            let mut all = ours.conflicted.iter();
            let found = all.find(|other| !is_lost(other) && place(other) == place(line));
            found.filter(|_| is_lost(line)).unwrap_or(line).clone()
        };
        let conflicted: Vec<_> = self.conflicted.iter().map(kept).collect();
        let lost = self.conflicted.iter().filter(|line| is_lost(line));
        let lost: Vec<_> = lost.filter_map(|line| line.split('\t').nth(1)).collect();
        let not_lost = |line: &&String| {
            let path = line.splitn(3, ' ').nth(2);
            !path.is_some_and(|path| lost.contains(&path))
        };
        let listing = git
            .try_run(&["ls-tree", "-r", "-z", &self.tree], b"")
            .stdout;
        let their_files: Vec<String> = String::from_utf8_lossy(&listing)
            .split_terminator('\0')
            .map(|line| {
                let (entry, path) = line.split_once('\t').unwrap();
                let fields: Vec<_> = entry.split(' ').collect();
                format!("{} {} {path}", fields[0], fields[2])
            })
            .collect();
        let is_same_tree = our_files.len() == their_files.len()
            && our_files
                .iter()
                .filter(not_lost)
                .eq(their_files.iter().filter(not_lost));
        self.is_clean == ours.is_clean && conflicted == ours.conflicted && is_same_tree
    }
}

/// A stage without a mode.
fn is_lost(line: &str) -> bool {
    line.starts_with("000000 ")
}

/// The result of our merge, in git's words.
pub fn told(merged: &MergedTree) -> Answer {
    let mut conflicted = Vec::new();
    for path in &merged.conflicted {
        for (stage, version) in path.stages.iter().enumerate() {
            if let Some(version) = version {
                let mode = version.kind as u16;
                let stage = stage + 1;
                let (id, path) = (version.id, &path.path);
                conflicted.push(format!("{mode:06o} {id} {stage}\t{path}"));
            }
        }
    }
    Answer {
        is_clean: merged.is_clean,
        tree: merged.tree.to_string(),
        conflicted,
        messages: Vec::new(),
    }
}
