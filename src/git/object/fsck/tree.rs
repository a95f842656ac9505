//! The check of a tree (git's `fsck_tree`).

use cairn_common_prefix::common_prefix;
use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice;
use smallvec::SmallVec;

use super::dotgit::{self, GITATTRIBUTES, GITIGNORE, GITMODULES, MAILMAP};
use super::finding::{Finding, MessageId, Special};
use crate::git::object::facts::{self, Mode, TreeEntry};

/// Bytes of a name that git still finds reasonable.
const NAME_BYTES_MAX: usize = 4096;

/// Reports each message at most once, whereas git repeats those about symbolic links.
pub(super) fn check(
    content: &[u8],
    report: &mut impl FnMut(Finding),
    special: &mut impl FnMut(Special, ObjectId),
) {
    let mut flaws = Flaws::default();
    let mut order = Order::default();
    let mut entries = facts::tree_entries(content);
    let mut zero_padded = content.starts_with(b"0");
    let mut next = entries.next();
    while let Some(decoded) = next {
        let Ok(entry) = decoded else {
            flaws.bad_tree = true;
            break;
        };
        flaws.zero_padded_filemode |= zero_padded;
        flaws.see_name(&entry, special);

        // Git decodes the next entry before it looks at this one's mode and place.
        zero_padded = entries.rest().starts_with(b"0");
        next = entries.next();
        if matches!(next, Some(Err(_))) {
            continue;
        }
        flaws.bad_filemode |= !is_standard(entry.mode);
        order.see(entry.name, entry.mode);
    }
    flaws.tree_not_sorted = order.unsorted;
    flaws.duplicate_entries = order.duplicates;
    flaws.report(report);
}

/// One of the five modes that git writes.
fn is_standard(mode: Mode) -> bool {
    matches!(
        mode.0,
        0o100_644 | 0o100_755 | 0o120_000 | 0o040_000 | 0o160_000
    )
}

/// Declares [`Flaws`], a flag for each message about a tree.
macro_rules! flaws {
    ($($flag:ident $id:ident $detail:literal,)*) => {
        /// The defects of the tree, found over all entries.
        #[derive(Default)]
        #[allow(clippy::struct_excessive_bools)] // one for each message
        struct Flaws {
            $($flag: bool,)*
        }

        impl Flaws {
            fn report(&self, report: &mut impl FnMut(Finding)) {
                $(if self.$flag {
                    report(Finding::new(MessageId::$id, $detail));
                })*
            }
        }
    };
}

// In the order in which git reports them.
flaws! {
    gitmodules_symlink GitmodulesSymlink ".gitmodules is a symbolic link",
    gitattributes_symlink GitattributesSymlink ".gitattributes is a symlink",
    gitignore_symlink GitignoreSymlink ".gitignore is a symlink",
    mailmap_symlink MailmapSymlink ".mailmap is a symlink",
    bad_tree BadTree "cannot be parsed as a tree",
    null_sha1 NullSha1 "contains entries pointing to null sha1",
    full_pathname FullPathname "contains full pathnames",
    has_dot HasDot "contains '.'",
    has_dotdot HasDotdot "contains '..'",
    has_dotgit HasDotgit "contains '.git'",
    zero_padded_filemode ZeroPaddedFilemode "contains zero-padded file modes",
    bad_filemode BadFilemode "contains bad file modes",
    duplicate_entries DuplicateEntries "contains duplicate file entries",
    tree_not_sorted TreeNotSorted "not properly sorted",
    large_pathname LargePathname "contains excessively large pathname",
}

