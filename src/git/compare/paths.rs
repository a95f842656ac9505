//! Limits by path: each names a file, or a directory with all that is below it. They are literal,
//! as git's `:(literal)` pathspecs are (<https://git-scm.com/docs/gitglossary#def_pathspec>).

use gix_object::bstr::{BString, ByteSlice as _};

/// The paths that a comparison looks at: all of them where no limit was given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathLimits(Vec<Limit>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Limit {
    path: BString,
    /// It was given with a slash at its end, and names no file.
    is_directory: bool,
}

/// How much of the entry at a path is inside the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cover {
    /// Nothing.
    Outside,
    /// Something below this directory.
    Partly,
    /// All of it.
    Whole,
}

impl PathLimits {
    /// Takes the limits; one that names the root takes away the others.
    pub fn new<'a>(paths: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut limits = Vec::new();
        for path in paths {
            let names = path.split_str("/");
            let names: Vec<&[u8]> = names
                .filter(|name| !name.is_empty() && *name != b".")
                .collect();
            if names.is_empty() {
                return Self::default();
            }
            limits.push(Limit {
                path: gix_object::bstr::join("/", names).into(),
                is_directory: path.ends_with(b"/"),
            });
        }
        Self(limits)
    }

    /// How much of an entry is inside; a submodule is a directory, too.
    pub(crate) fn cover(&self, path: &[u8], is_directory: bool) -> Cover {
        if self.0.is_empty() {
            return Cover::Whole;
        }
        let cover = |limit: &Limit| {
            let limit_path: &[u8] = &limit.path;
            if let Some(rest) = path.strip_prefix(limit_path) {
                match rest.first() {
                    None if is_directory || !limit.is_directory => return Cover::Whole,
                    Some(b'/') => return Cover::Whole,
                    _ => {}
                }
            }
            match limit_path.strip_prefix(path) {
                Some([b'/', ..]) if is_directory => Cover::Partly,
                _ => Cover::Outside,
            }
        };
        self.0.iter().map(cover).max().unwrap_or(Cover::Outside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_covers_a_file_or_all_below_a_directory() {
        let limits = PathLimits::new([&b"a/b"[..], b"/c/./d/"]);
        for (path, is_directory, cover) in [
            ("a", true, Cover::Partly),
            ("a", false, Cover::Outside),
            ("a/b", false, Cover::Whole),
            ("a/b", true, Cover::Whole),
            ("a/b/x", false, Cover::Whole),
            ("a/bx", false, Cover::Outside),
            ("c/d", true, Cover::Whole),
            ("c/d", false, Cover::Outside),
            ("cd", true, Cover::Outside),
        ] {
            assert_eq!(limits.cover(path.as_bytes(), is_directory), cover, "{path}");
        }
    }

    #[test]
    fn no_limit_or_the_root_covers_everything() {
        for limits in [PathLimits::default(), PathLimits::new([&b"a"[..], b"./"])] {
            assert_eq!(limits.cover(b"x", false), Cover::Whole);
        }
    }
}
