//! The programs that `scripts/install-clients.sh` installed, outside the package.

use std::path::{Path, PathBuf};

/// The folder of an installed part, or the message of `scripts/install-clients.sh` about it.
pub fn installed(part: &str) -> Result<PathBuf, String> {
    let folder = folder().join(part);
    if folder.join(".installed").exists() {
        return Ok(folder);
    }
    let reason = std::fs::read_to_string(folder.with_extension("missing"));
    Err(reason.map_or_else(
        |_| "not installed: scripts/install-clients.sh does that".to_owned(),
        |reason| reason.trim().to_owned(),
    ))
}

/// Where `scripts/install-clients.sh` installs.
pub fn folder() -> PathBuf {
    let home = || Path::new(&std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty());
    cache.map_or_else(home, PathBuf::from).join("cairn/clients")
}
