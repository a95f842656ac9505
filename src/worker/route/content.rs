//! The routes that read a repository's content.

/// A read of a repository's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// `/refs`
    Refs,
    /// `/log`
    Log,
    /// `/commit/:hash`
    Commit(String),
    /// `/tree/:hash`
    Tree(String),
    /// `/blob/:hash`
    Blob(String),
    /// `/file`
    File,
    /// `/raw/:ref/:path`, both as they stand there, decoded.
    Raw(String),
    /// `/compare/:base...:head`, decoded.
    Compare(String),
    /// `/diff`
    Diff,
    /// `/commit/:hash.patch`
    CommitPatch(String),
    /// `/commit/:hash.diff`
    CommitDiff(String),
    /// `/merge-base`
    MergeBase,
    /// `/reflog`
    Reflog,
    /// `/notes`
    Notes,
    /// `/lfs`
    Lfs,
    /// `/archive/:ref.:format`, decoded.
    Archive(String),
    /// `/blame/:ref/:path`, both as they stand there, decoded.
    Blame(String),
    /// `/grep`
    Grep,
    /// `/search`
    Search,
}

impl Content {
    /// The route of the segments below the repository.
    pub(super) fn parse(segments: &[&str]) -> Option<Self> {
        Some(match segments {
            ["refs"] => Self::Refs,
            ["log"] => Self::Log,
            ["commit", id] => {
                if let Some(id) = id.strip_suffix(".patch") {
                    Self::CommitPatch(id.to_owned())
                } else if let Some(id) = id.strip_suffix(".diff") {
                    Self::CommitDiff(id.to_owned())
                } else {
                    Self::Commit((*id).to_owned())
                }
            }
            ["tree", id] => Self::Tree((*id).to_owned()),
            ["blob", id] => Self::Blob((*id).to_owned()),
            ["file"] => Self::File,
            ["raw", rest @ ..] if rest.len() > 1 => Self::Raw(rest.join("/")),
            ["compare", rest @ ..] if !rest.is_empty() => Self::Compare(rest.join("/")),
            ["diff"] => Self::Diff,
            ["merge-base"] => Self::MergeBase,
            ["reflog"] => Self::Reflog,
            ["notes"] => Self::Notes,
            ["lfs"] => Self::Lfs,
            ["search"] => Self::Search,
            ["grep"] => Self::Grep,
            ["blame", rest @ ..] if rest.len() > 1 => Self::Blame(rest.join("/")),
            ["archive", rest @ ..] if !rest.is_empty() => Self::Archive(rest.join("/")),
            _ => return None,
        })
    }

    /// Whether it is compared rather than read: the handlers of `repo_do::compare` answer.
    #[must_use]
    pub(crate) fn is_compared(&self) -> bool {
        matches!(
            self,
            Self::Compare(_)
                | Self::Diff
                | Self::CommitPatch(_)
                | Self::CommitDiff(_)
                | Self::MergeBase
                | Self::Reflog
                | Self::Notes
        )
    }

    /// Whether it is answered with the bytes of a file.
    #[must_use]
    pub(crate) fn is_bytes(&self) -> bool {
        matches!(
            self,
            Self::Blob(_) | Self::File | Self::Raw(_) | Self::Archive(_)
        )
    }
}
