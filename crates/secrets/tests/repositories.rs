//! False alarms in real repositories, and the time that a search takes. Run by name:
//!
//! ```sh
//! REPOSITORIES=tokio.git:ripgrep.git cargo test --release -p cairn-secrets --test repositories \
//!     -- --ignored --nocapture
//! ```

#![allow(clippy::unwrap_used, reason = "every surprise is a failed test")]
#![allow(clippy::print_stdout, reason = "the figures")]
#![allow(clippy::disallowed_methods, reason = "it takes the time")]

use std::io::{BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Instant;

use cairn_secrets::Searcher;

/// Bytes of the largest blob that push protection searches.
const BYTES_MAX: u64 = 1 << 20;

#[test]
#[ignore = "needs repositories: REPOSITORIES=…"]
fn ordinary_files_have_no_secrets() {
    let repositories = std::env::var("REPOSITORIES").unwrap();
    for repository in repositories.split(':') {
        let contents = blobs_of(repository);
        let searcher = Searcher::new();
        let begun = Instant::now();
        let mut found = Vec::new();
        for content in &contents {
            searcher.search(content, &mut |secret| {
                found.push((secret.kind, content.get(secret.range).unwrap().to_vec()));
                true
            });
        }
        let took = begun.elapsed();
        let bytes: usize = contents.iter().map(Vec::len).sum();
        println!(
            "{repository}: {} blobs, {bytes} bytes, {took:?}",
            contents.len()
        );
        assert!(found.is_empty(), "{found:?}");
    }
}

/// All blobs of all history that are searched.
fn blobs_of(repository: &str) -> Vec<Vec<u8>> {
    let listed = Command::new("git")
        .args(["-C", repository, "cat-file", "--batch-all-objects"])
        .arg("--batch-check=%(objecttype) %(objectsize) %(objectname)")
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let ids: Vec<&str> = listed.lines().filter_map(searched_id).collect();
    let mut git = Command::new("git")
        .args(["-C", repository, "cat-file", "--batch", "--buffer"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut input, output) = (git.stdin.take().unwrap(), git.stdout.take().unwrap());
    let contents = std::thread::scope(|scope| {
        let asked = ids.join("\n") + "\n";
        scope.spawn(move || input.write_all(asked.as_bytes()).unwrap());
        let mut output = BufReader::new(output);
        ids.iter().map(|_| next_content(&mut output)).collect()
    });
    assert!(git.wait().unwrap().success());
    contents
}

fn searched_id(line: &str) -> Option<&str> {
    let (size, id) = line.strip_prefix("blob ")?.split_once(' ')?;
    (size.parse::<u64>().unwrap() <= BYTES_MAX).then_some(id)
}

fn next_content(output: &mut impl std::io::BufRead) -> Vec<u8> {
    let mut head = String::new();
    output.read_line(&mut head).unwrap();
    let bytes: usize = head.trim_end().rsplit(' ').next().unwrap().parse().unwrap();
    let mut content = vec![0; bytes + 1];
    output.read_exact(&mut content).unwrap();
    content.truncate(bytes);
    content
}
