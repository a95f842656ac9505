//! Machines that lack some tools.

use std::ffi::OsString;
use std::os::unix::fs::symlink;

use super::scratch::Scratch;

/// A `PATH` of one folder in `scratch`: links to every command of this machine but those `missing`.
pub fn path_without(missing: &[&str], scratch: &Scratch) -> OsString {
    let folder = scratch.join("bin");
    std::fs::create_dir(&folder).unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    for from in std::env::split_paths(&path) {
        for command in std::fs::read_dir(from).into_iter().flatten() {
            let command = command.unwrap();
            let name = command.file_name();
            if missing.iter().all(|missing| name != *missing) {
                // The first of a name counts, as in `PATH` itself.
                let _ = symlink(command.path(), folder.join(name));
            }
        }
    }
    folder.into_os_string()
}
