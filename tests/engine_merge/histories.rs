//! Random merges compared with `git merge-tree --write-tree`.

use cairn::git::merge::tree::Favor;

use super::judge::{Answer, Objects, ask_git, listed, merge, new_files, told};
use super::random::{Files, Stream, change, edit, first_files};
use super::support::git::Git;
use super::support::history::Random;
use super::support::scratch::Scratch;

/// Pairs of marks to merge.
type Pairs = Vec<(u32, u32)>;

/// One file that both sides edit.
fn texts(random: &mut Random, stream: &mut Stream, pairs: &mut Pairs) {
    let mut base = Files::new();
    let content: Vec<u8> = (0..random.below(40))
        .flat_map(|_| edit(random, b""))
        .collect();
    base.insert("f".to_owned(), ("100644", content.clone()));
    let parent = stream.commit(&[], &base);
    let mut side = || {
        let mut files = base.clone();
        let mut content = content.clone();
        for _ in 0..=random.below(4) {
            content = edit(random, &content);
        }
        files.insert("f".to_owned(), ("100644", content));
        stream.commit(&[parent], &files)
    };
    pairs.push((side(), side()));
}

/// Several files that both sides edit, move, remove and replace.
fn trees(random: &mut Random, stream: &mut Stream, pairs: &mut Pairs) {
    let base = first_files(random);
    let parent = stream.commit(&[], &base);
    let most = 1 + random.below(8);
    let mut side = || {
        let count = 1 + random.below(most);
        let files = change(random, &base, count);
        stream.commit(&[parent], &files)
    };
    pairs.push((side(), side()));
}

/// Sides that merged each other before.
fn crossed(random: &mut Random, stream: &mut Stream, pairs: &mut Pairs) {
    let base = first_files(random);
    let root = stream.commit(&[], &base);
    let mut ours = (root, change(random, &base, 2));
    let mut theirs = (root, change(random, &base, 2));
    ours.0 = stream.commit(&[root], &ours.1);
    theirs.0 = stream.commit(&[root], &theirs.1);
    for _ in 0..=random.below(2) {
        let (left, right) = (ours.clone(), theirs.clone());
        let mut mixed = left.1.clone();
        mixed.extend(
            right
                .1
                .iter()
                .filter(|_| random.percent(50))
                .map(|(path, file)| (path.clone(), file.clone())),
        );
        let ours_files = change(random, &sane(mixed.clone()), 2);
        let theirs_files = change(random, &sane(mixed), 2);
        ours = (stream.commit(&[left.0, right.0], &ours_files), ours_files);
        theirs = (
            stream.commit(&[right.0, left.0], &theirs_files),
            theirs_files,
        );
    }
    let (left, right) = (change(random, &ours.1, 2), change(random, &theirs.1, 2));
    pairs.push((
        stream.commit(&[ours.0], &left),
        stream.commit(&[theirs.0], &right),
    ));
}

/// Without files that are inside of other files.
fn sane(files: Files) -> Files {
    let paths: Vec<String> = files.keys().cloned().collect();
    let is_inside = |path: &String| {
        paths
            .iter()
            .any(|other| path.starts_with(&format!("{other}/")))
    };
    files
        .into_iter()
        .filter(|(path, _)| !is_inside(path))
        .collect()
}

fn compare(seed: u64, count: usize, make: fn(&mut Random, &mut Stream, &mut Pairs)) {
    compare_with(seed, count, make, Favor::Nobody, &[]);
}

fn compare_with(
    seed: u64,
    count: usize,
    make: fn(&mut Random, &mut Stream, &mut Pairs),
    favor: Favor,
    options: &[&str],
) {
    let scratch = Scratch::new();
    let git = scratch.git_in("merges");
    git.run(&["init", "--quiet", "--bare"]);
    let (mut random, mut stream, mut pairs) = (Random(seed), Stream::default(), Pairs::new());
    for _ in 0..count {
        make(&mut random, &mut stream, &mut pairs);
    }
    let marks = scratch.join("marks");
    let export = format!("--export-marks={}", marks.display());
    git.run_with(&["fast-import", "--quiet", &export], &stream.out);
    let ids = read_marks(&std::fs::read_to_string(marks).unwrap());
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(ours, theirs)| (ids[*ours as usize].clone(), ids[*theirs as usize].clone()))
        .collect();
    let answers = ask_git(&git, &pairs, options);
    let objects = Objects::read(&git);
    let (mut wrong, mut lost) = (Vec::new(), 0);
    for (at, (pair, answer)) in pairs.iter().zip(&answers).enumerate() {
        let (merged, new_objects) = merge(&objects, pair, favor);
        let ours = told(&merged);
        let is_same = if answer.has_lost_a_file() {
            lost += 1;
            let our_files = listed(&objects, &new_objects, &merged.tree, "");
            answer.is_same_but_for_lost_files(&git, &ours, &our_files)
        } else {
            ours.is_clean == answer.is_clean
                && ours.tree == answer.tree
                && ours.conflicted == answer.conflicted
        };
        if !is_same {
            let files = new_files(&new_objects, &merged.tree, "");
            wrong.push(explain(&git, at, pair, answer, &ours, &files));
        }
    }
    let clean = answers.iter().filter(|answer| answer.is_clean).count();
    println!(
        "seed {seed}: {} merges, {clean} of them clean, in {lost} git lost a file, {} wrong",
        pairs.len(),
        wrong.len()
    );
    assert!(
        wrong.is_empty(),
        "{} of {} differ\n{}",
        wrong.len(),
        pairs.len(),
        wrong[..wrong.len().min(3)].join("\n")
    );
}

