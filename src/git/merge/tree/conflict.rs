//! The conflicts of a merge.

use gix_object::bstr::BString;

use super::version::Version;

/// A conflict by its kind, with the paths that take part in it. The first one is the one that it is
/// about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The kind of conflict.
    pub kind: ConflictKind,
    /// The paths.
    pub paths: Vec<BString>,
}

/// The kind of a conflict (`enum conflict_and_info_types` of git's `merge-ort.c`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConflictKind {
    /// Both sides changed the same lines.
    Content,
    /// Both sides added the file, and differ.
    AddAdd,
    /// Both sides changed a file that is not text.
    Binary,
    /// Both sides changed a file that is too large to be merged.
    TooLarge,
    /// A directory is where a file has to be.
    FileDirectory,
    /// A file, link or submodule is another one of these on the other side.
    DistinctTypes,
    /// One side changed a file that the other one deleted.
    ModifyDelete,
    /// Both sides renamed the same file, differently.
    RenameRename,
    /// A file was renamed to where another one is.
    RenameCollides,
    /// One side renamed a file that the other one deleted.
    RenameDelete,
    /// A file is in a directory that the other side renamed: it may belong elsewhere.
    DirectoryRenameSuggested,
    /// A file is where one of a renamed directory has to be.
    DirectoryRenameInTheWay,
    /// Several files of renamed directories have to be in one place.
    DirectoryRenameCollision,
    /// A directory was renamed to several, and no one got most files.
    DirectoryRenameSplit,
    /// Both sides moved a submodule.
    Submodule,
}

impl ConflictKind {
    /// Its name in an answer.
    pub fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::AddAdd => "add_add",
            Self::Binary => "binary",
            Self::TooLarge => "too_large",
            Self::FileDirectory => "file_directory",
            Self::DistinctTypes => "distinct_types",
            Self::ModifyDelete => "modify_delete",
            Self::RenameRename => "rename_rename",
            Self::RenameCollides => "rename_collides",
            Self::RenameDelete => "rename_delete",
            Self::DirectoryRenameSuggested => "directory_rename_suggested",
            Self::DirectoryRenameInTheWay => "directory_rename_in_the_way",
            Self::DirectoryRenameCollision => "directory_rename_collision",
            Self::DirectoryRenameSplit => "directory_rename_split",
            Self::Submodule => "submodule",
        }
    }
}

/// A path that is conflicted, and the entries of each side there: the stages of git's index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictedPath {
    /// The path in the result.
    pub path: BString,
    /// The base, our side, their side.
    pub stages: [Option<Version>; 3],
}
