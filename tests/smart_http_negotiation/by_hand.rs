//! Requests that git's client makes seldom or never.

use ureq::http::Method;

use super::served::{Answer, Served, body, served, served_by};
use super::support::history::Random;
use super::support::server::Server;

/// Ids that no repository has.
fn unknown(random: &mut Random) -> String {
    format!("{:016x}{:024x}", random.next(), random.next())
}

fn some_haves(served: &Served, random: &mut Random) -> Vec<String> {
    let known = random.below(4);
    let mut haves: Vec<String> = (0..random.below(4)).map(|_| unknown(random)).collect();
    for _ in 0..known {
        let have = served.commits[random.below(served.commits.len())].clone();
        let place = random.below(haves.len() + 1);
        haves.insert(place, have);
    }
    haves
}

#[test]
fn acknowledgements_equal_gits() {
    let served = served("acknowledge");
    let mut random = Random(5);
    let modes = [
        "",
        " multi_ack",
        " multi_ack_detailed",
        " multi_ack_detailed no-done",
    ];
    let bands = ["", " side-band", " side-band-64k"];
    for round in 0..150 {
        let want = &served.commits[served.commits.len() / 2 + random.below(20)];
        let (mode, band) = (modes[round % 4], bands[round % 3]);
        let mut lines = vec![format!("want {want}{mode}{band} ofs-delta no-progress")];
        if random.percent(30) {
            lines.push(format!("want {}", served.commits[random.below(30)]));
        }
        if random.percent(20) {
            lines.push(format!("deepen {}", 1 + random.below(5)));
        }
        lines.push("0000".to_owned());
        let haves = some_haves(&served, &mut random);
        lines.extend(haves.iter().map(|have| format!("have {have}")));
        lines.push(["done", "0000"][random.below(2)].to_owned());
        served.check(u8::from(random.percent(50)), &lines);
    }
}

fn fetch(lines: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut request = vec!["command=fetch".to_owned(), "object-format=sha1".to_owned()];
    request.push("0001".to_owned());
    request.push("no-progress".to_owned());
    request.extend(lines);
    request.push("0000".to_owned());
    request
}

#[test]
fn sections_of_a_fetch_equal_gits() {
    let served = served("sections");
    let mut random = Random(6);
    for _ in 0..150 {
        let mut lines = Vec::new();
        for _ in 0..=random.below(2) {
            lines.push(format!("want {}", served.commits[10 + random.below(30)]));
        }
        let haves = some_haves(&served, &mut random);
        lines.extend(haves.iter().map(|have| format!("have {have}")));
        for (line, percent) in [
            ("done", 40),
            ("wait-for-done", 20),
            ("include-tag", 30),
            ("ofs-delta", 50),
            ("thin-pack", 30),
            ("filter blob:none", 20),
            ("packfile-uris https", 10),
        ] {
            if random.percent(percent) && !(line.starts_with("packfile") && lines.is_empty()) {
                lines.push(line.to_owned());
            }
        }
        lines.retain(|line| !line.starts_with("packfile-uris"));
        match random.below(5) {
            0 => lines.push(format!("deepen {}", 1 + random.below(5))),
            1 => lines.push("deepen-since 1600000600".to_owned()),
            2 => lines.push(format!("shallow {}", served.commits[random.below(20)])),
            _ => {}
        }
        served.check(2, &fetch(lines));
    }
}

#[test]
fn wanted_refs_follow_the_shallow_commits() {
    let extensions = "ref-in-want,sideband-all,packfile-uris";
    let extended = Server::start_with(&[("CAIRN_FETCH_EXTENSIONS", extensions)]);
    let served = served_by(&extended, "want-ref");
    // Git's client uses the refs it sees.
    let clone = served.scratch.clone(&served.hosted.url(), "clone", &[]);
    clone.fsck_strict();
    let main = served.source.run(&["rev-parse", "main"]);
    let edge = served.source.run(&["rev-parse", "main~1"]);
    let request = fetch(["want-ref refs/heads/main", "deepen 2", "done"].map(str::to_owned));
    let answer = Answer::parse(&served.ours(2, &body(&request)), true);
    let wanted = format!("{main} refs/heads/main");
    assert_eq!(answer.lines[0], "shallow-info");
    assert!(answer.lines.contains(&format!("shallow {edge}")) || answer.lines.len() > 6);
    let place = |line: &str| answer.lines.iter().position(|found| found == line);
    assert!(
        place("shallow-info") < place("wanted-refs"),
        "{:?}",
        answer.lines
    );
    assert!(place(&wanted) < place("packfile"), "{:?}", answer.lines);
    // Without a depth the order is nobody's question.
    served.check(
        2,
        &fetch(["want-ref refs/tags/v1", "done"].map(str::to_owned)),
    );
    let unknown = fetch(["want-ref refs/heads/none", "done"].map(str::to_owned));
    let answer = Answer::parse(&served.ours(2, &body(&unknown)), true);
    assert_eq!(answer.lines, ["ERR unknown ref refs/heads/none"]);
}

