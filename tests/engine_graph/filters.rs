//! Partial clones: a filter leaves out the same objects as git's.

use std::collections::BTreeSet;

use cairn::git::filter::sparse::SparsePatterns;
use cairn::git::filter::{FilterError, ObjectFilter};
use cairn::git::upload_pack::error::PlanError;
use cairn::git::upload_pack::plan::{PlanOptions, plan};
use gix_hash::ObjectId;

use super::history::{History, Noise, ids};
use super::plans::{selected, served};

/// Patterns that meet the paths of the random histories: by name, by path, by directory, undone
/// again, and with odd spaces.
const PATTERNS: &str = "f1\n/d0/\n!/d0/d1\nd0/d1/f2\n*3 \n/f*\n!f5\n**/d3/\n!d4/\n# f0\n\\#\n";

const FILTERS: [&str; 14] = [
    "blob:none",
    "blob:limit=0",
    "blob:limit=11",
    "blob:limit=1k",
    "tree:0",
    "tree:1",
    "tree:2",
    "tree:3",
    "tree:9",
    "object:type=commit",
    "object:type=tree",
    "object:type=blob",
    "object:type=tag",
    "sparse:oid=PATTERNS",
];

fn parse(spec: &str, patterns: &str) -> ObjectFilter {
    let found: Result<_, FilterError> = ObjectFilter::parse(spec.into(), &mut |_| {
        Ok(SparsePatterns::parse(patterns.as_bytes()))
    });
    found.unwrap()
}

/// The spec with a blob of patterns that git can read.
fn with_patterns(history: &History, spec: &str, patterns: &str) -> String {
    if !spec.contains("PATTERNS") {
        return spec.to_owned();
    }
    let id = history.git(&["hash-object", "-w", "--stdin"], patterns.as_bytes());
    spec.replace("PATTERNS", id.trim())
}

/// Commits and tags that are proved, and some of the objects they reach.
fn wants(history: &History, tips: &[ObjectId], noise: &mut Noise) -> Vec<ObjectId> {
    let mut from = tips.to_vec();
    from.extend(history.missing(tips, &[]));
    let content: Vec<ObjectId> = history.closure(tips).into_iter().collect();
    let (tip_count, content_count) = (1 + noise.below(3), noise.below(3));
    let mut wants = noise.pick(&from, tip_count);
    wants.extend(noise.pick(&content, content_count));
    wants
}

/// The objects that git sends for each want by itself, together. For all at once it may send less: a want
/// below another is a want no longer when it gets there, and its own entries are too deep.
fn by_git(history: &History, spec: &str, wants: &[ObjectId]) -> BTreeSet<ObjectId> {
    let each = wants
        .iter()
        .map(|want| at_once_by_git(history, spec, &[*want]));
    let sent: BTreeSet<ObjectId> = each.flatten().collect();
    assert!(at_once_by_git(history, spec, wants).is_subset(&sent));
    sent
}

fn at_once_by_git(history: &History, spec: &str, wants: &[ObjectId]) -> BTreeSet<ObjectId> {
    let option = format!("--filter={spec}");
    let options = ["--objects", "--no-object-names", &option];
    ids(&history.rev_list(&options, wants, &[]))
}

/// Everything in `left` is in `right`.
#[track_caller]
fn none(
    left: &BTreeSet<ObjectId>,
    right: &BTreeSet<ObjectId>,
    what: &str,
    spec: &str,
    history: &History,
) {
    let kind = |id: &ObjectId| history.objects.get(id).map(|object| object.0);
    let surplus: Vec<_> = (left - right).iter().map(|id| (*id, kind(id))).collect();
    assert!(surplus.is_empty(), "{spec}: {surplus:?} {what}");
}

#[test]
fn each_filter_leaves_out_the_same_objects_as_gits() {
    for seed in 0..6 {
        let history = History::random(seed + 90, 50);
        let mut noise = Noise::new(seed);
        let (server, tips) = served(&history, &mut noise, 3);
        let (packs, graph) = (server.live(), server.graph());
        for spec in FILTERS {
            let filter = parse(spec, PATTERNS);
            let spec = with_patterns(&history, spec, PATTERNS);
            for _ in 0..4 {
                let wants = wants(&history, &tips, &mut noise);
                let options = PlanOptions {
                    filter: filter.clone(),
                    ..PlanOptions::default()
                };
                let plan = plan(&packs, &graph, &wants, &[], &options).unwrap();
                let expected = by_git(&history, &spec, &wants);
                let sent = selected(&packs, &plan);
                none(&expected, &sent, "is missing", &spec, &history);
                none(&sent, &expected, "is too much", &spec, &history);
            }
        }
    }
}

