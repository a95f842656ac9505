//! Cases that random merges rarely meet; the rest is compared with git in `tests/engine_merge`.

use super::*;

const LABELS: Labels<'static> = Labels {
    base: b"base",
    ours: b"ours",
    theirs: b"theirs",
};

fn merged(base: &str, ours: &str, theirs: &str, style: Style, favor: Favor) -> (String, usize) {
    let options = TextOptions {
        style,
        favor,
        marker_size: MARKER_SIZE,
        labels: LABELS,
    };
    let merged = merge(
        base.as_bytes(),
        ours.as_bytes(),
        theirs.as_bytes(),
        &options,
    );
    (String::from_utf8(merged.content).unwrap(), merged.conflicts)
}

#[test]
fn a_conflict_with_its_base() {
    let (text, conflicts) = merged(
        "1\nx\n2\n",
        "1\na\n2\n",
        "1\nb\n2\n",
        Style::Diff3,
        Favor::Nobody,
    );
    let expected = "1\n<<<<<<< ours\na\n||||||| base\nx\n=======\nb\n>>>>>>> theirs\n2\n";
    assert_eq!((text.as_str(), conflicts), (expected, 1));
}

#[test]
fn a_favored_side_leaves_no_conflict() {
    let merge = |favor| merged("x\n", "a\n", "b\n", Style::Merge, favor);
    assert_eq!(merge(Favor::Ours), ("a\n".to_owned(), 0));
    assert_eq!(merge(Favor::Theirs), ("b\n".to_owned(), 0));
}

#[test]
fn markers_end_as_the_lines_around_them() {
    let (text, _) = merged(
        "1\r\nx\r\n",
        "1\r\na\r\n",
        "1\r\nb",
        Style::Merge,
        Favor::Nobody,
    );
    assert_eq!(
        text,
        "1\r\n<<<<<<< ours\r\na\r\n=======\r\nb\r\n>>>>>>> theirs\r\n"
    );
}

#[test]
fn a_change_over_several_of_the_other_side_takes_no_line_more() {
    // Counted back from the later change, the start of the longer one is before the first line.
    let base = "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    let ours = "5\n6\n7\nnew\n9\n";
    let theirs = "6\n7\nnew\n9\n";
    let (text, conflicts) = merged(base, ours, theirs, Style::Merge, Favor::Nobody);
    let expected = "<<<<<<< ours\n5\n=======\n>>>>>>> theirs\n6\n7\nnew\n9\n";
    assert_eq!((text.as_str(), conflicts), (expected, 1));
}

#[test]
fn texts_without_rare_lines_are_merged_too() {
    // No line occurs seldom enough for the histogram.
    let base = "a\nb\n".repeat(100);
    let (text, conflicts) = merged(
        &base,
        &format!("x\n{base}"),
        &format!("{base}y\n"),
        Style::Merge,
        Favor::Nobody,
    );
    assert_eq!((text, conflicts), (format!("x\n{base}y\n"), 0));
}
