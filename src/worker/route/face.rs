//! The form of errors below a path, whether or not anything is served there.

/// Which of the faces a path belongs to: the form of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Face {
    /// Plain text, as Git shows it.
    Git,
    /// The JSON of Git LFS.
    Lfs,
    /// The JSON envelope.
    Rest,
}

/// The face of a path.
#[must_use]
pub(crate) fn face(path: &str) -> Face {
    let mut segments = path.split('/').skip(1);
    if segments.next() != Some("git") {
        return Face::Rest;
    }
    // After the namespace and the repository.
    let mut below = segments.skip(2);
    if (below.next(), below.next()) == (Some("info"), Some("lfs")) {
        return Face::Lfs;
    }
    Face::Git
}
