//! The table of `docs/fsck.md`: git's messages, with Cairn's treatment of each.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cairn::git::object::fsck::{MessageId, Refused, Severity};

/// A row: git's severity, and the fate of an object by default and in a strict repository.
type Row = [String; 3];

fn table() -> BTreeMap<String, Row> {
    let folder = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let page = std::fs::read_to_string(format!("{folder}/docs/fsck.md")).unwrap();
    let mut table = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, message, row @ ..] = cells.as_slice() else {
            panic!("{line}");
        };
        // The page has tables of other things, whose rows are shorter.
        let [git, default, strict, _, _] = row else {
            continue;
        };
        let message = message.trim_matches('`').to_owned();
        let row = [git, default, strict].map(|cell| (*cell).to_owned());
        assert_eq!(table.insert(message, row), None, "{line}");
    }
    table
}

/// The ids that the installed git takes in `fsck.<msg-id>`.
fn of_git() -> BTreeSet<String> {
    let output = Command::new("git")
        .args(["help", "--config-for-completion"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let ids = text.lines().filter_map(|line| line.strip_prefix("fsck."));
    let ids = ids.filter(|id| !matches!(*id, "skipList" | "<msg-id>"));
    ids.map(str::to_owned).collect()
}

#[test]
fn the_documented_messages_are_those_of_the_code_and_of_git() {
    let table = table();
    for id in MessageId::ALL {
        let git = match id.severity() {
            Severity::Fatal => "fatal",
            Severity::Error => "error",
            Severity::Warn => "warn",
            Severity::Info => "info",
        };
        let (default, strict) = match id.refused() {
            Refused::Never => ("warned", "warned"),
            Refused::IfStrict => ("warned", "refused"),
            Refused::Always => ("refused", "refused"),
        };
        let row = [git, default, strict].map(str::to_owned);
        assert_eq!(table.get(id.name()), Some(&row), "{}", id.name());
    }
    let ours: BTreeSet<_> = MessageId::ALL.iter().map(|id| id.name()).collect();
    for (message, [_, default, strict]) in &table {
        let is_ours = ours.contains(message.as_str());
        let is_empty = (default.as_str(), strict.as_str()) == ("–", "–");
        assert!(is_ours != is_empty, "{message}");
    }
    let git = of_git();
    assert!(git.len() > 50, "{git:?}");
    for id in git {
        assert!(table.contains_key(&id), "git knows {id}");
    }
}
