//! The blocks of a page, and the shell that they are pasted into.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::support::package_root;
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, Server};

/// A block between two fences.
#[derive(Debug, Clone)]
pub struct Block {
    /// The language of the fence: `sh`, `ts`, `text`.
    pub language: String,
    /// The block's lines, each with its end.
    pub text: String,
}

/// The blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    blocks_below(page, "")
}

/// The blocks of a page from a heading on.
pub fn blocks_below(page: &str, heading: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(package_root().join(page)).unwrap();
    let from = text
        .find(heading)
        .unwrap_or_else(|| panic!("{page} has no {heading}"));
    let text = text.split_at(from).1;
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(_) if is_inside => is_inside = false,
            Some(language) => {
                is_inside = true;
                blocks.push(Block {
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            None if is_inside => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!is_inside, "{page}: a block has no end");
    blocks
}

/// Whether the output matches the page, where `…` stands for any text within its line.
pub fn shows(printed: &str, shown: &str) -> bool {
    let (printed, shown): (Vec<_>, Vec<_>) = (printed.lines().collect(), shown.lines().collect());
    let line = |(printed, shown): (&&str, &&str)| match shown.split_once('…') {
        Some((before, after)) => {
            let rest = printed.strip_prefix(before);
            rest.is_some_and(|rest| rest.ends_with(after))
        }
        None => printed == shown,
    };
    printed.len() == shown.len() && printed.iter().zip(&shown).all(line)
}

/// A reader's shell.
#[derive(Debug)]
pub struct Shell {
    folder: PathBuf,
    url: String,
    variables: Vec<(&'static str, String)>,
}

impl Shell {
    /// A shell in this folder, with a home of its own, for a server.
    pub fn new(server: &Server, scratch: &Scratch, folder: &Path) -> Self {
        let home = scratch.join("home");
        std::fs::create_dir_all(&home).unwrap();
        let reader = "[user]\n\tname = A reader\n\temail = reader@example.com\n";
        std::fs::write(home.join(".gitconfig"), reader).unwrap();
        let mut variables = vec![
            ("HOME", home.display().to_string()),
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("LC_ALL", "C.UTF-8".to_owned()),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("npm_config_offline", "true".to_owned()),
        ];
        for name in ["KEY", "CAIRN_KEY", "CAIRN_ADMIN_KEY"] {
            variables.push((name, ADMIN_KEY.to_owned()));
        }
        Self {
            folder: folder.to_owned(),
            url: server.url(),
            variables,
        }
    }

    /// Lets a refusal end the commands, even if a page's curl does not ask for that.
    pub fn ending_at_refusals(self) -> Self {
        let home = &self.variables[0].1;
        let options = "fail\nsilent\nshow-error\n";
        std::fs::write(Path::new(home).join(".curlrc"), options).unwrap();
        self
    }

    /// Sets a variable.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Pastes blocks one after the other into one shell, and saves the blocks of TypeScript that begin
    /// with a file's name. Returns the output of each block of commands. All must succeed.
    pub fn paste(&self, blocks: &[Block]) -> Vec<String> {
        const END: &str = "\u{1e}";
        let tools = package_root().join("scripts/env.sh");
        let mut script = vec![format!(
            "exec 2>&1\nset -euo pipefail\n. {}\n",
            tools.display()
        )];
        for block in blocks {
            let text = self.for_the_server(&block.text);
            let named = text
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("// "));
            match (block.language.as_str(), named) {
                ("sh", _) => script.push(format!("{text}\nprintf '\\036'\n")),
                ("ts", Some(file)) => {
                    script.push(format!("cat > {file} <<'END_OF_FILE'\n{text}END_OF_FILE\n"));
                }
                _ => {}
            }
        }
        let script = script.concat();
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).current_dir(&self.folder);
        shell.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let output = shell.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{script}\n{said}");
        let mut said: Vec<_> = said.split(END).map(str::to_owned).collect();
        said.pop();
        said
    }

    /// The commands with the server's address in place of those that pages use.
    fn for_the_server(&self, text: &str) -> String {
        let host = self.url.trim_start_matches("http://");
        let mut text = text.replace("127.0.0.1:8787", host);
        for name in ["HOST", "cairn.example"] {
            text = text.replace(&format!("https://{name}"), &self.url).replace(
                &format!("https://x:$TOKEN@{name}"),
                &format!("http://x:$TOKEN@{host}"),
            );
        }
        text
    }
}