/// A plain git server with nothing configured, and one request that only an extension knows.
#[test]
fn extensions_are_neither_advertised_nor_served_without_the_setting() {
    let served = served("extensions");
    let rest = served.rest.with_bearer(&served.hosted.token);
    let path = served.hosted.git_path("info/refs?service=git-upload-pack");
    let shown = rest.send(Method::GET, &path, &[("Git-Protocol", "version=2")], b"");
    let shown = shown.text();
    assert!(
        shown.contains("fetch=shallow wait-for-done filter\n"),
        "{shown}"
    );
    for line in [
        "want-ref refs/heads/main",
        "sideband-all",
        "packfile-uris https",
    ] {
        let request = fetch([line, "done"].map(str::to_owned));
        let answer = Answer::parse(&served.ours(2, &body(&request)), true);
        assert_eq!(answer.lines, [format!("ERR unexpected line: '{line}'")]);
    }
}

#[test]
fn refusals_have_gits_words() {
    let served = served("refused");
    let nobodys = "1".repeat(40);
    let tip = served.commits.last().unwrap().clone();
    let unknown_want = vec![
        format!("want {nobodys} side-band-64k"),
        "0000".into(),
        "done".into(),
    ];
    let error = format!("ERR upload-pack: not our ref {nobodys}");
    for (version, request) in [
        (0, unknown_want.clone()),
        (1, unknown_want),
        (2, fetch([format!("want {nobodys}"), "done".to_owned()])),
    ] {
        let answer = served.check(version, &request);
        assert_eq!(answer.lines, std::slice::from_ref(&error));
    }
    let said = |lines: &[&str]| {
        let lines = lines.iter().map(|line| (*line).to_owned());
        let request = fetch([format!("want {tip}")].into_iter().chain(lines));
        let answer = Answer::parse(&served.ours(2, &body(&request)), true);
        assert_eq!(answer.lines.len(), 1, "{answer:?}");
        answer.lines[0].clone()
    };
    assert_eq!(
        said(&["nonsense", "done"]),
        "ERR unexpected line: 'nonsense'"
    );
    assert_eq!(
        said(&["filter blob:x", "done"]),
        "ERR invalid filter-spec 'blob:x'"
    );
    assert_eq!(
        said(&["filter sparse:oid=main:nothing", "done"]),
        "ERR unable to access sparse blob in 'main:nothing'"
    );
    assert_eq!(
        said(&["deepen-not nowhere", "done"]),
        "ERR git upload-pack: deepen-not is not a ref: nowhere"
    );
    assert!(said(&["deepen-since 4000000000", "done"]).contains("no commits selected"));
}

#[test]
fn facts_about_objects_and_bundles() {
    let served = served("facts");
    let tip = served.commits.last().unwrap();
    let ask = |lines: &[String]| {
        let answer = served.ours(2, &body(lines));
        String::from_utf8(answer).unwrap()
    };
    let size = served.source.run(&["cat-file", "-s", tip]);
    let request = ["command=object-info", "object-format=sha1", "0001", "size"].map(str::to_owned);
    let mut request = request.to_vec();
    request.extend([format!("oid {tip}"), "0000".to_owned()]);
    assert_eq!(
        ask(&request),
        String::from_utf8(served.theirs(2, &body(&request))).unwrap()
    );
    assert!(ask(&request).contains(&format!("{tip} {size}")));
    let bundles = ["command=bundle-uri", "object-format=sha1", "0001", "0000"].map(str::to_owned);
    assert_eq!(ask(&bundles), "0000");
    let url = served.hosted.url();
    let clone = served.scratch.git().config("transfer.bundleURI", "true");
    clone.run(&[
        "clone",
        "--quiet",
        "-o",
        "up",
        "--server-option=x=y",
        &url,
        "bundled",
    ]);
    served.scratch.git_in("bundled").fsck_strict();
}
