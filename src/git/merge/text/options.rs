//! How texts are merged.

/// How a conflict looks in the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Both sides, narrowed to the lines that differ.
    Merge,
    /// Both sides and the base between them.
    Diff3,
}

/// The treatment of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Favor {
    /// It stays one.
    #[default]
    Nobody,
    /// Our lines are taken.
    Ours,
    /// Their lines are taken.
    Theirs,
}

/// The texts in the markers of a conflict.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labels<'a> {
    pub(crate) base: &'a [u8],
    pub(crate) ours: &'a [u8],
    pub(crate) theirs: &'a [u8],
}

/// How to merge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextOptions<'a> {
    pub(crate) style: Style,
    pub(crate) favor: Favor,
    pub(crate) marker_size: usize,
    pub(crate) labels: Labels<'a>,
}
