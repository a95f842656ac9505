//! Clients that generators make from the server's own description: made without a warning, compiled as
//! strictly as their language can, and used.

#![allow(clippy::panic, reason = "a panic is how a test fails")]

use cairn_test_support as support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
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

/// The first build compiles some 200 crates, so it is run by hand: `cargo test --test smart_http_generators -- --ignored`.
#[test]
#[ignore = "takes minutes: progenitor and an HTTP client are compiled"]
fn a_client_in_rust() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let description = scratch.join("openapi-3.0.json");
    write_older(&description);
    let target = package_root().join("target/progenitor");
    let manifest = package_root().join("tests/clients/progenitor/Cargo.toml");
    // Its code may have no warning either: the crate forbids them.
    done(
        Command::new("cargo")
            .args(["build", "--locked", "--quiet", "--manifest-path"])
            .arg(manifest)
            .env("DESCRIPTION", &description)
            .env("CARGO_TARGET_DIR", &target),
    );
    let said = done(
        Command::new(target.join("debug/progenitor-client-day"))
            .args([&server.url(), ADMIN_KEY])
            .current_dir(scratch.path()),
    );
    assert!(
        said.contains("the client by progenitor did its day"),
        "{said}"
    );
}

#[test]
fn both_descriptions_are_valid_and_so_are_their_examples() {
    let Ok(packages) = installed("npm") else {
        return;
    };
    let (server, scratch) = (support::server::server(), Scratch::new());
    write_description(server, scratch.path());
    write_older(&scratch.join("openapi-3.0.json"));
    let said = done(
        node(scratch.path())
            .arg(package_root().join("tests/clients/lint_description.mjs"))
            .arg(packages.join("node_modules"))
            .args(["openapi.json", "openapi-3.0.json"]),
    );
    assert_eq!(said.matches(": looked at").count(), 2, "{said}");
}

#[test]
fn the_older_description_has_each_operation_and_each_schema() {
    let scratch = Scratch::new();
    let path = scratch.join("openapi-3.0.json");
    write_older(&path);
    let read = |path: &Path| -> Value {
        let text = std::fs::read(path).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{error}"))
    };
    let older = read(&path);
    let newer = read(&package_root().join("src/worker/rest/openapi.json"));
    assert_eq!(older["openapi"], "3.0.3");
    assert!(operations(&newer).len() > 90);
    assert_eq!(operations(&older), operations(&newer));
    let schemas = |description: &Value| {
        let schemas = description["components"]["schemas"].as_object().cloned();
        schemas
            .unwrap_or_default()
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
    };
    assert_eq!(schemas(&older), schemas(&newer));
}

/// The ids of the operations, with their paths.
fn operations(description: &Value) -> Vec<(String, String)> {
    let paths = description["paths"].as_object().into_iter().flatten();
    let each = paths.flat_map(|(path, item)| {
        let operations = item.as_object().into_iter().flatten();
        operations
            .filter_map(|(_, one)| Some((path.clone(), one["operationId"].as_str()?.to_owned())))
    });
    each.collect()
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

/// Writes the description in OpenAPI 3.0, which is made from the server's own.
fn write_older(file: &Path) {
    let script = package_root().join("scripts/openapi-3.0.mjs");
    done(node(&package_root()).arg(script).arg(file));
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
