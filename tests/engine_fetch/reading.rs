//! Packs made by git, read.

use cairn::git::limits::Limits;
use cairn::git::pack::reader::blob::BlobReader;
use cairn::git::pack::reader::{LivePacks, Location};
use cairn::git::store::{ObjectSource, ReadError};
use gix_hash::ObjectId;

use super::git::{EVERYTHING, Noise, Repository, history};
use super::store::MemoryPacks;

fn assert_reads_as_git(packs: &MemoryPacks, repository: &Repository) {
    let live = packs.live();
    let ids = repository.all_ids();
    for (id, (kind, content)) in ids.iter().zip(repository.objects(&ids)) {
        let id = ObjectId::from_hex(id.as_bytes()).unwrap();
        let (found_kind, found) = live.read(&id).unwrap().expect("the object is there");
        assert_eq!(found_kind.name(), kind);
        assert!(*found == content, "{id}");
        assert_eq!(live.kind(&id).unwrap(), Some(found_kind));
        let at = live.find(&id).unwrap().unwrap();
        assert_eq!(live.id(at).unwrap(), id);
        let mut reader = BlobReader::open(&live, at).unwrap();
        let mut pieces = Vec::new();
        while let Some(piece) = reader.next_piece(&live).unwrap() {
            assert!(!piece.is_empty());
            pieces.extend(piece);
        }
        assert!(pieces == content, "{id}, in pieces");
    }
    let stranger = ObjectId::from_hex(&[b'7'; 40]).unwrap();
    assert_eq!(live.find(&stranger).unwrap(), None);
    assert_eq!(live.read(&stranger).unwrap(), None);
}

#[test]
fn one_pack_is_read_as_git_reads_it() {
    let (repository, _) = history(40, 11);
    for options in [&["--delta-base-offset", "--depth=30"][..], &["--depth=30"]] {
        let mut packs = MemoryPacks::default();
        packs.publish(repository.pack(options, EVERYTHING));
        let live = packs.live();
        let count = live.records()[0].object_count;
        let depth = |position| live.row(Location { pack: 0, position }).unwrap().depth;
        assert!(
            (0..count).map(depth).max() > Some(3),
            "git made no chains to test"
        );
        assert_reads_as_git(&packs, &repository);
    }
}

#[test]
fn thin_packs_are_read_through_the_packs_before_them() {
    let (repository, commits) = history(30, 5);
    let mut packs = MemoryPacks::default();
    let options = ["--thin", "--delta-base-offset"];
    packs.publish(repository.pack(&options, &commits[9]));
    packs.publish(repository.pack(&options, &format!("{}\n^{}\n", commits[19], commits[9])));
    packs.publish(repository.pack(&options, &format!("{EVERYTHING}^{}\n", commits[19])));
    assert!(
        packs.live().external_base(2, 0).is_ok(),
        "git made no thin deltas to test"
    );
    assert_reads_as_git(&packs, &repository);
}

#[test]
fn an_object_beyond_the_bound_is_only_read_in_pieces() {
    let (repository, _) = history(3, 3);
    let mut packs = MemoryPacks::default();
    packs.publish(repository.pack(&["--delta-base-offset"], EVERYTHING));
    let limits = Limits {
        control_object_bytes_max: 899_999,
        delta_bytes_max: 899_999,
        ..Limits::DEFAULT
    };
    let live = LivePacks::open(&packs, &limits).unwrap();
    let large = repository.line(&["rev-parse", "HEAD:large.bin"]);
    let id = ObjectId::from_hex(large.as_bytes()).unwrap();
    let too_large = ReadError::TooLarge {
        id,
        size: 900_000,
        limit: 899_999,
    };
    assert_eq!(live.read(&id), Err(too_large.clone()));
    let at = live.find(&id).unwrap().unwrap();
    assert_eq!(live.read_at(at), Err(too_large));
    let mut reader = BlobReader::open(&live, at).unwrap();
    assert_eq!(reader.size_bytes(), 900_000);
    let mut bytes = 0;
    while let Some(piece) = reader.next_piece(&live).unwrap() {
        bytes += piece.len();
    }
    assert_eq!(bytes, 900_000);
}

#[test]
fn damaged_packs_give_errors_and_no_panics() {
    let (repository, _) = history(6, 9);
    let mut packs = MemoryPacks::default();
    packs.publish(repository.pack(&["--delta-base-offset"], EVERYTHING));
    let sound = packs.packs[0].clone();
    let mut noise = Noise(77);
    let mut errors = 0;
    for _ in 0..20 {
        let mut damaged = sound.clone();
        for _ in 0..10 {
            let at = noise.below(damaged.len());
            damaged[at] = noise.bytes(1)[0];
        }
        damaged.truncate(sound.len() - noise.below(1000));
        packs.packs[0] = damaged;
        let live = packs.live();
        for position in 0..live.records()[0].object_count {
            let at = Location { pack: 0, position };
            errors += u32::from(live.read_at(at).is_err());
            if let Ok(mut reader) = BlobReader::open(&live, at) {
                while let Ok(Some(_)) = reader.next_piece(&live) {}
            }
        }
    }
    assert!(errors > 0);
}
