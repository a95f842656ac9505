//! The packs and bundles that clients of Git take.

use serde_json::json;

use super::support::history::noise;
use super::support::server::{Server, server};
use super::{Bundled, Read, private, public, same_refs};

#[test]
fn a_clone_takes_everything_from_the_bundle() {
    let server = Server::start();
    for (name, settings) in [("open", public()), ("closed", private())] {
        let bundled = Bundled::new(&server, name, &settings);
        let size = bundled.get(&bundled.told("uri"), &[]).body.len() as u64;
        let mut seen = 0;
        bundled.read(&mut seen);
        let url = match name {
            "open" => bundled.hosted.remote.clone(),
            _ => bundled.hosted.url(),
        };
        let clone = bundled.clone(&url, "clone", &["--mirror"]);
        same_refs(&clone, &bundled.source);
        let read = bundled.read(&mut seen);
        // Git keeps no name of the tags in a bundle, and asks for them once more.
        assert!(
            read.bundles == size && read.packs < 2000,
            "{name}: {read:?}"
        );

        // Pushes that came later are fetched.
        bundled.source.write("later", "one line\n");
        bundled.source.commit("later");
        bundled.push();
        bundled.read(&mut seen);
        let clone = bundled.clone(&url, "later", &[]);
        let head = |git: &super::Git| git.run(&["rev-parse", "HEAD"]);
        assert_eq!(head(&clone), head(&bundled.source));
        let read = bundled.read(&mut seen);
        assert_eq!(read.bundles, size, "{name}");
        assert!((1..2000).contains(&read.packs), "{name}: {read:?}");

        // A client that does not ask for bundles takes packs alone.
        bundled.scratch.clone(&url, "plain", &["--mirror"]);
        let read = bundled.read(&mut seen);
        assert!(
            read.bundles == 0 && read.packs > 300_000,
            "{name}: {read:?}"
        );
    }
}

/// Git keeps the list's URL and the token of the newest bundle in the clone's configuration.
#[test]
fn a_later_fetch_takes_only_a_newer_bundle() {
    let bundled = Bundled::new(server(), "followed", &public());
    let list = bundled.hosted.remote.clone() + "/bundles";
    let mut seen = 0;
    let first: u64 = bundled.told("creationToken").parse().unwrap();
    bundled.read(&mut seen);
    let option = format!("--bundle-uri={list}");
    let clone = bundled
        .scratch
        .clone(&bundled.hosted.remote, "clone", &[&option]);
    let read = bundled.read(&mut seen);
    assert!(read.bundles > 300_000 && read.packs < 2000, "{read:?}");
    let kept = |key: &str| clone.run(&["config", key]);
    assert_eq!(kept("fetch.bundleURI"), list);
    assert_eq!(kept("fetch.bundleCreationToken"), first.to_string());

    // Little has come: the bundle is the same, and is not taken again.
    bundled.source.write("little", "one line\n");
    bundled.source.commit("little");
    bundled.push();
    clone.run(&["fetch", "--quiet"]);
    let read = bundled.read(&mut seen);
    assert!(read.bundles == 0 && read.packs > 0, "{read:?}");

    // Much has come: a newer bundle has it, and the fetch takes nothing besides.
    bundled.source.write("much", noise(9, 400_000));
    bundled.source.commit("much");
    bundled.push();
    let second: u64 = bundled.told("creationToken").parse().unwrap();
    assert!(second > first, "{second} after {first}");
    bundled.read(&mut seen);
    clone.run(&["fetch", "--quiet"]);
    let read = bundled.read(&mut seen);
    assert!(read.bundles > 700_000 && read.packs == 0, "{read:?}");
    assert_eq!(kept("fetch.bundleCreationToken"), second.to_string());
    clone.run(&["fetch", "--quiet"]);
    let nothing = Read {
        bundles: 0,
        packs: 0,
    };
    assert_eq!(bundled.read(&mut seen), nothing);
    clone.fsck_strict();
    let ids = [
        clone.run(&["rev-parse", "origin/main"]),
        bundled.source.run(&["rev-parse", "main"]),
    ];
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn the_bundle_is_one_of_gits() {
    let bundled = Bundled::new(server(), "file", &public());
    // An ephemeral ref and one that clones do not take are not in it.
    let (source, url) = (&bundled.source, bundled.hosted.url());
    source.run(&["checkout", "--quiet", "-b", "aside"]);
    source.write("aside", "aside\n");
    source.commit("aside");
    source.run(&[
        "push",
        "--quiet",
        &url,
        "aside:refs/ephemeral/aside",
        "aside:refs/pull/1/head",
    ]);
    source.run(&["checkout", "--quiet", "main"]);
    source.run(&["branch", "--quiet", "-D", "aside"]);
    source.write("much", noise(9, 400_000));
    source.commit("much");
    bundled.push();

    let file = bundled.scratch.join("all.bundle");
    let answer = bundled.get(&bundled.told("uri"), &[]);
    assert_eq!(answer.header("content-type"), "application/x-git-bundle");
    std::fs::write(&file, &answer.body).unwrap();
    let file = file.to_str().unwrap();
    let said = source.run(&["bundle", "verify", file]);
    assert!(said.contains("complete history"), "{said}");
    let mut heads: Vec<_> = source
        .run(&["bundle", "list-heads", file])
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(heads.pop().unwrap().ends_with(" HEAD"));
    let refs = source.run(&["for-each-ref", "--format=%(objectname) %(refname)"]);
    assert_eq!(heads, refs.lines().collect::<Vec<_>>());
    let clone = bundled.scratch.clone(file, "of-the-file", &["--mirror"]);
    clone.fsck_strict();
    same_refs(&clone, source);
}

/// Each falls back to its ways without bundles.
#[test]
fn a_clone_without_a_bundle_goes_on_as_ever() {
    let mut server = Server::start();
    let none = Bundled::new(
        &server,
        "none",
        &json!({ "public": true, "ready_bytes_min": 1 << 30 }),
    );
    let empty = "[bundle]\n\tversion = 1\n\tmode = all\n\theuristic = creationToken\n";
    assert_eq!(none.list(), empty);
    let remote = &none.hosted.remote;
    same_refs(&none.clone(remote, "none", &["--mirror"]), &none.source);
    let option = format!("--bundle-uri={remote}/bundles");
    same_refs(
        &none.clone(remote, "listed", &["--mirror", &option]),
        &none.source,
    );

    // One that R2 has lost is told once in the log, and another is made.
    let lost = Bundled::new(&server, "lost", &public());
    let remote = lost.hosted.remote.clone();
    let uri = lost.told("uri");
    let (source, scratch, path) = (
        lost.source.clone(),
        lost.scratch,
        lost.hosted.path("/maintenance"),
    );
    let bundles = lost.hosted.git_path(&uri);
    server.restart_after(|state| std::fs::remove_dir_all(state.join("data/r2")).unwrap());
    let git = source.config("transfer.bundleURI", "true");
    let clone = scratch.join("lost");
    git.run(&[
        "clone",
        "--quiet",
        "--mirror",
        &remote,
        clone.to_str().unwrap(),
    ]);
    same_refs(&scratch.git_in("lost"), &git);
    assert_eq!(server.rest().anonymous().get(&bundles).status, 404);
    server
        .rest()
        .post(&path, &json!({ "task": "snapshot" }))
        .result(200);
}
