//! Selections over packs made by git, written and handed back to git.

use std::collections::BTreeSet;

use cairn::git::hash::PackHasher;
use cairn::git::pack::reader::{LivePacks, Location};
use cairn::git::pack::selection::Selection;
use cairn::git::pack::writer::{Counts, Item, PackWriter, WriteOptions};
use cairn::git::store::ReadError;
use gix_hash::{ObjectId, oid};

use super::git::{EVERYTHING, Noise, Repository, history};
use super::store::MemoryPacks;

pub struct Written {
    pub pack: Vec<u8>,
    pub items: usize,
    pub counts: Counts,
}

/// Writes the pack as the shell would: extents copied, trailer appended.
pub fn write(
    packs: &MemoryPacks,
    live: &LivePacks<&MemoryPacks>,
    selection: Selection,
    options: WriteOptions,
    at_client: &mut dyn FnMut(&oid) -> Result<bool, ReadError>,
) -> Written {
    let mut writer = PackWriter::new(live, selection, options).unwrap();
    let (mut pack, mut items) = (Vec::new(), 0);
    while let Some(item) = writer.next(live, at_client).unwrap() {
        items += 1;
        match item {
            Item::Bytes(bytes) => pack.extend(bytes),
            Item::Pause => {}
            Item::Extent(extent) => {
                assert_ne!(extent.length, 0);
                let ordinal = live
                    .records()
                    .iter()
                    .position(|r| r.pack_id == extent.pack_id);
                let start = usize::try_from(extent.offset).unwrap();
                let end = start + usize::try_from(extent.length).unwrap();
                pack.extend(&packs.packs[ordinal.unwrap()][start..end]);
            }
        }
    }
    assert_eq!(writer.next(live, at_client), Ok(None), "the end is the end");
    let counts = writer.counts();
    assert_eq!(counts.bytes, pack.len() as u64);
    assert_eq!(counts.objects, writer.object_count());
    let mut hasher = PackHasher::default();
    hasher.update(&pack);
    pack.extend(hasher.finish());
    Written {
        pack,
        items,
        counts,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the writer asks for a result")]
fn nowhere(_: &oid) -> Result<bool, ReadError> {
    Ok(false)
}

fn select(live: &LivePacks<&MemoryPacks>, ids: &BTreeSet<String>) -> Selection {
    let mut selection = live.select_none();
    for id in ids {
        let id = ObjectId::from_hex(id.as_bytes()).unwrap();
        let at = live.find(&id).unwrap().unwrap();
        selection.insert(at.pack, at.position);
    }
    selection
}

fn reachable(repository: &Repository, revisions: &[&str]) -> BTreeSet<String> {
    let arguments = [&["rev-list", "--objects", "--no-object-names"], revisions].concat();
    let output = String::from_utf8(repository.run(&arguments)).unwrap();
    output.lines().map(str::to_owned).collect()
}

/// Three packs, the later two thin on the ones before.
fn three_packs(repository: &Repository, commits: &[String]) -> MemoryPacks {
    let (one, two) = (&commits[commits.len() / 3], &commits[commits.len() * 2 / 3]);
    let options = ["--thin", "--delta-base-offset", "--depth=20"];
    let mut packs = MemoryPacks::default();
    packs.publish(repository.pack(&options, one));
    packs.publish(repository.pack(&options, &format!("{two}\n^{one}\n")));
    packs.publish(repository.pack(&options, &format!("{EVERYTHING}^{two}\n")));
    packs
}

const BOTH: [bool; 2] = [true, false];

#[test]
fn a_pack_selected_whole_is_copied_as_it_is() {
    let (repository, _) = history(25, 21);
    for options in [&["--delta-base-offset"][..], &[]] {
        let mut packs = MemoryPacks::default();
        packs.publish(repository.pack(options, EVERYTHING));
        let live = packs.live();
        let mut selection = live.select_none();
        selection.insert_all(0);
        let options = WriteOptions {
            thin: false,
            ofs_delta: true,
        };
        let written = write(&packs, &live, selection, options, &mut nowhere);
        assert!(written.pack == packs.packs[0]);
        assert_eq!(written.items, 2, "a header and one extent");
        assert_eq!(written.counts.reused, written.counts.objects);
    }
}

#[test]
fn a_clone_over_thin_packs_is_complete_and_keeps_its_deltas() {
    let (repository, commits) = history(30, 8);
    let packs = three_packs(&repository, &commits);
    let live = packs.live();
    for ofs_delta in BOTH {
        let mut selection = live.select_none();
        (0..3).for_each(|pack| selection.insert_all(pack));
        let options = WriteOptions {
            thin: false,
            ofs_delta,
        };
        let written = write(&packs, &live, selection, options, &mut nowhere);
        let counts = written.counts;
        assert_eq!(counts.reused, counts.objects, "no object was deflated anew");
        if ofs_delta {
            assert!(written.items < 6, "{} items", written.items);
        }
        let clone = Repository::new();
        clone.run_with(&["index-pack", "--strict", "--stdin"], &written.pack);
        let tip = commits.last().unwrap();
        clone.run(&["update-ref", "refs/heads/main", tip]);
        clone.run(&["fsck", "--strict", "--full"]);
        let all: BTreeSet<String> = clone.all_ids().into_iter().collect();
        assert_eq!(all, reachable(&repository, &["--all"]));
    }
}

#[test]
fn a_fetch_brings_the_missing_objects_thin_or_not() {
    let (repository, commits) = history(30, 4);
    let packs = three_packs(&repository, &commits);
    let live = packs.live();
    let mut thin_bytes = Vec::new();
    for (have, want) in [(3, 29), (9, 15), (14, 16), (22, 29), (28, 29)] {
        let (have, want) = (&commits[have], &commits[want]);
        let held = reachable(&repository, &[have]);
        let missing = reachable(&repository, &[want, &format!("^{have}")]);
        for (thin, ofs_delta) in BOTH
            .into_iter()
            .flat_map(|thin| BOTH.map(|ofs| (thin, ofs)))
        {
            let mut at_client = |id: &oid| Ok(held.contains(&id.to_string()));
            let options = WriteOptions { thin, ofs_delta };
            let selection = select(&live, &missing);
            let written = write(&packs, &live, selection, options, &mut at_client);
            thin_bytes.push((thin, written.pack.len()));
            let client = Repository::new();
            client.run_with(&["unpack-objects", "-q"], &repository.pack(&[], have));
            if thin {
                client.run_with(
                    &["index-pack", "--strict", "--stdin", "--fix-thin"],
                    &written.pack,
                );
            } else {
                client.run_with(&["index-pack", "--strict", "--stdin"], &written.pack);
            }
            client.run(&["update-ref", "refs/heads/main", want]);
            client.run(&["fsck", "--strict", "--full"]);
        }
    }
    let total = |wanted: bool| -> usize {
        thin_bytes
            .iter()
            .filter(|(thin, _)| *thin == wanted)
            .map(|(_, bytes)| bytes)
            .sum()
    };
    assert!(total(true) < total(false), "thin packs are smaller");
}

#[test]
fn any_selection_makes_a_pack_of_just_its_objects() {
    let (repository, commits) = history(24, 2);
    let packs = three_packs(&repository, &commits);
    let live = packs.live();
    let all = repository.all_ids();
    let everywhere: Vec<Location> = (0..3)
        .flat_map(|pack| {
            let count = live.records()[pack as usize].object_count;
            (0..count).map(move |position| Location { pack, position })
        })
        .collect();
    let mut noise = Noise(123);
    for round in 0..24 {
        let of_ten = 1 + noise.below(10);
        let mut selection = live.select_none();
        let mut expected = BTreeSet::new();
        for at in &everywhere {
            if noise.below(10) < of_ten {
                selection.insert(at.pack, at.position);
                expected.insert(live.id(*at).unwrap().to_string());
            }
        }
        let options = WriteOptions {
            thin: round % 2 == 0,
            ofs_delta: round % 4 < 2,
        };
        // A client that has every third object.
        let held: Vec<&String> = all.iter().step_by(3).collect();
        let mut at_client = |id: &oid| Ok(held.binary_search(&&id.to_string()).is_ok());
        let written = write(&packs, &live, selection, options, &mut at_client);
        let client = Repository::new();
        let contents = repository.objects(&held.iter().map(|id| (*id).clone()).collect::<Vec<_>>());
        for (kind, content) in contents {
            client.run_with(
                &["hash-object", "-w", "--stdin", "--literally", "-t", &kind],
                &content,
            );
        }
        let before: BTreeSet<String> = client.all_ids().into_iter().collect();
        client.run_with(&["unpack-objects", "-q"], &written.pack);
        let after: BTreeSet<String> = client.all_ids().into_iter().collect();
        assert_eq!(after, before.union(&expected).cloned().collect());
    }
}

#[test]
fn an_object_in_several_packs_is_sent_once() {
    let (repository, commits) = history(20, 6);
    let mut packs = MemoryPacks::default();
    // Pushes that overlap: each brings objects that the one before it has brought already.
    for tip in [6, 12, 19] {
        packs.publish(repository.pack(&["--delta-base-offset"], &commits[tip]));
    }
    packs.publish(repository.pack(&["--delta-base-offset"], EVERYTHING));
    let live = packs.live();
    let mut selection = live.select_none();
    (0..4).for_each(|pack| selection.insert_all(pack));
    let options = WriteOptions {
        thin: false,
        ofs_delta: true,
    };
    let written = write(&packs, &live, selection, options, &mut nowhere);
    let all = reachable(&repository, &["--all"]);
    assert_eq!(written.counts.objects as usize, all.len());
    let clone = Repository::new();
    clone.run_with(&["index-pack", "--strict", "--stdin"], &written.pack);
    assert_eq!(clone.all_ids().into_iter().collect::<BTreeSet<_>>(), all);
}
