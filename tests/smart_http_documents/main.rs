//! Pastes the commands of the documents, into a shell and against a server.

// Exempts this test from the lints of wire data: every surprise fails the test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod pages;
mod pasted;

use pasted::{Block, Shell, blocks_below, shows};
use support::package_root;
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server};

/// Follows the page as a reader does: saves files, pastes commands, and compares the output.
#[test]
fn a_first_platform_works_as_it_is_written() {
    let blocks = blocks_below("docs/first-platform.md", "## 1. Serve");
    assert!(
        blocks[0]
            .text
            .starts_with("CAIRN_IMPORT_ALLOW_PRIVATE=true make serve")
    );
    let server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let scratch = Scratch::new();
    // The parts of this repository's folder that the page uses.
    let root = scratch.join("cairn");
    std::fs::create_dir_all(root.join(".cairn")).unwrap();
    std::fs::write(root.join(".cairn/admin-key"), ADMIN_KEY).unwrap();
    std::os::unix::fs::symlink(package_root().join("clients"), root.join("clients")).unwrap();
    let shell = Shell::new(&server, &scratch, &root);
    let said = shell.paste(&blocks[1..]);
    compared(&blocks[1..], &said);
}

/// Runs the loop of `docs/writing.md`, by curl and in TypeScript.
#[test]
fn an_agents_whole_loop_works_as_it_is_written() {
    let server = Server::start();
    let scratch = Scratch::new();
    let blocks = blocks_below("docs/writing.md", "## An agent's whole loop");
    let (typescript, commands): (Vec<Block>, Vec<Block>) = blocks
        .into_iter()
        .filter(|block| ["sh", "ts"].contains(&block.language.as_str()))
        .partition(|block| block.language == "ts");
    let shell = Shell::new(&server, &scratch, scratch.path());
    let said = shell.paste(&commands);
    assert_eq!(said.len(), commands.len());
    let all = said.concat();
    for line in [
        "10311\n",
        "greeting.txt\n",
        "\"aheadBy\": 1",
        "merged\n",
        "restored\n",
    ] {
        assert!(all.contains(line), "{line}: {all}");
    }
    // The program also calls the function at the end.
    let mut program = "// loop.ts\n".to_owned();
    program.extend(typescript.iter().map(|block| block.text.as_str()));
    program.push_str("console.log(await append(\"one line\\n\"));\n");
    let modules = scratch.join("node_modules");
    std::fs::create_dir(&modules).unwrap();
    let client = package_root().join("clients/js");
    std::os::unix::fs::symlink(client, modules.join("cairn-client")).unwrap();
    let block = |language: &str, text: String| Block {
        language: language.to_owned(),
        text,
    };
    let run = [
        block("ts", program),
        block("sh", "node loop.ts\n".to_owned()),
    ];
    let said = shell.paste(&run).concat();
    for shown in ["greeting.txt", "fast_forward"] {
        assert!(said.contains(shown), "{shown}: {said}");
    }
}

/// Fails if a `text` block differs from the output of the commands before it.
fn compared(blocks: &[Block], said: &[String]) {
    let mut last = None;
    let mut printed = said.iter();
    for block in blocks {
        match block.language.as_str() {
            "sh" => last = printed.next(),
            "text" => {
                let said = last.unwrap();
                assert!(
                    shows(said, &block.text),
                    "shown:\n{}said:\n{said}",
                    block.text
                );
            }
            _ => {}
        }
    }
}
