//! Objects: fsck and the facts that walks rely on, on any bytes.
#![no_main]

use cairn::git::object::fsck::{self, Special, Strictness};
use cairn::git::object::{ObjectKind, facts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let kinds = [
        ObjectKind::Commit,
        ObjectKind::Tree,
        ObjectKind::Tag,
        ObjectKind::Blob,
    ];
    for kind in kinds {
        let mut findings = 0_usize;
        let mut report = |_| findings += 1;
        fsck::check(kind, content, Strictness::Lenient, &mut report, &mut |_, _| {});
        assert!(findings <= content.len() + 20, "{findings} findings");
    }
    for special in [Special::Gitmodules, Special::Gitattributes] {
        fsck::check_special(special, content, &mut |_| {});
    }
    let _ = facts::commit(content);
    let _ = facts::tag(content);
    let entries = facts::tree_entries(content).count();
    // A mode, a name, a NUL and an id: 24 bytes at least, and an error ends the walk.
    assert!(entries <= content.len() / 24 + 1, "{entries} entries");
});
