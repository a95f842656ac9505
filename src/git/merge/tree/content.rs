//! One file, link or submodule of three sides merged (`handle_content_merge` of git's `merge-ort.c`).

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use super::super::super::edit::new_objects::{NewObjects, WithNew};
use super::super::super::limits::Limits;
use super::super::super::object::ObjectKind;
use super::super::super::store::{ObjectSource, ReadError, Shared};
use super::super::text::{self, Favor, Labels, MARKER_SIZE, Style, TextOptions};
use super::conflict::ConflictKind;
use super::error::{TreeMergeError, TreeMergeLimits};
use super::version::{BASE, OURS, Stage, THEIRS, Version};

/// Where git looks for a NUL, which makes a file a binary one.
const BINARY_BYTES: usize = 8000;

/// The names of the sides in markers and in paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchNames {
    /// The merge base.
    pub base: BString,
    /// The branch merged into.
    pub ours: BString,
    /// The branch merged.
    pub theirs: BString,
}

/// How contents are merged.
#[derive(Debug, Clone)]
pub(super) struct ContentOptions {
    pub names: BranchNames,
    pub favor: Favor,
    pub style: Style,
    /// How deep inside a merge of merge bases: 0 is the merge that was asked for.
    pub depth: usize,
    /// Bounds of the memory.
    pub limits: TreeMergeLimits,
}

/// The result of merging one content.
#[derive(Debug, Clone, Copy)]
pub(super) struct MergedContent {
    /// `None` where merge bases leave nothing at the path.
    pub result: Stage,
    pub is_clean: bool,
    /// Why there was no merging line by line.
    pub unmerged: Option<ConflictKind>,
}

/// The three sides of a content, and the path of each.
pub(super) struct Contents<'a> {
    pub base: Stage,
    pub ours: Version,
    pub theirs: Version,
    pub paths: [&'a [u8]; 3],
    /// By how much markers are longer than usual: they may nest.
    pub extra_marker_size: usize,
}

/// Merges a content. Both sides are files, or both links, or both submodules.
///
/// Where it fails for a cold chunk or for want of room it has changed nothing.
pub(super) fn merge(
    options: &ContentOptions,
    stored: &impl ObjectSource,
    new_objects: &mut NewObjects,
    contents: &Contents<'_>,
) -> Result<MergedContent, TreeMergeError> {
    let Contents {
        base, ours, theirs, ..
    } = *contents;
    debug_assert!(ours.is_like(theirs), "sides of one kind");
    let is_base = |version: Version| base.is_some_and(|base| base.kind == version.kind);
    let (kind, is_mode_clean) = if ours.kind == theirs.kind || is_base(ours) {
        (theirs.kind, true)
    } else {
        (ours.kind, is_base(theirs))
    };
    let base_id = base.map(|base| base.id);
    let taken = |id: ObjectId| MergedContent {
        result: Some(Version { kind, id }),
        is_clean: is_mode_clean,
        unmerged: None,
    };
    if ours.id == theirs.id || Some(ours.id) == base_id {
        return Ok(taken(theirs.id));
    }
    if Some(theirs.id) == base_id {
        return Ok(taken(ours.id));
    }
    let like_base = base.filter(|base| base.is_like(ours));
    match ours.kind {
        EntryKind::Blob | EntryKind::BlobExecutable => {
            let merged = merge_files(options, stored, new_objects, contents, like_base)?;
            Ok(MergedContent {
                result: merged.result.map(|file| Version { kind, ..file }),
                is_clean: merged.is_clean && is_mode_clean,
                ..merged
            })
        }
        EntryKind::Link => Ok(merge_links(options, base, ours, theirs)),
        EntryKind::Commit | EntryKind::Tree => {
            // Only the submodule knows whether one of two commits leads to the other.
            let result = match (options.depth, like_base) {
                (0, _) => Some(Version { kind, ..ours }),
                (_, Some(base)) => Some(Version { kind, ..base }),
                (_, None) => base,
            };
            Ok(MergedContent {
                result,
                is_clean: false,
                unmerged: None,
            })
        }
    }
}

fn merge_links(
    options: &ContentOptions,
    base: Stage,
    ours: Version,
    theirs: Version,
) -> MergedContent {
    let (result, is_clean) = match (options.depth, options.favor) {
        (0, Favor::Nobody) => (Some(ours), false),
        (0, Favor::Ours) => (Some(ours), true),
        (0, Favor::Theirs) => (Some(theirs), true),
        _ => (base, false),
    };
    MergedContent {
        result,
        is_clean,
        unmerged: None,
    }
}

/// A file's content.
enum Content {
    Text(Shared),
    Binary,
    TooLarge,
}

impl Content {
    fn as_text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(content) => Some(content),
            Self::Binary | Self::TooLarge => None,
        }
    }
}

