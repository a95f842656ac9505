//! Records written and read: as they are now, as the version before wrote them, and damaged.

use proptest::prelude::*;

use super::*;
use crate::storage::repository::settings::RepositorySettings;

fn record() -> Record {
    Record {
        repository: RepositoryRecord {
            id: "0123456789abcdef".to_owned(),
            namespace: "acme".to_owned(),
            name: "widgets".to_owned(),
            description: "two\nlines \"quoted\"".to_owned(),
            head: "refs/heads/main".into(),
            settings: RepositorySettings {
                read_only: false,
                public: true,
                deny_non_fast_forwards: false,
                deny_deletes: true,
                prune_grace_seconds: 5,
                reflog_retention_seconds: 6,
                superseded_grace_seconds: 7,
                fetch_events: false,
                push_protection: true,
            },
            fsck_strict: true,
            source: Some("git:https://example.com/a".to_owned()),
            network_id: Some("0123456789abcdef".to_owned()),
            created_at: 1_700_000_000_000,
            last_push_at: Some(1_700_000_000_001),
            ..RepositoryRecord::default()
        },
        snapshots: SnapshotSettings {
            settle_seconds: Some(0),
            cold_bytes_min: Some(1 << 40),
            ..SnapshotSettings::default()
        },
        packs: vec![RecordedPack {
            r2_key: "packs/x/y.pack".to_owned(),
            pack_bytes: 1 << 40,
            object_count: 7,
        }],
        shallow: vec![ObjectId::from([3; 20])],
    }
}

fn refs() -> Vec<RefRecord> {
    let id = |byte: u8| ObjectId::from([byte; 20]);
    vec![
        RefRecord {
            name: b"refs/heads/\xff\xfe".as_slice().into(),
            target: id(1),
            peeled: None,
        },
        RefRecord {
            name: "refs/tags/v1".into(),
            target: id(2),
            peeled: Some(id(1)),
        },
    ]
}

fn written(record: &Record, refs: &[RefRecord]) -> Vec<u8> {
    let mut out = record.write(false).unwrap();
    for reference in refs {
        write_ref(reference, &mut out);
    }
    write_end(refs.len() as u64, None, &mut out);
    out
}

fn written_with_lfs(refs: &[RefRecord], objects: &[NamedLfsObject]) -> Vec<u8> {
    let mut out = record().write(true).unwrap();
    for reference in refs {
        write_ref(reference, &mut out);
    }
    for object in objects {
        write_lfs_object(object, &mut out);
    }
    let counted = Some(objects.len() as u64);
    write_end(refs.len() as u64, counted, &mut out);
    out
}

/// The record, and objects of Git LFS.
fn read_lfs(bytes: &[u8], piece: usize) -> Result<(Record, Vec<NamedLfsObject>), BadRecord> {
    let (mut reader, mut objects) = (RecordReader::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        reader.feed(piece)?;
        objects.extend(reader.take_lfs_objects());
    }
    Ok((reader.finish()?, objects))
}

