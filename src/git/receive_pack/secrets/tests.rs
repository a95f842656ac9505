use super::*;

/// Random digits of base 62 behind GitHub's prefix; the number is among them.
fn token(number: usize) -> String {
    format!("ghp_Ab7dE9fGhJ2kLm4NpQ6rSt8UvWxYz3Ca{number:04}")
}

fn id(number: u8) -> ObjectId {
    [number; 20].into()
}

fn found(kind: &str, path: Option<&str>, line: u32, blob: u8) -> FoundSecret {
    FoundSecret {
        path: path.map(Into::into),
        line,
        kind: SecretKind::from_name(kind).unwrap(),
        blob: id(blob),
    }
}

fn search(found: Vec<FoundSecret>) -> SecretSearch {
    let mut search = SecretSearch::new();
    search.settle(found);
    search
}

fn allowed(options: &[&str]) -> Allowed {
    let options: Vec<BString> = options.iter().map(|option| (*option).into()).collect();
    Allowed::of(&options)
}

#[test]
fn each_line_with_a_secret_is_noted_once() {
    let mut search = SecretSearch::new();
    let one = token(1);
    let content = format!("a\n{one}\nb\n\n{} {}\n", token(2), token(3));
    search.search(7, content.as_bytes());
    let noted: Vec<_> = search.noted().iter().map(|noted| noted.line).collect();
    assert_eq!(noted, [2, 5]);
    assert!(search.noted().iter().all(|noted| noted.position == 7));
}

#[test]
fn a_line_before_the_last_one_is_counted_backward() {
    let mut lines = Lines::new(b"a\nb\nc\n");
    let numbers = [4, 0, 1, 6, 2, 2].map(|offset| lines.number_at(offset));
    assert_eq!(numbers, [3, 1, 1, 4, 2, 2]);
}

/// Each word of the Azure key finds the whole key, which begins before the AWS key inside it. If each
/// find counted its lines from the start of the blob, this test would read many gigabytes.
#[test]
fn secrets_that_overlap_are_counted_in_linear_time() {
    let key =
        "ab+AKIAIQ7LD2ZRT5WX3MVB+o8sKf2LqXz5TnB0wYjGd6/rPc1VhUe9mJaN4iRQ7HLtEkWbSyD3uFg5OvZxC8M";
    let linked = format!("AccountKey={key}== ");
    let mut search = SecretSearch::new();
    search.search(
        0,
        linked.repeat(SEARCHED_BYTES_MAX / linked.len()).as_bytes(),
    );
    let noted = search.noted().iter().map(|noted| noted.kind.name());
    assert_eq!(
        noted.collect::<Vec<_>>(),
        ["azure-storage-key", "aws-access-key"]
    );
}

#[test]
fn a_blob_that_is_too_large_is_not_searched() {
    let mut search = SecretSearch::new();
    let mut content = token(1).into_bytes();
    content.resize(SEARCHED_BYTES_MAX, b'\n');
    search.search(0, &content);
    assert_eq!(search.noted().len(), 1);
    content.push(b'\n');
    search.search(1, &content);
    assert_eq!(search.noted().len(), 1);
}

#[test]
fn a_push_with_more_secrets_than_are_noted_is_refused() {
    let mut search = SecretSearch::new();
    for position in 0..12 {
        let lines: String = (0..1000).map(|number| token(number) + "\n").collect();
        search.search(position, lines.as_bytes());
    }
    assert_eq!(search.noted().len(), NOTED_MAX);
    let by_kind = allowed(&["cairn.allow-secret=github-token"]);
    assert!(search.refusal(&by_kind).unwrap().is_cut);
    assert_eq!(search.refusal(&allowed(&["cairn.allow-secret"])), None);
    assert!(search.found().unwrap().is_cut);
}

#[test]
fn push_options_allow_all_or_one_kind() {
    let both = vec![
        found("github-token", Some("a"), 1, 1),
        found("private-key", Some("b"), 2, 2),
    ];
    let search = search(both);
    let refused = |options: &[&str]| {
        let refusal = search.refusal(&allowed(options));
        refusal.map_or(0, |refusal| refusal.count)
    };
    assert_eq!(refused(&[]), 2);
    assert_eq!(
        refused(&["cairn.allow-secrets", "allow-secret", "cairn.override"]),
        2
    );
    assert_eq!(refused(&["cairn.allow-secret=private-key"]), 1);
    assert_eq!(
        refused(&["cairn.allow-secret=Private-Key", "cairn.allow-secret="]),
        2
    );
    assert_eq!(
        refused(&[
            "cairn.allow-secret=private-key",
            "cairn.allow-secret=github-token"
        ]),
        0
    );
    assert_eq!(refused(&["x", "cairn.allow-secret"]), 0);
    assert_eq!(search.found().unwrap().count, 2);
}

#[test]
fn versions_of_a_file_count_once_and_ten_secrets_are_named() {
    let mut all: Vec<_> = (1..=200)
        .map(|version| found("github-token", Some("src/a.rs"), 3, version))
        .collect();
    assert_eq!(
        search(all.clone())
            .refusal(&Allowed::default())
            .unwrap()
            .to_string(),
        "secret: github-token in src/a.rs:3; the push option cairn.allow-secret overrides this"
    );
    all.extend((1..=12).map(|line| found("private-key", None, line, 1)));
    let refusal = search(all).refusal(&Allowed::default()).unwrap();
    assert_eq!((refusal.count, refusal.named.len()), (13, NAMED_MAX));
    let lines: Vec<_> = refusal.lines().collect();
    assert_eq!(lines[0], "push protection found 13 secrets:");
    assert_eq!(lines[1], "  secret: github-token in src/a.rs:3");
    assert_eq!(
        lines[2],
        format!("  secret: private-key in blob {}, line 1", id(1))
    );
    assert!(
        lines[11].contains("git push -o cairn.allow-secret,"),
        "{}",
        lines[11]
    );
    assert!(refusal.to_string().contains(" and 12 more; "));
}

#[test]
fn a_path_is_one_line_of_text() {
    assert_eq!(shown("a\nb\u{1b}[1m".into()), "a?b?[1m");
    assert_eq!(shown(b"\xff".as_slice().into()), "\u{fffd}");
    let long = "x".repeat(1000);
    assert_eq!(
        shown(long.as_str().into()).chars().count(),
        PATH_BYTES_MAX + 1
    );
}
