//! A host other than real git: Dulwich, Git in Python, with its own server. It speaks only the first
//! protocol, and knows no filters.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::installed::installed;
use crate::support::package_root;
use crate::support::scratch::Scratch;
use crate::support::server::Server;
use crate::{PRIVATE, mirrored, settle};

/// A running server for the repositories below a folder.
struct Dulwich {
    process: Child,
    port: String,
}

impl Dulwich {
    fn serve(scratch: &Scratch) -> Result<Self, String> {
        let python = installed("python")?.join("bin/python");
        let mut process = Command::new(python)
            .arg(package_root().join("tests/clients/dulwich_server.py"))
            .arg(scratch.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python runs");
        let mut port = String::new();
        let printed = process.stdout.take().expect("it is piped");
        BufReader::new(printed)
            .read_line(&mut port)
            .expect("it says its port");
        Ok(Self {
            process,
            port: port.trim().to_owned(),
        })
    }
}

impl Drop for Dulwich {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn a_host_that_is_git_in_python_is_followed_and_follows() {
    let scratch = Scratch::new();
    scratch
        .git()
        .run(&["init", "--quiet", "--bare", "-b", "main", "there.git"]);
    let work = scratch.repository("work");
    for number in 0..5 {
        work.write("a", format!("{number}\n").repeat(1000));
        work.commit(&format!("number {number}"));
    }
    work.run(&["tag", "-a", "-m", "a tag", "v1"]);
    work.run(&["push", "--quiet", "../there.git", "main", "v1"]);
    let dulwich = match Dulwich::serve(&scratch) {
        Ok(dulwich) => dulwich,
        Err(reason) => {
            println!("skipped, dulwich is not here: {reason}");
            return;
        }
    };
    let server = Server::start_with(&[PRIVATE]);
    let rest = server.rest();
    let hosted = rest.create_repository("both-ways", "dulwich");
    let url = format!("http://127.0.0.1:{}/there.git", dulwich.port);
    let downstream = mirrored(&rest, &hosted, &url);
    settle(&rest, &hosted, &downstream);
    let there = scratch.git_in("there.git");
    assert_eq!(
        work.remote_refs(&hosted.url()),
        work.remote_refs("../there.git")
    );

    // A push here reaches the host, and a sync fetches a push there.
    work.write("b", "of this side\n");
    work.commit("here");
    work.run(&[
        "push",
        "--quiet",
        &hosted.url(),
        "main",
        "main:refs/heads/more",
    ]);
    settle(&rest, &hosted, &downstream);
    assert_eq!(
        there.run(&["rev-parse", "main", "more"]),
        work.run(&["rev-parse", "main", "main"])
    );
    there.fsck_strict();
    work.write("b", "of the other side\n");
    work.commit("there");
    work.run(&["push", "--quiet", "../there.git", "main"]);
    settle(&rest, &hosted, &downstream);
    assert_eq!(
        work.remote_refs(&hosted.url()),
        work.remote_refs("../there.git")
    );
    let shown = rest.get(&hosted.path("/upstream")).result(200);
    assert_eq!(shown["last_error"], Value::Null, "{shown}");
}
