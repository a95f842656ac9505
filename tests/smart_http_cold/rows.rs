//! Verify finds damaged rows and pages of the database.

use super::repository::Cold;
use super::state::{REPOSITORIES, corrupt, databases};
use super::support::server::Server;

#[test]
fn corrupt_rows_of_refs_reflog_and_tokens_are_found() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "rows");
    cold.push(2);
    cold.push_branch("branch", 100);
    cold.check("sound");
    let mut finds = |statements: &'static [&'static str], told: &[&str]| {
        server.restart_after(|state| corrupt(state, statements));
        cold.rest = server.rest();
        let found = cold.findings();
        for what in told {
            let mut problems = found["problems"].as_array().unwrap().iter();
            let is_told = problems.any(|told| told.as_str().unwrap().contains(what));
            assert!(is_told, "{what}: {found}");
        }
    };
    let nowhere = "1".repeat(40);
    finds(
        &["UPDATE reflog SET new = x'1111111111111111111111111111111111111111' WHERE seq = 2"],
        &[&format!(
            "entry 2 of the reflog, refs/heads/main: {nowhere} is not here"
        )],
    );
    finds(
        &[
            "UPDATE ref SET target = x'1111111111111111111111111111111111111111'
            WHERE name = CAST('refs/heads/branch' AS BLOB)",
        ],
        &[&format!("refs/heads/branch: {nowhere} is not here")],
    );
    finds(
        &[
            "UPDATE ref SET target = x'11' WHERE name = CAST('refs/heads/branch' AS BLOB)",
            "UPDATE reflog SET old = x'11' WHERE seq = 2",
            "UPDATE token SET sha256 = x'11'",
            "INSERT INTO packed_refs VALUES (CAST('refs/packed' AS BLOB), 1, x'00')",
        ],
        &[
            "refs/heads/branch: column 1 is no",
            "entry 2 of the reflog: column 3 is no",
            "its hash has 1 bytes",
            "the page of refs from refs/packed on: it does not parse",
        ],
    );
}

/// A page of the database file that holds something else.
#[test]
fn a_damaged_page_of_the_database_is_found() {
    let mut server = Server::start();
    let mut cold = Cold::new(&server, "pages");
    cold.push(2);
    cold.check("sound");
    for table in ["reflog", "token"] {
        server.restart_after(|state| {
            let found = databases(state, REPOSITORIES);
            let tables = rusqlite::Connection::open(&found[0]).unwrap();
            let sql = "SELECT rootpage FROM sqlite_master WHERE name = ?1";
            let page: u32 = tables.query_one(sql, [table], |row| row.get(0)).unwrap();
            drop(tables);
            let mut bytes = std::fs::read(&found[0]).unwrap();
            let start = usize::try_from((page - 1) * 4096).unwrap();
            bytes[start..start + 4096].fill(0xa5);
            std::fs::write(&found[0], bytes).unwrap();
        });
        cold.rest = server.rest();
        let found = cold.findings();
        let mut problems = found["problems"].as_array().unwrap().iter();
        let what = format!("the table {table}");
        let is_told = problems.any(|told| told.as_str().unwrap().starts_with(&what));
        assert!(is_told, "{what}: {found}");
    }
}
