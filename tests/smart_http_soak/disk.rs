//! A disk that is full for a while: no file may then grow beyond a size, and no write may go past it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::support::package_root;
use super::support::scratch::Scratch;

/// Bytes of a file that may be written while the disk is full: fewer than any database has.
const FULL: &str = "8192";

/// The limits of the running workerd.
#[derive(Debug)]
pub struct Disk {
    process: PathBuf,
}

impl Disk {
    /// The disk, and the program to run as workerd.
    pub fn new(scratch: &Scratch) -> (Self, &'static str) {
        let process = scratch.join("workerd.pid");
        let workerd = package_root().join("node_modules/@cloudflare/workerd-linux-64/bin/workerd");
        let program = scratch.join("workerd");
        let text = format!(
            "#!/usr/bin/env bash\necho $$ > '{}'\ntrap '' XFSZ\nexec '{}' \"$@\"\n",
            process.display(),
            workerd.display()
        );
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        (Self { process }, program.display().to_string().leak())
    }

    pub fn fill(&self) {
        self.limit(FULL);
    }

    pub fn free(&self) {
        self.limit("unlimited");
    }

    fn limit(&self, bytes: &str) {
        let process = std::fs::read_to_string(&self.process).unwrap();
        let mut prlimit = Command::new("prlimit");
        // Sets only the soft limit: without privileges nobody can raise the hard limit again.
        prlimit.arg(format!("--fsize={bytes}:"));
        prlimit.args(["--pid", process.trim()]);
        assert!(prlimit.status().unwrap().success());
    }
}