impl Flaws {
    fn see_name(&mut self, entry: &TreeEntry<'_>, special: &mut impl FnMut(Special, ObjectId)) {
        let name: &[u8] = entry.name;
        self.null_sha1 |= entry.id.is_null();
        self.large_pathname |= name.len() > NAME_BYTES_MAX;
        if name
            .first()
            .is_some_and(|first| dotgit::may_be_special(*first))
        {
            self.see_special_name(entry, special);
        }
        if name.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
            self.full_pathname |= name.contains(&b'/');
            self.see_backslashes(entry, special);
        }
    }

    fn see_special_name(
        &mut self,
        entry: &TreeEntry<'_>,
        special: &mut impl FnMut(Special, ObjectId),
    ) {
        let name: &[u8] = entry.name;
        self.has_dot |= name == b".";
        self.has_dotdot |= name == b"..";
        self.has_dotgit |= dotgit::is_dotgit(name);
        if GITMODULES.is_meant_by(name) {
            self.see_gitmodules(entry, special);
        }
        if GITATTRIBUTES.is_meant_by(name) {
            if entry.mode.is_symlink() {
                self.gitattributes_symlink = true;
            } else {
                special(Special::Gitattributes, entry.id.to_owned());
            }
        }
        if entry.mode.is_symlink() {
            self.gitignore_symlink |= GITIGNORE.is_meant_by(name);
            self.mailmap_symlink |= MAILMAP.is_meant_by(name);
        }
    }

    /// NTFS takes a backslash for a slash, so each part of the name counts by itself.
    fn see_backslashes(
        &mut self,
        entry: &TreeEntry<'_>,
        special: &mut impl FnMut(Special, ObjectId),
    ) {
        let name: &[u8] = entry.name;
        let mut is_gitmodules = false;
        for at in name.find_iter(b"\\") {
            let part = at
                .checked_add(1)
                .and_then(|start| name.get(start..))
                .unwrap_or_default();
            self.has_dotgit |= dotgit::is_ntfs_dotgit(part);
            is_gitmodules |= GITMODULES.is_meant_on_ntfs_by(part);
        }
        if is_gitmodules {
            self.see_gitmodules(entry, special);
        }
    }

    fn see_gitmodules(
        &mut self,
        entry: &TreeEntry<'_>,
        special: &mut impl FnMut(Special, ObjectId),
    ) {
        if entry.mode.is_symlink() {
            self.gitmodules_symlink = true;
        } else {
            special(Special::Gitmodules, entry.id.to_owned());
        }
    }
}

/// Whether entries are in order and no name comes twice (git's `verify_ordered`).
#[derive(Default)]
struct Order<'a> {
    previous: Option<(&'a [u8], Mode)>,
    /// Files whose name may yet come again as a directory's. A directory's name sorts as if it
    /// ended with a slash, so between `foo` and `foo/` there may be `foo.bar`. Each name is pushed
    /// once, and put back at most once for each directory, so the time is linear.
    candidates: SmallVec<[&'a [u8]; 16]>,
    unsorted: bool,
    duplicates: bool,
}

impl<'a> Order<'a> {
    fn see(&mut self, name: &'a [u8], mode: Mode) {
        let Some((name1, mode1)) = self.previous.replace((name, mode)) else {
            return;
        };
        let common = common_prefix(name1, name);
        let tail1 = name1.get(common..).unwrap_or_default();
        let tail2 = name.get(common..).unwrap_or_default();
        if let (Some(byte1), Some(byte2)) = (tail1.first(), tail2.first()) {
            self.unsorted |= byte1 > byte2;
            return;
        }
        if tail1.is_empty() && tail2.is_empty() {
            self.duplicates = true;
            return;
        }
        let next1 = tail1.first().copied().unwrap_or(end_of_name(mode1));
        let next2 = tail2.first().copied().unwrap_or(end_of_name(mode));
        if next1 == 0 && is_less_than_slash(next2) {
            self.candidates.push(name1);
        } else if next2 == b'/' && is_less_than_slash(next1) {
            self.duplicates |= self.takes_candidate(name);
        }
        self.unsorted |= next1 >= next2;
    }

    /// A file of this directory's name came before.
    fn takes_candidate(&mut self, directory: &[u8]) -> bool {
        while let Some(file) = self.candidates.pop() {
            match directory.strip_prefix(file) {
                Some([]) => return true,
                Some([next, ..]) if is_less_than_slash(*next) => {
                    self.candidates.push(file);
                    return false;
                }
                None | Some(_) => {}
            }
        }
        false
    }
}

/// The byte after the name, for a comparison of names.
fn end_of_name(mode: Mode) -> u8 {
    if mode.is_tree() { b'/' } else { 0 }
}

fn is_less_than_slash(byte: u8) -> bool {
    0 < byte && byte < b'/'
}
