//! A disk that is full for a while: files may then not grow beyond a size, nor be written behind it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use super::support::package_root;
use super::support::scratch::Scratch;

/// So many bytes of a file may be written while the disk is full: less than any database has.
const FULL: &str = "8192";

/// The limits of the running workerd.
#[derive(Debug)]
pub struct Disk {
    process: PathBuf,
}

impl Disk {
    /// The disk, and the program that is to be run as workerd.
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
        // The soft limit alone: who has no rights cannot raise the hard one again.
        prlimit.arg(format!("--fsize={bytes}:"));
        prlimit.args(["--pid", process.trim()]);
        assert!(prlimit.status().unwrap().success());
    }
}
