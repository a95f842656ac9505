//! Shallow fetches: the same edge as git's, and a client that is complete up to it.

use std::collections::BTreeSet;
use std::process::Command;

use cairn::git::upload_pack::plan::{DeepenRequest, PlanOptions, plan};
use gix_hash::ObjectId;
use tempfile::TempDir;

use super::history::{History, Noise, START_SECONDS, git_in, ids};
use super::plans::selected;
use super::server::Server;

/// A client that real git serves; beside it, its objects if this server did.
struct Client {
    directory: TempDir,
    url: String,
    tips: Vec<ObjectId>,
    shallow: BTreeSet<ObjectId>,
    objects: BTreeSet<ObjectId>,
}

impl Client {
    fn new(history: &History) -> Self {
        history.git(&["config", "uploadpack.allowAnySHA1InWant", "true"], b"");
        let directory = TempDir::new().unwrap();
        git_in(directory.path(), &["init", "-q", "--bare"], b"");
        Self {
            directory,
            url: format!("file://{}", history.path().display()),
            tips: Vec::new(),
            shallow: BTreeSet::new(),
            objects: BTreeSet::new(),
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        String::from_utf8(git_in(self.directory.path(), arguments, b"")).unwrap()
    }

    /// Fetches a commit from git and from the server, with the same request. False if git fails
    /// at that.
    fn fetch(
        &mut self,
        history: &History,
        server: &Server,
        want: ObjectId,
        option: &str,
        deepen: DeepenRequest<'_>,
    ) -> bool {
        let refspec = format!("{want}:refs/heads/b{}", self.tips.len());
        let mut command = Command::new("git");
        command
            .current_dir(self.directory.path())
            .args(["fetch", "-q", "--no-tags"]);
        if !option.is_empty() {
            command.arg(option);
        }
        if !command
            .args([&self.url, &refspec])
            .output()
            .unwrap()
            .status
            .success()
        {
            return false;
        }
        let packs = server.live();
        let client_shallow: Vec<ObjectId> = self.shallow.iter().copied().collect();
        let options = PlanOptions {
            client_shallow: &client_shallow,
            deepen,
            ..PlanOptions::default()
        };
        let plan = plan(&packs, &server.graph(), &[want], &self.tips, &options).unwrap();
        self.objects.extend(selected(&packs, &plan));
        self.shallow.extend(&plan.shallow);
        for id in &plan.unshallow {
            assert!(self.shallow.remove(id));
        }
        self.tips.push(want);

        let file = std::fs::read_to_string(self.directory.path().join("shallow"));
        let by_git = ids(&file.unwrap_or_default());
        if matches!(deepen, DeepenRequest::Revisions { .. }) {
            // Git also announces edges that lie behind others.
            assert!(self.shallow.is_subset(&by_git), "{option}");
        } else {
            assert_eq!(self.shallow, by_git, "{option}");
        }
        let needed = self.needed(history);
        let lacking: Vec<&ObjectId> = needed.difference(&self.objects).collect();
        assert!(
            lacking.is_empty(),
            "{option}: {lacking:?} of {}",
            needed.len()
        );
        true
    }

    /// The objects that the client must have: the tips' histories up to the shallow commits.
    fn needed(&self, history: &History) -> BTreeSet<ObjectId> {
        let mut commits = BTreeSet::new();
        let mut stack = self.tips.clone();
        while let Some(id) = stack.pop() {
            if commits.insert(id) && !self.shallow.contains(&id) {
                stack.extend(&history.parents[&id]);
            }
        }
        let commits: Vec<ObjectId> = commits.into_iter().collect();
        ids(&history.rev_list(
            &["--objects", "--no-object-names", "--no-walk"],
            &commits,
            &[],
        ))
    }
}

fn served(history: &History) -> Server {
    let mut server = Server::default();
    for end in [history.commits.len() / 2, history.commits.len()] {
        let tips = &history.commits[..end];
        let new: Vec<ObjectId> = history
            .closure(tips)
            .into_iter()
            .filter(|id| !server.has(id))
            .collect();
        server.push(&history.objects, &new, tips).unwrap();
    }
    server
}

#[test]
fn a_first_shallow_fetch_equals_gits() {
    for seed in 40..44 {
        let history = History::random(seed, 50);
        let server = served(&history);
        let mut noise = Noise::new(seed);
        for _ in 0..6 {
            let depth = 1 + noise.below(6);
            let want = noise.pick(&history.commits[25..], 1)[0];
            let mut client = Client::new(&history);
            let request = DeepenRequest::Depth(u32::try_from(depth).unwrap());
            let option = format!("--depth={depth}");
            assert!(client.fetch(&history, &server, want, &option, request));
            let by_git = client.git(&[
                "cat-file",
                "--batch-all-objects",
                "--batch-check=%(objectname)",
            ]);
            assert_eq!(client.objects, ids(&by_git));
        }
    }
}

#[test]
fn later_fetches_deepen_keep_and_complete_the_history() {
    for seed in 50..56 {
        let history = History::random(seed, 60);
        let server = served(&history);
        let mut noise = Noise::new(seed);
        for _ in 0..3 {
            let mut client = Client::new(&history);
            for step in 0..5 {
                let want = noise.pick(&history.commits[20..], 1)[0];
                let depth = 1 + noise.below(5);
                let number = u32::try_from(depth).unwrap();
                let (option, request) = match (step, noise.below(4)) {
                    (0, _) | (_, 0) => (format!("--depth={depth}"), DeepenRequest::Depth(number)),
                    (_, 1) => (format!("--deepen={depth}"), DeepenRequest::Relative(number)),
                    (4, _) if !client.shallow.is_empty() => {
                        ("--unshallow".to_owned(), DeepenRequest::Depth(0x7fff_ffff))
                    }
                    _ => (String::new(), DeepenRequest::Unchanged),
                };
                assert!(
                    client.fetch(&history, &server, want, &option, request),
                    "{option}"
                );
            }
        }
    }
}

#[test]
fn history_is_cut_by_time_and_by_revision() {
    for seed in 60..64 {
        let history = History::on_time(seed, 60);
        let server = served(&history);
        let mut noise = Noise::new(seed);
        for _ in 0..3 {
            let mut client = Client::new(&history);
            for _ in 0..3 {
                let number = 30 + noise.below(30);
                let want = history.commits[number];
                if noise.chance(50) {
                    let since = START_SECONDS + (number - noise.below(20)) * 60;
                    let request = DeepenRequest::Revisions {
                        since_seconds: Some(since as u64),
                        not: &[],
                    };
                    let option = format!("--shallow-since={since} +0000");
                    if !client.fetch(&history, &server, want, &option, request) {
                        break;
                    }
                } else {
                    let not = noise.below(30) + 1;
                    let not_id = history.commits[not - 1];
                    if history.missing(&[want], &[not_id]).is_empty() {
                        continue;
                    }
                    let request = DeepenRequest::Revisions {
                        since_seconds: None,
                        not: &[not_id],
                    };
                    let option = format!("--shallow-exclude=refs/heads/c{not}");
                    if !client.fetch(&history, &server, want, &option, request) {
                        break;
                    }
                }
            }
        }
    }
}