fn read_marks(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for line in text.lines() {
        let (mark, id) = line.split_once(' ').unwrap();
        let mark: usize = mark[1..].parse().unwrap();
        if ids.len() <= mark {
            ids.resize(mark + 1, String::new());
        }
        id.clone_into(&mut ids[mark]);
    }
    ids
}

/// Both answers, and the files in which they differ.
fn explain(
    git: &Git,
    at: usize,
    pair: &(String, String),
    theirs: &Answer,
    ours: &Answer,
    files: &[(String, String)],
) -> String {
    let mut text = format!("merge {at} of {pair:?}\ngit: {theirs:#?}\nours: {ours:#?}\n");
    for (path, content) in files {
        let name = format!("{}:{path}", theirs.tree);
        let theirs =
            String::from_utf8_lossy(&git.try_run(&["show", &name], b"").stdout).into_owned();
        if theirs != *content {
            text.push_str(&format!(
                "-- {path}, git:\n{theirs}\n-- {path}, ours:\n{content}\n"
            ));
        }
    }
    text
}

#[test]
fn texts_merge_as_git_merges_them() {
    compare(1, 700, texts);
}

#[test]
fn trees_merge_as_git_merges_them() {
    compare(2, 800, trees);
}

#[test]
fn crossed_histories_merge_as_git_merges_them() {
    compare(3, 500, crossed);
}

#[test]
fn a_favored_side_wins_as_in_git() {
    compare_with(4, 200, trees, Favor::Ours, &["-Xours"]);
    compare_with(5, 200, trees, Favor::Theirs, &["-Xtheirs"]);
}

/// A file where the base has a directory, in a directory that the other side renamed: it moves along,
/// and is not lost. Git 2.47 loses it.
#[test]
fn a_file_that_took_a_directorys_place_moves_with_its_directory() {
    let text = |first: u32| -> Vec<u8> {
        let lines = (first..first + 20).map(|line| format!("line {line}\n"));
        lines.collect::<String>().into_bytes()
    };
    let (file, in_the_way) = (b"a new file\n".to_vec(), text(500));
    for (keeps_the_inner_directory, path) in [(false, "new/place"), (true, "new/place~ours")] {
        let mut stream = Stream::default();
        let mut base = Files::new();
        for (name, first) in [("a", 0), ("b", 100), ("c", 200)] {
            base.insert(format!("old/{name}"), ("100644", text(first)));
        }
        let mut ours = base.clone();
        base.insert("old/place/inner".into(), ("100644", in_the_way.clone()));
        ours.insert("old/place".into(), ("100644", file.clone()));
        let moved = base.iter().filter_map(|(path, file)| {
            let is_moved = keeps_the_inner_directory || !path.ends_with("inner");
            let path = format!("new/{}", path.strip_prefix("old/")?);
            is_moved.then(|| (path, file.clone()))
        });
        let theirs: Files = moved.collect();
        let parent = stream.commit(&[], &base);
        for (ours, theirs) in [(&ours, &theirs), (&theirs, &ours)] {
            stream.commit(&[parent], ours);
            stream.commit(&[parent], theirs);
        }
        let scratch = Scratch::new();
        let git = scratch.git_in("merges");
        git.run(&["init", "--quiet", "--bare"]);
        git.run_with(&["fast-import", "--quiet"], &stream.out);
        let pairs = [("b2", "b3"), ("b4", "b5")].map(|(ours, theirs)| {
            let id = |branch| git.run(&["rev-parse", branch]);
            (id(ours), id(theirs))
        });
        let answers = ask_git(&git, &pairs, &[]);
        let objects = Objects::read(&git);
        for (stage, (pair, answer)) in [2, 3].into_iter().zip(pairs.iter().zip(&answers)) {
            let (merged, new_objects) = merge(&objects, pair, Favor::Nobody);
            let ours = told(&merged);
            let our_files = listed(&objects, &new_objects, &merged.tree, "");
            assert!(
                answer.is_same_but_for_lost_files(&git, &ours, &our_files),
                "{answer:#?}\n{ours:#?}\n{our_files:#?}"
            );
            let side = if stage == 2 { &pair.0 } else { &pair.1 };
            let path = path.replace("ours", side);
            let id = git.run_with(&["hash-object", "--stdin"], &file);
            let kept = format!("100644 {id} {stage}\t{path}");
            assert!(ours.conflicted.contains(&kept), "{kept}: {ours:#?}");
            let kept = format!("100644 {id} {path}");
            assert!(our_files.contains(&kept), "{kept}: {our_files:#?}");
        }
    }
}

#[test]
#[ignore = "takes minutes: run by name"]
fn many_more_merges_as_git_merges_them() {
    for seed in 100..120 {
        compare(seed, 2000, texts);
        compare(seed, 2000, trees);
        compare(seed, 1000, crossed);
    }
}