#[test]
fn patterns_match_the_same_paths_as_in_git() {
    let history = History::random(77, 40);
    let mut noise = Noise::new(3);
    let (server, tips) = served(&history, &mut noise, 2);
    let (packs, graph) = (server.live(), server.graph());
    let words = [
        "/", "!", "*", "**", "d0", "d1", "d2", "f0", "f1", "f2", "f?", "[ef]", "sub", " ", "\\",
        "d*", "d0/d1",
    ];
    for round in 0..60 {
        let mut patterns = String::new();
        for _ in 0..=noise.below(4) {
            for _ in 0..=noise.below(4) {
                patterns.push_str(words[noise.below(words.len())]);
            }
            patterns.push('\n');
        }
        // A lone `!` undoes a pattern of the root alone, in git; nobody writes one.
        let patterns = patterns.replace("!\n", "\n");
        let spec = with_patterns(&history, "sparse:oid=PATTERNS", &patterns);
        let options = PlanOptions {
            filter: parse("sparse:oid=x", &patterns),
            ..PlanOptions::default()
        };
        let plan = plan(&packs, &graph, &tips, &[], &options).unwrap();
        let expected = by_git(&history, &spec, &tips);
        assert_eq!(
            selected(&packs, &plan),
            expected,
            "round {round}: {patterns:?}"
        );
    }
}

#[test]
fn combined_filters_send_the_objects_that_all_their_parts_send_somewhere() {
    let mut more = 0;
    for seed in 0..4 {
        let history = History::random(seed + 60, 50);
        let mut noise = Noise::new(seed);
        let (server, tips) = served(&history, &mut noise, 3);
        let (packs, graph) = (server.live(), server.graph());
        for _ in 0..20 {
            let parts = noise.pick(&FILTERS, 2);
            let patterns = PATTERNS;
            let spec = format!("combine:{}+{}", parts[0], parts[1]);
            let options = PlanOptions {
                filter: parse(&spec, patterns),
                ..PlanOptions::default()
            };
            let wants = wants(&history, &tips, &mut noise);
            let plan = plan(&packs, &graph, &wants, &[], &options).unwrap();
            let sent = selected(&packs, &plan);
            // Git asks each part about an object once, wherever it meets it first, and may so leave out an
            // object that passes all of them elsewhere; nothing is left out here.
            let least = by_git(&history, &with_patterns(&history, &spec, patterns), &wants);
            none(&least, &sent, "is missing", &spec, &history);
            more += sent.len() - least.len();
            for part in parts {
                let most = by_git(&history, &with_patterns(&history, part, patterns), &wants);
                none(&sent, &most, "is too much", &spec, &history);
            }
        }
    }
    println!("{more} objects more than git sends");
}

#[test]
fn a_filtered_fetch_completes_a_filtered_client() {
    let (mut sent_objects, mut needed_objects) = (0, 0);
    for seed in 0..4 {
        let history = History::random(seed + 30, 60);
        let mut noise = Noise::new(seed);
        let (server, tips) = served(&history, &mut noise, 4);
        let (packs, graph) = (server.live(), server.graph());
        let commits: Vec<ObjectId> = history.missing(&tips, &[]).into_iter().collect();
        for spec in FILTERS {
            let filter = parse(spec, PATTERNS);
            let spec = with_patterns(&history, spec, PATTERNS);
            let (wants, haves) = (noise.pick(&commits, 2), noise.pick(&commits, 2));
            let options = PlanOptions {
                filter,
                ..PlanOptions::default()
            };
            let plan = plan(&packs, &graph, &wants, &haves, &options).unwrap();
            let sent = selected(&packs, &plan);
            // The wants that the client has are not sent, and only wants are exempt.
            let common = history.missing(&haves, &[]);
            let mut after = by_git(&history, &spec, &wants);
            after.retain(|id| !common.contains(id));
            let before = by_git(&history, &spec, &haves);
            let needed = &after - &before;
            none(&needed, &sent, "is missing", &spec, &history);
            none(&sent, &after, "is too much", &spec, &history);
            sent_objects += sent.len();
            needed_objects += needed.len();
        }
    }
    println!("sent {sent_objects}, needed {needed_objects}");
    assert!(sent_objects * 10 <= needed_objects * 13);
}

#[test]
fn a_filter_may_not_make_the_server_walk_for_ever() {
    let history = History::random(4, 40);
    let (server, tips) = served(&history, &mut Noise::new(4), 2);
    let default = cairn::git::limits::Limits::DEFAULT;
    let options = PlanOptions {
        filter: parse("sparse:oid=x", PATTERNS),
        ..PlanOptions::default()
    };
    let plan_within = |limits| {
        let packs = cairn::git::pack::reader::LivePacks::open(&server, &limits).unwrap();
        plan(&packs, &server.graph(), &tips, &[], &options)
    };
    assert!(plan_within(default).is_ok());
    for (limits, words) in [
        (
            cairn::git::limits::Limits {
                tree_visits_max: 3,
                ..default
            },
            "more than 3 trees to look at",
        ),
        (
            cairn::git::limits::Limits {
                tree_walk_bytes_max: 100,
                ..default
            },
            "more than 100 bytes of trees to look at",
        ),
        (
            cairn::git::limits::Limits {
                tree_notes_bytes_max: 400,
                ..default
            },
            "more than 400 bytes of notes on trees to look at",
        ),
    ] {
        let error = plan_within(limits).unwrap_err();
        assert!(matches!(error, PlanError::Walk(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}
