//! Verify finds damaged packs, parts, copies and accounts.

use serde_json::json;

use super::repository::Cold;
use super::state::{BUCKET, NETWORKS, REPOSITORIES, damage};
use super::support::server::Server;

#[test]
fn each_kind_of_damage_is_counted() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "damaged");
    cold.push(2);
    cold.maintain("snapshot");
    cold.check("sound");

    server.restart_after(|state| {
        damage(
            state,
            REPOSITORIES,
            &[
                "INSERT INTO pack_chunk (chunk_key, bytes) VALUES ((99 << 20), x'00')",
                "INSERT INTO pack_part (part_key, bytes) VALUES ((99 << 20) + (1 << 16), x'00')",
                "INSERT INTO pack (pack_id, state, created_at) VALUES (98, 'quarantine', 5)",
            ],
        );
        damage(
            state,
            NETWORKS,
            &[
                "INSERT INTO pack_holder (r2_key, repository_id)
                    SELECT 'packs/nowhere', repository_id FROM pack_holder LIMIT 1",
                "DELETE FROM pack_holder WHERE r2_key IN
                    (SELECT r2_key FROM pack_holder WHERE r2_key LIKE '%.pack' LIMIT 1)",
            ],
        );
        damage(
            state,
            BUCKET,
            &[
                "UPDATE _mf_objects SET key = substr(key, 1, 23) || 'stray.pack' WHERE key IN
                (SELECT key FROM _mf_objects WHERE key LIKE 'packs/%' ORDER BY key DESC LIMIT 1)",
            ],
        );
    });
    cold.rest = server.rest();
    let found = cold.findings();
    let orphans = &found["orphans"];
    assert_eq!(orphans["chunk_rows"], 1, "{found}");
    assert_eq!(orphans["part_rows"], 1, "{found}");
    assert_eq!(orphans["abandoned_packs"], 1, "{found}");
    let r2 = &found["r2"];
    assert_eq!(
        (&r2["missing"], &r2["astray"]),
        (&json!(1), &json!(1)),
        "{found}"
    );
    // The one that is named by no hold, and the one that has another name than any.
    assert!(r2["orphaned"].as_u64() >= Some(1), "{found}");
    assert_eq!(r2["unheld"], 1, "{found}");
    let problems = found["problems"].as_array().unwrap();
    let told = |what: &str| {
        problems
            .iter()
            .any(|told| told.as_str().unwrap().contains(what))
    };
    for what in [
        "is missing",
        "is named by nobody",
        "is not in the network's account",
        "named no more",
        "rows of chunks without a pack",
    ] {
        assert!(told(what), "{what}: {found}");
    }
    let recorded = cold.last("verify").unwrap();
    let detail = recorded["detail"].as_str().unwrap();
    assert!(detail.starts_with("2 orphan rows; r2: "), "{detail}");
    assert!(detail.contains("1 missing, 1 unheld, 1 astray"), "{detail}");

    // The next run removes the rows that the sweeper may remove.
    cold.maintain("run");
    let orphans = cold.findings()["orphans"].take();
    for (what, count) in orphans.as_object().unwrap() {
        assert_eq!(count, 0, "{what}: {orphans}");
    }
}

#[test]
fn a_lost_part_is_counted_and_made_again_from_r2() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "part");
    cold.push(3);
    cold.maintain("snapshot");
    assert_eq!(cold.number("packs", "cold"), 3);
    server.restart_after(|state| {
        let lost = "DELETE FROM pack_part WHERE (part_key >> 20) = 2 AND (part_key >> 16) & 7 = 3";
        damage(state, REPOSITORIES, &[lost]);
    });
    cold.rest = server.rest();
    let found = cold.findings();
    assert_eq!(found["orphans"]["missing_parts"], 1, "{found}");
    assert_ne!(found["problems"], json!([]), "{found}");
    cold.maintain("rebuild");
    cold.check("made anew");
}

#[test]
fn a_copy_whose_bytes_changed_is_found_warm_or_cold() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "changed");
    cold.push(1);
    cold.push_branch("noise", 700_000);
    cold.maintain("snapshot");
    cold.check("sound");
    server.restart_after(|state| {
        let blobs = std::fs::read_dir(state.join("data/r2/cairn-packs/blobs")).unwrap();
        let blobs = blobs.map(|blob| blob.unwrap().path());
        let large = blobs.filter(|blob| blob.metadata().unwrap().len() > 600_000);
        for blob in large {
            let mut bytes = std::fs::read(&blob).unwrap();
            bytes[300_000] ^= 1;
            std::fs::write(&blob, bytes).unwrap();
        }
    });
    cold.rest = server.rest();
    let found = cold.findings();
    let problem = found["problems"][0].as_str().unwrap();
    assert!(problem.contains("is not what was written"), "{found}");
    assert_eq!(found["problems"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(cold.number("packs", "chunk_rows"), 0, "nothing of it stays");
}
