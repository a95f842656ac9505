//! Plans of fetches: the client ends with all that its wants reach.

use std::collections::BTreeSet;

use cairn::git::pack::reader::{LivePacks, Location};
use cairn::git::upload_pack::error::PlanError;
use cairn::git::upload_pack::plan::{Plan, PlanOptions, plan};
use gix_hash::ObjectId;

use super::history::{History, Noise};
use super::server::Server;

/// The ids that a plan selects.
pub fn selected(packs: &LivePacks<&Server>, plan: &Plan) -> BTreeSet<ObjectId> {
    let mut ids = BTreeSet::new();
    for pack in 0..packs.pack_count() {
        for position in plan.selection.positions(pack) {
            ids.insert(packs.id(Location { pack, position }).unwrap());
        }
    }
    ids
}

/// Pushes as clients make them: the objects that git finds new in comparison with the tips before, so that
/// some of them may be on the server already, and now and then something else.
pub fn served(history: &History, noise: &mut Noise, pushes: usize) -> (Server, Vec<ObjectId>) {
    let mut server = Server::default();
    let mut tips: Vec<ObjectId> = Vec::new();
    for push in 1..=pushes {
        let upto = history.commits.len() * push / pushes;
        let mut new = noise.pick(&history.commits[..upto], 3);
        new.extend(noise.pick(&history.tags, 1).iter().map(|tag| tag.0));
        let mut ids = history.missing_objects(&new, &tips);
        if noise.chance(30) {
            ids.retain(|id| !server.has(id));
        }
        if noise.chance(30) {
            ids.extend(noise.pick(&history.commits, 2));
        }
        // In an order of no meaning.
        let mut ids: Vec<ObjectId> = ids.into_iter().collect();
        for place in 1..ids.len() {
            ids.swap(place, noise.below(place + 1));
        }
        server.push(&history.objects, &ids, &new).unwrap();
        tips.extend(new);
    }
    (server, tips)
}

#[test]
fn a_full_clone_equals_gits_list() {
    for seed in 0..8 {
        let history = History::random(seed, 60);
        let (server, tips) = served(&history, &mut Noise::new(seed), 4);
        let packs = server.live();
        let plan = plan(&packs, &server.graph(), &tips, &[], &PlanOptions::default()).unwrap();
        assert_eq!(selected(&packs, &plan), history.closure(&tips));
    }
}

#[test]
fn a_fetch_completes_the_client() {
    let (mut sent, mut needed, mut listed) = (0, 0, 0);
    for seed in 0..8 {
        let history = History::random(seed, 80);
        let mut noise = Noise::new(seed + 7);
        let (server, tips) = served(&history, &mut noise, 5);
        let (packs, graph) = (server.live(), server.graph());
        let reachable: Vec<ObjectId> = history
            .missing(&tips, &[])
            .into_iter()
            .chain(tips.iter().copied())
            .chain(
                history
                    .tags
                    .iter()
                    .map(|tag| tag.0)
                    .filter(|tag| tips.contains(tag)),
            )
            .collect();
        for _ in 0..30 {
            let (want_count, have_count) = (1 + noise.below(3), noise.below(4));
            let wants = noise.pick(&reachable, want_count);
            let haves = noise.pick(&reachable, have_count);
            let mut told = haves.clone();
            told.push(ObjectId::null(gix_hash::Kind::Sha1));
            let options = PlanOptions::default();
            let mut plan = plan(&packs, &graph, &wants, &told, &options).unwrap();
            let sent_ids = selected(&packs, &plan);
            let client = history.closure(&haves);
            let must = &history.closure(&wants) - &client;
            assert!(
                must.is_subset(&sent_ids),
                "seed {seed}: {wants:?} {haves:?}"
            );
            assert!(sent_ids.is_subset(&history.closure(&wants)));
            let by_git = history.missing_objects(&wants, &haves);
            sent += sent_ids.len();
            needed += must.len();
            listed += by_git.len();
            for id in noise.pick(&reachable, 10) {
                let has = plan.at_client.has(&packs, &id).unwrap();
                assert!(!has || client.contains(&id));
            }
            let all: Vec<ObjectId> = history.closure(&tips).into_iter().collect();
            for id in noise.pick(&all, 20) {
                let has = plan.at_client.has(&packs, &id).unwrap();
                assert!(!has || client.contains(&id), "{id} is not at the client");
            }
        }
    }
    println!("sent {sent}, needed {needed}, by git {listed}");
    assert!(
        sent * 10 <= needed * 13,
        "sent {sent}, needed {needed}, by git {listed}"
    );
}

#[test]
fn wants_that_are_not_proved_are_refused() {
    let history = History::random(5, 30);
    let mut server = Server::default();
    let all: Vec<ObjectId> = history.objects.keys().copied().collect();
    server
        .push(&history.objects, &all, &history.commits[..1])
        .unwrap();
    let (packs, graph) = (server.live(), server.graph());
    let mut refused = 0;
    for want in history
        .commits
        .iter()
        .chain(history.tags.iter().map(|tag| &tag.0))
    {
        match plan(&packs, &graph, &[*want], &[], &PlanOptions::default()) {
            Ok(plan) => assert_eq!(selected(&packs, &plan), history.closure(&[*want])),
            Err(PlanError::NotOurRef(id)) => {
                assert_eq!(id, *want);
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused >= 29);
    let nothing = ObjectId::null(gix_hash::Kind::Sha1);
    let error = plan(&packs, &graph, &[nothing], &[], &PlanOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("upload-pack: not our ref {nothing}")
    );
}

#[test]
fn tags_come_with_the_commits_that_they_tag() {
    let history = History::random(8, 40);
    let mut server = Server::default();
    let all: Vec<ObjectId> = history.objects.keys().copied().collect();
    let mut tips = history.commits.clone();
    tips.extend(history.tags.iter().map(|tag| tag.0));
    server.push(&history.objects, &all, &tips).unwrap();
    let (packs, graph) = (server.live(), server.graph());
    let mut noise = Noise::new(8);
    for _ in 0..30 {
        let wants = noise.pick(&history.commits, 1);
        let haves = noise.pick(&history.commits, 1);
        let without = plan(&packs, &graph, &wants, &haves, &PlanOptions::default()).unwrap();
        let options = PlanOptions {
            include_tags: &history.tags,
            ..PlanOptions::default()
        };
        let with = plan(&packs, &graph, &wants, &haves, &options).unwrap();
        let more = &selected(&packs, &with) - &selected(&packs, &without);
        let sent = selected(&packs, &without);
        let tags = history
            .tags
            .iter()
            .filter(|tag| sent.contains(&tag.1))
            .map(|tag| tag.0);
        assert_eq!(more, tags.collect());
    }
}

#[test]
fn a_plan_reads_no_object() {
    let history = History::random(11, 60);
    let (server, tips) = served(&history, &mut Noise::new(11), 4);
    let (packs, graph) = (server.live(), server.graph());
    let commits: Vec<ObjectId> = history
        .commits
        .iter()
        .copied()
        .filter(|id| graph.lookup(id).unwrap().is_some())
        .collect();
    assert!(commits.len() > tips.len());
    let before = server.chunks_read.get();
    for haves in [&commits[..0], &commits[..5]] {
        plan(&packs, &graph, &commits, haves, &PlanOptions::default()).unwrap();
    }
    assert_eq!(server.chunks_read.get(), before);
}
