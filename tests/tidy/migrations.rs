//! The files of SQL.

use std::collections::BTreeMap;

use super::none;
use super::support::source::{files, text};

#[test]
fn every_table_has_prose_above_it() {
    let mut wrong = Vec::new();
    for file in files("migrations", "sql") {
        let text = text(&file);
        let mut above = "";
        for (line, content) in text.lines().enumerate() {
            if content.starts_with("CREATE TABLE") && !above.starts_with("-- ") {
                wrong.push(format!("{file}:{}: {content}", line + 1));
            }
            above = content;
        }
    }
    none(&wrong);
}

/// The files of SQL by folder, in order.
fn sql_folders() -> BTreeMap<String, Vec<String>> {
    let mut folders = BTreeMap::<_, Vec<_>>::new();
    for file in files("migrations", "sql") {
        let (folder, name) = file.rsplit_once('/').expect("it is in a folder");
        let names = folders.entry(folder.to_owned()).or_default();
        names.push(name.to_owned());
    }
    folders
}

#[test]
fn migrations_are_numbered_without_gaps_and_the_newest_schema_stands_beside_them() {
    for (folder, mut names) in sql_folders() {
        names.sort_unstable();
        assert_eq!(names.pop().as_deref(), Some("schema.sql"), "{folder}");
        for (place, name) in names.iter().enumerate() {
            let expected = format!("{:04}_", place + 1);
            assert!(
                name.starts_with(&expected),
                "{folder}/{name} is expected to begin {expected}"
            );
        }
    }
}

#[test]
fn every_file_of_sql_is_part_of_the_program() {
    let program = text("src/storage/db/schema.rs");
    let mut wrong = Vec::new();
    for (folder, names) in sql_folders() {
        let kind = folder.trim_start_matches("migrations/");
        let mut at = 0;
        for name in names.iter().filter(|name| *name != "schema.sql") {
            let Some(found) = program.find(&format!("\"{kind}/{name}\"")) else {
                wrong.push(format!("{folder}/{name} is never applied"));
                continue;
            };
            if found < at {
                wrong.push(format!("{folder}/{name} is applied too early"));
            }
            at = found;
        }
        if !program.contains(&format!("newest: include_sql!(\"{kind}/schema.sql\")")) {
            wrong.push(format!("{folder}/schema.sql makes no database"));
        }
    }
    none(&wrong);
}