fn read(
    new_objects: &NewObjects,
    stored: &impl ObjectSource,
    file: Stage,
) -> Result<Content, TreeMergeError> {
    let Some(Version { id, .. }) = file else {
        return Ok(Content::Text(Shared::default()));
    };
    let kind = ObjectKind::Blob;
    match WithNew::new(new_objects, stored).read(&id) {
        Ok(Some((ObjectKind::Blob, content))) => {
            let first = content.get(..BINARY_BYTES).unwrap_or(&content);
            if first.contains(&0) {
                Ok(Content::Binary)
            } else {
                Ok(Content::Text(content))
            }
        }
        Ok(_) => Err(TreeMergeError::Missing { id, kind }),
        Err(ReadError::TooLarge { .. }) => Ok(Content::TooLarge),
        Err(error) => Err(error.into()),
    }
}

/// Bytes of the versions of a text together. One that is too large to be read counts as nothing.
fn versions_bytes(
    new_objects: &NewObjects,
    stored: &impl ObjectSource,
    files: [Stage; 3],
) -> Result<u64, TreeMergeError> {
    let objects = WithNew::new(new_objects, stored);
    let mut bytes = 0_u64;
    for file in files.into_iter().flatten() {
        let size = objects.size_bytes(&file.id)?.unwrap_or(0);
        if size <= Limits::DEFAULT.control_object_bytes_max {
            bytes = bytes.saturating_add(size);
        }
    }
    Ok(bytes)
}

/// Fails if merging a text takes more than there is room for.
fn check_room(options: &ContentOptions, wanted: u64) -> Result<(), TreeMergeError> {
    let room = options.limits.text_room_bytes;
    if wanted > room {
        return Err(TreeMergeError::NoRoom { wanted, room });
    }
    Ok(())
}

fn merge_files(
    options: &ContentOptions,
    stored: &impl ObjectSource,
    new_objects: &mut NewObjects,
    contents: &Contents<'_>,
    base: Stage,
) -> Result<MergedContent, TreeMergeError> {
    let Contents { ours, theirs, .. } = *contents;
    let files = [base, Some(ours), Some(theirs)];
    let bytes = versions_bytes(new_objects, stored, files)?;
    check_room(options, text::whole_bytes(bytes))?;
    let read = |file| read(new_objects, stored, file);
    let sides = [read(base)?, read(Some(ours))?, read(Some(theirs))?];
    let [old, our, their] = &sides;
    let (Some(old), Some(our), Some(their)) = (old.as_text(), our.as_text(), their.as_text())
    else {
        let is_large = sides.iter().any(|side| matches!(side, Content::TooLarge));
        return take_whole(options, new_objects, contents, base, is_large);
    };
    let text_bytes = text::merge_bytes([old, our, their]);
    if text_bytes > options.limits.text_bytes_max {
        return take_whole(options, new_objects, contents, base, true);
    }
    check_room(options, text_bytes)?;
    let labels = Names::new(options, contents);
    let merged = text::merge(
        old,
        our,
        their,
        &TextOptions {
            style: options.style,
            favor: if options.depth == 0 {
                options.favor
            } else {
                Favor::Nobody
            },
            marker_size: MARKER_SIZE.saturating_add(contents.extra_marker_size),
            labels: labels.as_labels(),
        },
    );
    let id = new_objects.add(ObjectKind::Blob, merged.content)?;
    Ok(MergedContent {
        result: Some(Version { id, ..ours }),
        is_clean: merged.conflicts == 0,
        unmerged: None,
    })
}

/// Takes one side of a file that is not text. Among merge bases that is their base, and no conflict is
/// reported.
fn take_whole(
    options: &ContentOptions,
    new_objects: &mut NewObjects,
    contents: &Contents<'_>,
    base: Stage,
    is_large: bool,
) -> Result<MergedContent, TreeMergeError> {
    let Contents { ours, theirs, .. } = *contents;
    let unmerged = if is_large {
        ConflictKind::TooLarge
    } else {
        ConflictKind::Binary
    };
    let (id, is_clean) = match (options.depth, options.favor, base) {
        (0, Favor::Theirs, _) => (theirs.id, true),
        (0, favor, _) => (ours.id, favor == Favor::Ours),
        (_, _, Some(base)) => (base.id, true),
        (_, _, None) => (new_objects.add(ObjectKind::Blob, Vec::new())?, true),
    };
    Ok(MergedContent {
        result: Some(Version { id, ..ours }),
        is_clean,
        unmerged: (!is_clean).then_some(unmerged),
    })
}

/// The texts in the markers: the branches, and the paths where these differ.
struct Names([BString; 3]);

impl Names {
    fn new(options: &ContentOptions, contents: &Contents<'_>) -> Self {
        let BranchNames { base, ours, theirs } = &options.names;
        let [base_path, our_path, their_path] = contents.paths;
        if base_path == our_path && our_path == their_path {
            return Self([base.clone(), ours.clone(), theirs.clone()]);
        }
        let with_path = |name: &BString, path: &[u8]| {
            let mut named = name.clone();
            named.push(b':');
            named.extend_from_slice(path);
            named
        };
        Self([
            with_path(base, base_path),
            with_path(ours, our_path),
            with_path(theirs, their_path),
        ])
    }

    fn as_labels(&self) -> Labels<'_> {
        let name = |side: usize| self.0.get(side).map_or(&[][..], |name| name.as_slice());
        Labels {
            base: name(BASE),
            ours: name(OURS),
            theirs: name(THEIRS),
        }
    }
}
