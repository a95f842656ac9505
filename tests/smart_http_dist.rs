//! A release, as its user meets it: the archive of `make dist`, unpacked where there is no Rust.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic)]

use cairn_test_support as support;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use support::history::History;
use support::installed::installed;
use support::package_root;
use support::rest::Rest;
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server};
use support::tools::path_without;

/// The programs that build, and git, which serving does not need either.
const MISSING: [&str; 8] = [
    "cargo", "rustc", "rustup", "cc", "gcc", "clang", "make", "git",
];

/// Makes the archives in a folder, and says where they are: that of the server, and those of the clients in
/// JavaScript and in Python.
fn pack(folder: &Path) -> [PathBuf; 3] {
    let root = package_root();
    let output = Command::new(root.join("scripts/node"))
        .arg(root.join("scripts/dist.mjs"))
        .arg(folder)
        .env_remove("SOURCE_DATE_EPOCH")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "is it built? `make build`: {said}");
    let said = String::from_utf8_lossy(&output.stdout);
    let paths: Vec<_> = said.lines().map(PathBuf::from).collect();
    paths.try_into().unwrap()
}

/// Unpacks the archive in a folder, and says where its files are.
fn unpack(archive: &Path, folder: &Path) -> PathBuf {
    let mut tar = Command::new("tar");
    let tar = tar.arg("xzf").arg(archive).current_dir(folder);
    assert!(tar.status().unwrap().success());
    folder.join(concat!("cairn-", env!("CARGO_PKG_VERSION")))
}

/// The server of a release, ended with this value.
struct Released {
    child: Child,
    url: String,
}

impl Released {
    /// Starts it on a free port, its standard error in a file.
    fn start(release: &Path, path: &OsStr, log: &Path) -> Self {
        let mut child = Command::new(release.join("serve"))
            .arg("--until-stdin-closes")
            .env("PATH", path)
            .env("PORT", "0")
            .env("CAIRN_ADMIN_KEY", ADMIN_KEY)
            .env_remove("STATE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(log).unwrap())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let url = lines.find_map(|line| line.strip_prefix("ready on ").map(str::to_owned));
        let url = url.unwrap_or_else(|| panic!("{}", std::fs::read_to_string(log).unwrap()));
        Self { child, url }
    }
}

impl Drop for Released {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The output of `wrangler deploy --dry-run`; it warns of nothing.
fn dry_run(mut wrangler: Command, release: &Path) {
    let output = wrangler
        .args(["deploy", "--dry-run", "--config"])
        .arg(release.join("wrangler.toml"))
        .env_remove("CLOUDFLARE_ENV")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = said + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("--dry-run: exiting now."), "{said}");
    assert!(!said.contains("WARNING"), "{said}");
}

#[test]
fn a_release_serves_and_deploys_without_rust() {
    let scratch = Scratch::new();
    let [server, ..] = pack(scratch.path());
    let release = unpack(&server, scratch.path());
    assert!(release.join("openapi-3.0.json").exists());
    let path = path_without(&MISSING, &scratch);
    let mut cargo = Command::new("sh");
    let cargo = cargo.args(["-c", "command -v cargo"]).env("PATH", &path);
    assert!(!cargo.output().unwrap().status.success());

    let log = scratch.join("log");
    let source = scratch.repository("source");
    History::small(3).make(&source);
    let server = Released::start(&release, &path, &log);
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.contains("git is not installed here"), "{said}");
    let hosted = Rest::new(&server.url, Some(ADMIN_KEY)).create_repository("dist", "first");
    source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    drop(server);

    // The data is there again, and the second start installs nothing.
    let server = Released::start(&release, &path, &log);
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(!said.contains("installing"), "{said}");
    // It listens on another port now.
    let (_, path_of_it) = hosted.remote.split_once("/git/").unwrap();
    let host = server.url.trim_start_matches("http://");
    let url = format!("http://x:{}@{host}/git/{path_of_it}", hosted.token);
    let clone = scratch.clone(&url, "clone", &["--mirror"]);
    assert_eq!(clone.refs(), source.refs());

