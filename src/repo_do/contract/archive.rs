//! Archives of a tree: the paths below [`path`].
//!
//! The query is the client's, unread. The client's conditions come along. The answer has status 200 or
//! 304. For a `tar.gz` the object sends the tar file, which the Worker compresses.

/// Paths of archives.
pub(crate) mod path {
    /// How all of them begin; a format, a slash and a revision follow, percent-encoded as one segment.
    pub(crate) const ARCHIVE: &str = "/archive/";
}

/// The format of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArchiveFormat {
    /// A tar file.
    Tar,
    /// A tar file compressed by gzip.
    TarGz,
    /// A zip file.
    Zip,
}

impl ArchiveFormat {
    /// All of them. A name may end like two; the longer end comes first.
    const ALL: [Self; 3] = [Self::TarGz, Self::Tar, Self::Zip];

    /// The end of the names of such files.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::Zip => "zip",
        }
    }

    /// The type of such files.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Tar => "application/x-tar",
            Self::TarGz => "application/gzip",
            Self::Zip => "application/zip",
        }
    }

    /// Cuts `v1.0.tar.gz` into the revision and the format.
    pub(crate) fn split(name: &str) -> Option<(&str, Self)> {
        Self::ALL.into_iter().find_map(|format| {
            let revision = name.strip_suffix(format.extension())?.strip_suffix('.')?;
            (!revision.is_empty()).then_some((revision, format))
        })
    }

    /// The format of this extension.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        let is = |format: &Self| format.extension() == extension;
        Self::ALL.into_iter().find(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_with_its_format() {
        use ArchiveFormat::{Tar, TarGz, Zip};
        for (name, expected) in [
            ("main.tar.gz", Some(("main", TarGz))),
            ("a/b.zip.tar", Some(("a/b.zip", Tar))),
            ("v1.0.zip", Some(("v1.0", Zip))),
            ("main", None),
            (".zip", None),
            ("main.gz", None),
        ] {
            assert_eq!(ArchiveFormat::split(name), expected, "{name}");
        }
    }
}
