//! The check of a `.gitmodules` blob, against submodules that attack clients that clone them
//! (CVE-2018-11235, CVE-2018-17456, CVE-2020-11008, CVE-2019-19604).

use super::config::{self, Setting};
use super::finding::{Finding, MessageId};
use super::submodule_url;
use crate::git::config::ParseError;

/// Reports the faults that git refuses in a `.gitmodules` file.
///
/// A bad name is reported once for its section, whereas git repeats it for each setting in it.
pub(crate) fn check_gitmodules(content: &[u8], report: &mut impl FnMut(Finding)) {
    if let Err(ParseError) = config::parse_submodules(content, |setting| check(&setting, report)) {
        report(Finding::new(
            MessageId::GitmodulesParse,
            "could not parse gitmodules blob",
        ));
    }
}

fn check(setting: &Setting<'_>, report: &mut impl FnMut(Finding)) {
    if setting.is_first && !is_safe_name(setting.name) {
        let what = "disallowed submodule name";
        report(Finding::about(
            MessageId::GitmodulesName,
            what,
            setting.name,
        ));
    }
    let Some(value) = setting.value else {
        return;
    };
    let flaw = match setting.key {
        b"url" if !submodule_url::is_safe(value) => {
            Some((MessageId::GitmodulesUrl, "disallowed submodule url"))
        }
        b"path" if value.starts_with(b"-") => {
            Some((MessageId::GitmodulesPath, "disallowed submodule path"))
        }
        b"update" if value.starts_with(b"!") => Some((
            MessageId::GitmodulesUpdate,
            "disallowed submodule update setting",
        )),
        _ => None,
    };
    if let Some((id, what)) = flaw {
        report(Finding::about(id, what, value));
    }
}

/// The name is the path of the submodule's repository below `.git/modules`: it must not climb
/// out, on any system.
fn is_safe_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name
            .split(|byte| matches!(byte, b'/' | b'\\'))
            .all(|part| part != b"..")
}
