//! The findings of a check: git's message ids, their severities, and which of them refuse an
//! object.
//!
//! `docs/fsck.md` has the table for people; `tests/engine_fsck.rs` compares the two.

use std::borrow::Cow;
use std::fmt;

use gix_object::bstr::ByteSlice;

/// How grave a message is, as git's `fsck.h` declares it and `git fsck` shows it.
///
/// `receive.fsckObjects` is graver than that: `git index-pack --strict` and `git unpack-objects
/// --strict` raise every warning to an error. Infos are shown as warnings by both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Shown, and never a reason to refuse.
    Info,
    /// Refused by `receive.fsckObjects`, though `git fsck` only warns.
    Warn,
    /// Refused.
    Error,
    /// Refused; git lets no configuration lower it.
    Fatal,
}

impl Severity {
    /// `git fsck` calls it an error, not a warning.
    pub fn is_error(self) -> bool {
        self >= Self::Error
    }

    /// `receive.fsckObjects` in its default configuration refuses the push.
    pub fn is_refused_on_receive(self) -> bool {
        self >= Self::Warn
    }
}

/// When an object with a finding is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refused {
    /// Never: git lets it in as well.
    Never,
    /// By a strict repository only. Old histories are full of it, and every reader copes.
    IfStrict,
    /// By every repository: the object could harm a client that clones it, or git cannot read it.
    Always,
}

impl Refused {
    /// As `docs/fsck.md` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::IfStrict => "strict",
            Self::Always => "always",
        }
    }
}

/// Declares [`MessageId`]: its variants, git's names for them, their severities, and when they
/// refuse an object.
macro_rules! message_ids {
    ($($variant:ident $name:literal $severity:ident $refused:ident $doc:literal,)*) => {
        /// The messages that an object's content can give rise to.
        ///
        /// Git declares a few more that no content reaches, since an earlier check excludes
        /// them (`emptyName`, `missingType`, `missingTag`, `badGpgsig`), and those about refs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum MessageId {
            $(#[doc = $doc] $variant,)*
        }

        impl MessageId {
            /// Every message.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that git prints and takes in `fsck.<msg-id>`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How grave git declares it to be.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// When an object is refused for it. A date that does not fit 64 bits is refused
            /// always; see [`Finding::refused`].
            pub fn refused(self) -> Refused {
                match self { $(Self::$variant => Refused::$refused,)* }
            }
        }
    };
}

message_ids! {
    NulInHeader "nulInHeader" Fatal Always "A NUL in the headers of a commit or tag.",
    UnterminatedHeader "unterminatedHeader" Fatal Always "The headers do not end with a newline.",
    BadDate "badDate" Error IfStrict "A date is no number, or no space follows it.",
    BadDateOverflow "badDateOverflow" Error IfStrict "A date is beyond 63 bits.",
    BadEmail "badEmail" Error IfStrict "An email address does not end with `>`.",
    BadName "badName" Error IfStrict "A `>` in a name.",
    BadObjectSha1 "badObjectSha1" Error Always "A tag's `object` line has no id.",
    BadParentSha1 "badParentSha1" Error Always "A commit's `parent` line has no id.",
    BadTimezone "badTimezone" Error IfStrict "A time zone is not a sign and four digits.",
    BadTree "badTree" Error Always "A tree does not parse.",
    BadTreeSha1 "badTreeSha1" Error Always "A commit's `tree` line has no id.",
    BadType "badType" Error Always "A tag's `type` line names no kind of object.",
    DuplicateEntries "duplicateEntries" Error Always "A tree has a name twice.",
    GitattributesBlob "gitattributesBlob" Error Always "A tree's `.gitattributes` is no blob.",
    GitattributesLarge "gitattributesLarge" Error Always "A `.gitattributes` is too large.",
    GitattributesLineLength "gitattributesLineLength" Error Always "A line of it is too long.",
    GitattributesMissing "gitattributesMissing" Error Always "A tree's `.gitattributes` is missing.",
    GitmodulesBlob "gitmodulesBlob" Error Always "A tree's `.gitmodules` is no blob.",
    GitmodulesLarge "gitmodulesLarge" Error Always "A `.gitmodules` is too large.",
    GitmodulesMissing "gitmodulesMissing" Error Always "A tree's `.gitmodules` is missing.",
    GitmodulesName "gitmodulesName" Error Always "A submodule's name is empty or climbs with `..`.",
    GitmodulesPath "gitmodulesPath" Error Always "A submodule's path looks like an option.",
    GitmodulesSymlink "gitmodulesSymlink" Error Always "A `.gitmodules` is a symbolic link.",
    GitmodulesUpdate "gitmodulesUpdate" Error Always "A submodule's update setting is a command.",
    GitmodulesUrl "gitmodulesUrl" Error Always "A submodule's url could trick a client.",
    MissingAuthor "missingAuthor" Error Always "A commit has no `author` line.",
    MissingCommitter "missingCommitter" Error Always "A commit has no `committer` line.",
    MissingEmail "missingEmail" Error IfStrict "An identity has no email address.",
    MissingNameBeforeEmail "missingNameBeforeEmail" Error IfStrict "An identity starts with `<`.",
    MissingObject "missingObject" Error Always "A tag has no `object` line.",
    MissingSpaceBeforeDate "missingSpaceBeforeDate" Error IfStrict "No space follows `>`.",
    MissingSpaceBeforeEmail "missingSpaceBeforeEmail" Error IfStrict "No space precedes `<`.",
    MissingTagEntry "missingTagEntry" Error Always "A tag has no `tag` line.",
    MissingTree "missingTree" Error Always "A commit has no `tree` line.",
    MissingTypeEntry "missingTypeEntry" Error Always "A tag has no `type` line.",
    MultipleAuthors "multipleAuthors" Error IfStrict "A commit has more than one `author` line.",
    TreeNotSorted "treeNotSorted" Error Always "A tree's entries are not in order.",
    ZeroPaddedDate "zeroPaddedDate" Error IfStrict "A date starts with 0.",
    FullPathname "fullPathname" Warn Always "A name in a tree has a slash.",
    HasDot "hasDot" Warn Always "A tree has an entry `.`.",
    HasDotdot "hasDotdot" Warn Always "A tree has an entry `..`.",
    HasDotgit "hasDotgit" Warn Always "A tree has an entry that some file system takes for `.git`.",
    LargePathname "largePathname" Warn Always "A name in a tree has more than 4096 bytes.",
    NullSha1 "nullSha1" Warn Always "An entry's id is null.",
    NulInCommit "nulInCommit" Warn IfStrict "A NUL in a commit's message.",
    ZeroPaddedFilemode "zeroPaddedFilemode" Warn IfStrict "A mode in a tree starts with 0.",
    BadFilemode "badFilemode" Info Never "A mode in a tree is not one of git's five.",
    BadTagName "badTagName" Info Never "A tag's name is no valid refname.",
    GitattributesSymlink "gitattributesSymlink" Info Never "A `.gitattributes` is a symbolic link.",
    GitignoreSymlink "gitignoreSymlink" Info Never "A `.gitignore` is a symbolic link.",
    GitmodulesParse "gitmodulesParse" Info Never "A `.gitmodules` does not parse.",
    MailmapSymlink "mailmapSymlink" Info Never "A `.mailmap` is a symbolic link.",
    MissingTaggerEntry "missingTaggerEntry" Info Never "A tag has no `tagger` line.",
}