#[test]
fn objects_of_lfs_make_it_version_4() {
    let oid = |byte: u8| LfsOid::from([byte; 32]);
    let objects = [(oid(0x0a), 0), (oid(0x1b), 1 << 40)];
    let whole = written_with_lfs(&refs(), &objects);
    let text = whole.to_str_lossy();
    assert!(text.starts_with(r#"{"cairn_record":4,"#), "{text}");
    let hex = "1b".repeat(32);
    assert!(
        text.ends_with(&format!("lfs {hex} 1099511627776\nend 2 2\n")),
        "{text}"
    );
    for piece in [1, 7, 64, whole.len()] {
        assert_eq!(read_lfs(&whole, piece), Ok((record(), objects.to_vec())));
    }
    for end in 0..whole.len() {
        assert!(
            read_lfs(whole.split_at(end).0, 100).is_err(),
            "cut at {end}"
        );
    }
    let swapped = written_with_lfs(&refs(), &[objects[1], objects[0]]);
    let twice = written_with_lfs(&refs(), &[objects[0], objects[0]]);
    let old = text.replacen(":4,", ":3,", 1).into_bytes();
    let fewer = text.replace("end 2 2", "end 2 1").into_bytes();
    let upper = text.replace(&hex, &hex.to_uppercase()).into_bytes();
    for other in [swapped, twice, old, fewer, upper] {
        assert!(read_lfs(&other, 50).is_err(), "{}", other.as_bstr());
    }
}

fn read(bytes: &[u8], piece: usize) -> Result<(Record, Vec<RefRecord>), BadRecord> {
    let (mut reader, mut refs) = (RecordReader::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        reader.feed(piece)?;
        refs.extend(reader.take_refs());
    }
    Ok((reader.finish()?, refs))
}

#[test]
fn a_record_comes_back_as_it_went_in_pieces_of_any_size() {
    let whole = written(&record(), &refs());
    for piece in [1, 7, 64, whole.len()] {
        assert_eq!(read(&whole, piece), Ok((record(), refs())));
    }
    let mut bare = record();
    bare.repository.source = None;
    bare.repository.last_push_at = None;
    bare.repository.description.clear();
    bare.repository.settings = RepositorySettings::default();
    bare.repository.fsck_strict = false;
    bare.snapshots = SnapshotSettings::default();
    bare.packs.clear();
    bare.shallow.clear();
    assert_eq!(read(&written(&bare, &[]), 10), Ok((bare, Vec::new())));
}

#[test]
fn a_text_that_is_not_a_whole_record_is_refused() {
    let whole = written(&record(), &refs());
    for end in 0..whole.len() {
        assert!(read(whole.split_at(end).0, 100).is_err(), "cut at {end}");
    }
    let lines: Vec<_> = std::str::from_utf8(&record().write(false).unwrap())
        .unwrap()
        .lines()
        .map(|line| format!("{line}\n"))
        .collect();
    let head = lines.concat();
    assert!(read(format!("{head}end 0\n").as_bytes(), 9).is_ok());
    let long = format!("{head}head {}\nend 0\n", "x".repeat(LINE_BYTES_MAX));
    let other_version = head.replacen(":3,", ":5,", 1);
    let without_settings = format!("{}{}end 0\n", lines[0], lines[lines.len() - 1]);
    let without_head = format!("{}end 0\n", lines[..lines.len() - 1].concat());
    for other in [
        "",
        "{}\n",
        &format!("{other_version}end 0\n"),
        &without_settings,
        &without_head,
        &format!("{head}nonsense 1\nend 0\n"),
        &format!("{head}keep 1 2 3\nend 0\n"),
        &format!("{head}{{\"nonsense\":1}}\nend 0\n"),
        &format!("{head}end 1\n"),
        &format!("{head}end 0\nend 0\n"),
        &long,
    ] {
        assert!(read(other.as_bytes(), 50).is_err(), "{other}");
    }
    let mut unsorted = refs();
    unsorted.reverse();
    assert!(read(&written(&record(), &unsorted), 50).is_err());
}

/// Every later version must read a record that is in R2. To change a name in this text, make a
/// new version of the record and keep a reader of this one.
#[test]
fn the_lines_of_a_record_are_these() {
    let expect = concat!(
        r#"{"cairn_record":3,"id":"0123456789abcdef","namespace":"acme","name":"widgets"}"#,
        "\n",
        r#"{"repository":{"description":"two\nlines \"quoted\"","#,
        r#""settings":{"read_only":false,"public":true,"#,
        r#""deny_non_fast_forwards":false,"deny_deletes":true,"#,
        r#""prune_grace_seconds":5,"reflog_retention_seconds":6,"superseded_grace_seconds":7,"#,
        r#""fetch_events":false,"push_protection":true},"fsck_strict":true,"#,
        r#""source":"git:https://example.com/a","created_at":1700000000000,"#,
        r#""last_push_at":1700000000001,"network_id":"0123456789abcdef"}}"#,
        "\n",
        r#"{"snapshots":{"settle_seconds":0,"cold_after_seconds":null,"#,
        r#""cold_bytes_min":1099511627776,"ready_bytes_min":null}}"#,
        "\n",
        r#"{"pack":{"r2_key":"packs/x/y.pack","pack_bytes":1099511627776,"object_count":7}}"#,
        "\n",
        r#"{"shallow":"0303030303030303030303030303030303030303"}"#,
        "\n",
        "head refs/heads/main\n",
    );
    let written = record().write(false).unwrap();
    assert_eq!(written.as_bstr(), expect.as_bytes().as_bstr());
}

/// Bytes of R2, where a server of the version before wrote them.
const OLD: &str = "\
cairn record 2
id uy85sh57h0fsxyq1
namespace import-shallow
name life
created 1795916515825
pushed 1795916515958
flags 
head refs/heads/main
description \"\"
network uy85sh57h0fsxyq1
source \"git:http://127.0.0.1:45615/source.git\"
keep 1209600 7776000 3600
copies 0 0 0 0
pack packs/uy85sh57h0fsxyq1/29ee6b35dc89878a258aa10280ad0e17bd9426b7b9ba626981ad4cabd05a8373.pack 776 10
shallow 9fb871affaacb2d61b93fdf045717e2862ecec5a
ref 2cd1e5df2cbbee7d2e3f2d6c32846a764743a2ca - refs/heads/main
ref e7aa5573af4c841fc894153a315c157068cf5e58 9fb871affaacb2d61b93fdf045717e2862ecec5a refs/tags/eighth
end 2
";

/// The record and the refs in [`OLD`].
fn told_by_old() -> (Record, Vec<RefRecord>) {
    let id = |hex: &str| ObjectId::from_hex(hex.as_bytes()).unwrap();
    let eighth = id("9fb871affaacb2d61b93fdf045717e2862ecec5a");
    let network = "uy85sh57h0fsxyq1";
    let pack = "29ee6b35dc89878a258aa10280ad0e17bd9426b7b9ba626981ad4cabd05a8373";
    let expect = Record {
        repository: RepositoryRecord {
            id: network.to_owned(),
            namespace: "import-shallow".to_owned(),
            name: "life".to_owned(),
            head: "refs/heads/main".into(),
            settings: RepositorySettings {
                prune_grace_seconds: 1_209_600,
                reflog_retention_seconds: 7_776_000,
                superseded_grace_seconds: 3600,
                ..RepositorySettings::default()
            },
            source: Some("git:http://127.0.0.1:45615/source.git".to_owned()),
            created_at: 1_795_916_515_825,
            last_push_at: Some(1_795_916_515_958),
            network_id: Some(network.to_owned()),
            ..RepositoryRecord::default()
        },
        snapshots: SnapshotSettings {
            settle_seconds: Some(0),
            cold_after_seconds: Some(0),
            cold_bytes_min: Some(0),
            ready_bytes_min: Some(0),
        },
        packs: vec![RecordedPack {
            r2_key: format!("packs/{network}/{pack}.pack"),
            pack_bytes: 776,
            object_count: 10,
        }],
        shallow: vec![eighth],
    };
    let refs = vec![
        RefRecord {
            name: "refs/heads/main".into(),
            target: id("2cd1e5df2cbbee7d2e3f2d6c32846a764743a2ca"),
            peeled: None,
        },
        RefRecord {
            name: "refs/tags/eighth".into(),
            target: id("e7aa5573af4c841fc894153a315c157068cf5e58"),
            peeled: Some(eighth),
        },
    ];
    (expect, refs)
}

#[test]
fn a_record_that_the_version_before_wrote_is_read() {
    let expect = told_by_old();
    for piece in [1, 64, OLD.len()] {
        assert_eq!(read(OLD.as_bytes(), piece), Ok(expect.clone()));
    }
    for end in 0..OLD.len() {
        assert!(
            read(OLD.split_at(end).0.as_bytes(), 100).is_err(),
            "cut at {end}"
        );
    }
}

#[test]
fn every_setting_of_a_record_that_the_version_before_wrote_is_read() {
    for (line, set) in [
        (
            "flags read-only public deny-non-fast-forwards deny-deletes fsck-strict\n",
            true,
        ),
        ("flags \n", false),
    ] {
        let text = OLD
            .replace("flags \n", line)
            .replace("copies 0 0 0 0", "copies - - - -");
        let text = text.replace("description \"\"", r#"description "a \"quoted\"\nline""#);
        let (read, _) = read(text.as_bytes(), 100).unwrap();
        let found = &read.repository;
        assert_eq!(found.description, "a \"quoted\"\nline");
        let flags = [
            found.settings.read_only,
            found.settings.public,
            found.settings.deny_non_fast_forwards,
            found.settings.deny_deletes,
            found.fsck_strict,
        ];
        assert_eq!(flags, [set; 5]);
        assert_eq!(read.snapshots, SnapshotSettings::default());
    }
}

#[test]
fn a_record_of_another_version_or_of_two_at_once_is_refused() {
    for other in [
        "cairn record 1\n",
        "cairn record 2\nnonsense 1\n",
        "cairn record 2\nend 0\n",
        "cairn record 2\n{\"shallow\":\"9fb871affaacb2d61b93fdf045717e2862ecec5a\"}\n",
    ] {
        assert!(read(other.as_bytes(), 50).is_err(), "{other}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>(), tail in "[a-z]{1,8} [ -~]{0,40}\n") {
        let _ = read(&bytes, 3);
        let first = r#"{"cairn_record":3,"id":"a","namespace":"b","name":"c"}"#;
        for first in [first, "cairn record 2"] {
            let _ = read(format!("{first}\n{tail}").as_bytes(), 3);
            let _ = read(format!("{first}\n{{\"{tail}").as_bytes(), 3);
        }
    }
}

/// With a hook whose patterns nobody would write, its line was longer than the reader took.
#[test]
fn the_longest_rules_and_the_longest_hook_come_back() {
    use crate::git::receive_pack::ref_rules::{
        ForbiddenOp, PATTERN_BYTES_MAX, RULES_MAX, RefRule, RefRules,
    };
    use crate::storage::repository::pre_receive::{OnFailure, PreReceive};
    use crate::storage::webhook::definition::Secret;
    let mut whole = record();
    // In JSON each of them has two bytes.
    let pattern = "\"".repeat(PATTERN_BYTES_MAX);
    let rule = RefRule(pattern, ForbiddenOp::ALL.to_vec());
    let rules = RefRules::from(vec![rule; RULES_MAX]);
    whole.repository.policies.ref_rules = rules;
    // As many and as long as a caller may set them; in JSON each of these bytes has six.
    whole.repository.policies.pre_receive = Some(PreReceive {
        url: "x".repeat(2048),
        timeout_ms: 10_000,
        on_failure: OnFailure::Refuse,
        refs: Some(vec!["\u{1}".repeat(768); 20]),
        secret: Secret::new("x".repeat(100)),
    });
    whole.repository.description = "\u{1}".repeat(1000);
    let bytes = written(&whole, &refs());
    assert_eq!(read(&bytes, 4096).unwrap().0, whole);
}
