//! `.lfsconfig`: the file in a repository that may name another server of Git LFS than that of the
//! remote itself (git-lfs-config(5)). It is written as Git's configuration files are; only settings that name
//! a server are read.

use super::super::attempt::Attempt;
use super::super::error::ImportError;
use crate::git::config;
use crate::git::content::lookup::{self, Found};
use crate::git::object::ObjectKind;
use crate::git::store::ObjectSource as _;

/// Bytes of the file that are read at most.
const CONFIG_BYTES_MAX: u64 = 64 << 10;

const FILE: &[u8] = b".lfsconfig";

/// The server that the file names: by `lfs.url` or, where that is not set, by
/// `remote.origin.lfsurl`. The last of several counts. In a file that git does not read to its end, the
/// settings before the fault count.
fn server(file: &[u8]) -> Option<String> {
    let (mut url, mut remote_url) = (None, None);
    let _ = config::parse(file, |setting| {
        let named = match (setting.header, setting.key) {
            (b"lfs.", b"url") => &mut url,
            (b"remote.origin.", b"lfsurl") => &mut remote_url,
            _ => return,
        };
        let value = setting.value.unwrap_or_default();
        *named = Some(String::from_utf8_lossy(value).into_owned());
    });
    url.or(remote_url)
}

impl Attempt {
    /// The server that the file at HEAD names.
    pub(super) fn configured_server(&self) -> Result<Option<String>, ImportError> {
        let head = self.store.head()?;
        let Some(found) = self.store.find_ref(head.as_ref())? else {
            return Ok(None);
        };
        let packs = self.live()?;
        let Some((tree_id, _)) = lookup::peel(&packs, found.target, ObjectKind::Tree)? else {
            return Ok(None);
        };
        let Some(Found { id, .. }) = lookup::entry(&packs, tree_id, FILE)? else {
            return Ok(None);
        };
        let is_small = packs
            .size_bytes(&id)?
            .is_some_and(|bytes| bytes <= CONFIG_BYTES_MAX);
        let read = if is_small { packs.read(&id)? } else { None };
        let blob = read.filter(|(kind, _)| *kind == ObjectKind::Blob);
        Ok(blob.and_then(|(_, content)| server(&content)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_a_server_as_git_lfs_reads_it() {
        for (config, named) in [
            ("", None),
            ("[lfs]\n\tfetchexclude = x\n", None),
            (
                "[lfs]\n\turl = https://a.example/x\n",
                Some("https://a.example/x"),
            ),
            (
                "[LFS]\r\nURL=\"https://a.example/x\" ; there\r\n",
                Some("https://a.example/x"),
            ),
            (
                "[lfs]\nurl = https://a.example/x # there\n",
                Some("https://a.example/x"),
            ),
            ("[lfs \"x\"]\nurl = https://a.example/x\n", None),
            ("# [lfs]\nurl = https://a.example/x\n", None),
            (
                "[lfs]\nurl = https://a.example/1\n[lfs]\nurl = https://a.example/2\n",
                Some("https://a.example/2"),
            ),
            (
                "[remote \"origin\"]\nlfsurl = https://b.example/x\n",
                Some("https://b.example/x"),
            ),
            ("[remote \"other\"]\nlfsurl = https://b.example/x\n", None),
            (
                "[remote \"origin\"]\nlfsurl = https://b.example/x\n[lfs]\nurl = https://a.example/x\n",
                Some("https://a.example/x"),
            ),
        ] {
            assert_eq!(server(config.as_bytes()).as_deref(), named, "{config}");
        }
    }
}