/// One thing that is wrong with an object. Displayed as git does: `<id>: <detail>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which message.
    pub id: MessageId,
    /// How grave git declares it to be.
    pub severity: Severity,
    /// When an object is refused for it.
    pub refused: Refused,
    /// Git's text for it.
    pub detail: Cow<'static, str>,
}

impl Finding {
    /// The message with its declared severity.
    pub(super) fn new(id: MessageId, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            id,
            severity: id.severity(),
            refused: id.refused(),
            detail: detail.into(),
        }
    }

    /// The same, refused by every repository.
    pub(super) fn always_refused(self) -> Self {
        Self {
            refused: Refused::Always,
            ..self
        }
    }

    /// The message about a value, which is quoted as text and cut where it is long.
    pub(super) fn about(id: MessageId, what: &str, value: &[u8]) -> Self {
        /// Enough to recognise a name or url.
        const QUOTED_BYTES_MAX: usize = 256;
        let quoted = value
            .get(..QUOTED_BYTES_MAX)
            .unwrap_or(value)
            .to_str_lossy();
        let dots = if value.len() > QUOTED_BYTES_MAX {
            "..."
        } else {
            ""
        };
        Self::new(id, format!("{what}: {quoted}{dots}"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id.name(), self.detail)
    }
}

/// A tree entry whose name makes its content matter to git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Special {
    /// `.gitmodules`.
    Gitmodules,
    /// `.gitattributes`.
    Gitattributes,
}

impl Special {
    /// The finding when the named object is nowhere.
    pub fn missing(self) -> Finding {
        match self {
            Self::Gitmodules => Finding::new(
                MessageId::GitmodulesMissing,
                "unable to read .gitmodules blob",
            ),
            Self::Gitattributes => Finding::new(
                MessageId::GitattributesMissing,
                "unable to read .gitattributes blob",
            ),
        }
    }

    /// The finding when the named object is a commit, tree or tag.
    pub(crate) fn not_a_blob(self) -> Finding {
        match self {
            Self::Gitmodules => {
                Finding::new(MessageId::GitmodulesBlob, "non-blob found at .gitmodules")
            }
            Self::Gitattributes => Finding::new(
                MessageId::GitattributesBlob,
                "non-blob found at .gitattributes",
            ),
        }
    }

    /// The finding when the blob is too large to be held whole.
    pub fn too_large(self) -> Finding {
        match self {
            Self::Gitmodules => {
                Finding::new(MessageId::GitmodulesLarge, ".gitmodules too large to parse")
            }
            Self::Gitattributes => Finding::new(
                MessageId::GitattributesLarge,
                ".gitattributes too large to parse",
            ),
        }
    }
}