    let mut wrangler = Command::new(release.join("wrangler"));
    wrangler.env("PATH", &path);
    dry_run(wrangler, &release);
}

#[test]
fn a_deployment_without_an_environment_is_warned_of_nothing() {
    let scratch = Scratch::new();
    let [server, ..] = pack(scratch.path());
    let release = unpack(&server, scratch.path());
    dry_run(
        Command::new(package_root().join("scripts/wrangler")),
        &release,
    );
}

#[test]
fn the_same_build_gives_the_same_archive() {
    let (one, other) = (Scratch::new(), Scratch::new());
    let read =
        |scratch: &Scratch| pack(scratch.path()).map(|archive| std::fs::read(archive).unwrap());
    assert!(read(&one) == read(&other), "the archives differ");
}

/// `npm install` takes the archive without a registry, and the installed package can be imported.
#[test]
fn the_client_can_be_installed() {
    let scratch = Scratch::new();
    let [_, client, _] = pack(scratch.path());
    let project = scratch.join("project");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("package.json"), r#"{"type": "module"}"#).unwrap();
    let mut npm = Command::new("npm");
    let npm = npm.args(["install", "--offline", "--no-audit", "--no-fund"]);
    let npm = npm.arg(&client).current_dir(&project).output().unwrap();
    assert!(
        npm.status.success(),
        "{}",
        String::from_utf8_lossy(&npm.stderr)
    );
    let program = "import { artifacts, verifyWebhook } from 'cairn-client';\n\
         console.log(typeof artifacts, typeof verifyWebhook);";
    std::fs::write(project.join("program.js"), program).unwrap();
    let mut node = Command::new(package_root().join("scripts/node"));
    let said = node
        .arg("program.js")
        .current_dir(&project)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "function function\n");
    // The files that npm itself would pack are in it too.
    let mut packed = Command::new("npm");
    let packed = packed.args(["pack", "--dry-run", "--json", "--ignore-scripts"]);
    let packed = packed
        .current_dir(package_root().join("clients/js"))
        .output()
        .unwrap();
    let packed: serde_json::Value = serde_json::from_slice(&packed.stdout).unwrap();
    let packed = packed
        .pointer("/0/files")
        .and_then(|files| files.as_array())
        .unwrap();
    for file in packed {
        let file = file["path"].as_str().unwrap();
        let installed = project.join("node_modules/cairn-client").join(file);
        assert!(installed.exists(), "{file}");
    }
}

/// pip takes the wheel without an index, and a program uses the installed package.
#[test]
fn the_python_client_can_be_installed_and_used() {
    let Ok(python) = installed("python") else {
        return;
    };
    let (server, scratch) = (Server::start(), Scratch::new());
    let [_, _, wheel] = pack(scratch.path());
    let run = |program: &Path, arguments: &[&OsStr]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(scratch.path());
        command
            .env("HOME", scratch.path())
            .env("NO_PROXY", "127.0.0.1");
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "{command:?}: {said}");
        said
    };
    let (python, own) = (python.join("bin/python"), scratch.join("venv"));
    run(&python, &["-m".as_ref(), "venv".as_ref(), own.as_ref()]);
    let install = ["install", "--quiet", "--no-index"].map(OsStr::new);
    run(
        &own.join("bin/pip"),
        &[&install[..], &[wheel.as_ref()]].concat(),
    );
    let program = package_root().join("tests/clients/python_client.py");
    let url = server.url();
    let arguments = [program.as_ref(), url.as_ref(), ADMIN_KEY.as_ref()];
    let said = run(&own.join("bin/python"), &arguments);
    assert!(said.contains("the python client did its day"), "{said}");
    // Its types are those of the description.
    let types = package_root().join("clients/python/make_types.py");
    run(&python, &[types.as_ref(), "--check".as_ref()]);
}
