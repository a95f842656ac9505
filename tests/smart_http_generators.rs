//! Clients that generators make from the server's own description: made without a warning, compiled as
//! strictly as their language can, and used.

#![allow(clippy::panic, reason = "a panic is how a test fails")]

use cairn_test_support as support;

use std::path::Path;
use std::process::Command;

use support::installed::{folder, installed};
use support::package_root;
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server};

#[test]
fn a_client_in_python() {
    let Ok(generators) = installed("generators") else {
        return;
    };
    let (server, scratch) = (Server::start(), Scratch::new());
    write_description(&server, scratch.path());
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", generators.join("bin").display());
    let said = done(
        Command::new(generators.join("bin/openapi-python-client"))
            .args(["generate", "--path", "openapi.json"])
            .args(["--output-path", "client", "--fail-on-warning"])
            // It formats its output by ruff.
            .env("PATH", path)
            .env("HOME", scratch.path())
            .current_dir(scratch.path()),
    );
    assert!(!said.to_lowercase().contains("warning"), "{said}");
    let python = generators.join("bin/python");
    done(
        Command::new(&python)
            .args(["-W", "error", "-m", "compileall", "-q", "client"])
            .current_dir(scratch.path()),
    );
    let said = done(
        Command::new(&python)
            .arg(package_root().join("tests/clients/generated.py"))
            .args([&server.url(), ADMIN_KEY])
            .env("PYTHONPATH", scratch.join("client"))
            .env("NO_PROXY", "127.0.0.1")
            .env("HOME", scratch.path())
            .current_dir(scratch.path()),
    );
    assert!(said.contains("the generated client did its day"), "{said}");
}

#[test]
fn a_client_in_typescript() {
    let Ok(packages) = installed("npm") else {
        return;
    };
    let (server, scratch) = (Server::start(), Scratch::new());
    write_description(&server, scratch.path());
    let modules = packages.join("node_modules");
    std::os::unix::fs::symlink(&modules, scratch.join("node_modules"))
        .unwrap_or_else(|error| panic!("{error}"));
    let written = std::fs::write(scratch.join("package.json"), r#"{"type": "module"}"#);
    written.unwrap_or_else(|error| panic!("{error}"));
    let program = package_root().join("tests/clients/generated.ts");
    let copied = std::fs::copy(program, scratch.join("generated.ts"));
    copied.unwrap_or_else(|error| panic!("{error}"));
    let said = done(
        node(scratch.path())
            .arg(modules.join("openapi-typescript/bin/cli.js"))
            .args(["openapi.json", "--output", "api.d.ts"]),
    );
    assert!(
        !said.contains("⚠") && !said.to_lowercase().contains("warn"),
        "{said}"
    );
    // The declarations of Node for `node:assert` and `process` are not part of these packages.
    let declarations = "declare module \"node:assert\" { export const strict: {\n\
         ok(value: unknown, message?: string): asserts value;\n\
         equal(actual: unknown, expected: unknown): void;\n\
         deepEqual(actual: unknown, expected: unknown): void;\n\
         }; }\n\
         declare const process: { argv: string[] };\n";
    let written = std::fs::write(scratch.join("node.d.ts"), declarations);
    written.unwrap_or_else(|error| panic!("{error}"));
    done(
        node(scratch.path())
            .arg(modules.join("typescript/bin/tsc"))
            .args([
                "--strict",
                "--exactOptionalPropertyTypes",
                "--noUncheckedIndexedAccess",
            ])
            .args([
                "--module",
                "NodeNext",
                "--target",
                "ES2022",
                "--lib",
                "ES2023,DOM,DOM.Iterable",
            ])
            .args(["node.d.ts", "generated.ts"]),
    );
    let said = done(
        node(scratch.path())
            .arg("generated.js")
            .args([&server.url(), ADMIN_KEY])
            .env("NO_PROXY", "127.0.0.1"),
    );
    assert!(said.contains("the typed client did its day"), "{said}");
}

/// The run says what it has passed over.
#[test]
fn the_run_says_which_generators_are_missing() {
    for part in ["generators", "npm"] {
        if let Err(reason) = installed(part) {
            eprintln!(
                "generators: {part} skipped: {reason} ({})",
                folder().display()
            );
        }
    }
}

fn write_description(server: &Server, folder: &Path) {
    let description = server.rest().anonymous().get("/api/v1/openapi.json");
    assert_eq!(description.status, 200);
    let written = std::fs::write(folder.join("openapi.json"), &description.body);
    written.unwrap_or_else(|error| panic!("{error}"));
}

fn node(folder: &Path) -> Command {
    let mut node = Command::new(package_root().join("scripts/node"));
    node.env("HOME", folder).current_dir(folder);
    node
}

/// Runs a command that must succeed. Returns its output.
fn done(command: &mut Command) -> String {
    let output = command.output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}:\n{said}");
    said
}
