//! `.lfsconfig`: the file in a repository that may name another server of Git LFS than that of the
//! remote itself (git-lfs-config(5)). It is written as Git's configuration files are; only what
//! names a server is read.

use super::super::attempt::Attempt;
use super::super::error::ImportError;
use crate::git::content::lookup::{self, Found};
use crate::git::object::ObjectKind;
use crate::git::store::ObjectSource as _;

/// Bytes of the file that are read at most.
const CONFIG_BYTES_MAX: u64 = 64 << 10;

const FILE: &[u8] = b".lfsconfig";

/// The server that the file names: by `lfs.url` or, where that is not set, by
/// `remote.origin.lfsurl`. The last of several counts.
fn server(config: &str) -> Option<String> {
    let (mut section, mut url, mut remote_url) = (String::new(), None, None);
    for line in config.lines() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            let words: Vec<_> = header.split_whitespace().collect();
            section = match words.as_slice() {
                [name] => name.to_ascii_lowercase(),
                [name, subsection] => format!("{} {subsection}", name.to_ascii_lowercase()),
                _ => String::new(),
            };
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim().to_ascii_lowercase();
        match (section.as_str(), key.as_str()) {
            ("lfs", "url") => url = Some(unquoted(value)),
            (r#"remote "origin""#, "lfsurl") => remote_url = Some(unquoted(value)),
            _ => {}
        }
    }
    url.or(remote_url)
}

/// A value without quotes and without a comment behind it. A URL needs no escapes.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    if let Some(quoted) = value.strip_prefix('"') {
        return quoted.split('"').next().unwrap_or_default().to_owned();
    }
    let end = value.find([' ', '\t', ';', '#']).unwrap_or(value.len());
    value.get(..end).unwrap_or_default().to_owned()
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
        Ok(blob.and_then(|(_, content)| server(&String::from_utf8_lossy(&content))))
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
            assert_eq!(server(config).as_deref(), named, "{config}");
        }
    }
}
