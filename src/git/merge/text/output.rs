//! The merged text, written out.

use super::lines::{Version, Versions};
use super::options::{Style, TextOptions};
use super::regions::{Region, Resolution, unsigned};

/// Writes the lines between the regions and the result of each region.
pub(super) fn write(
    versions: &Versions<'_>,
    regions: &[Region],
    options: &TextOptions<'_>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes_of(versions.ours.run(0, versions.ours.len())));
    let mut line = 0_i32;
    for region in regions {
        if region.resolution == Resolution::Same {
            continue;
        }
        copy(&mut out, run(&versions.ours, line, region.ours - line));
        match region.resolution {
            Resolution::Conflict => conflict(&mut out, versions, region, options),
            Resolution::Theirs => {
                copy(
                    &mut out,
                    run(&versions.theirs, region.theirs, region.their_count),
                );
            }
            Resolution::Ours | Resolution::Same => {
                copy(&mut out, run(&versions.ours, region.ours, region.our_count));
            }
        }
        line = region.ours + region.our_count;
    }
    copy(
        &mut out,
        versions.ours.run(unsigned(line), versions.ours.len()),
    );
    out
}

fn run<'a>(side: &'a Version<'_>, start: i32, count: i32) -> &'a [&'a [u8]] {
    side.run(unsigned(start), unsigned(count))
}

fn bytes_of(lines: &[&[u8]]) -> usize {
    lines.iter().map(|line| line.len()).sum()
}

fn copy(out: &mut Vec<u8>, lines: &[&[u8]]) {
    for line in lines {
        out.extend_from_slice(line);
    }
}

/// The same; ends the last line, where nothing ends it.
fn copy_ended(out: &mut Vec<u8>, lines: &[&[u8]], with_cr: bool) {
    copy(out, lines);
    if lines.last().is_some_and(|line| !line.ends_with(b"\n")) {
        end_line(out, with_cr);
    }
}

fn end_line(out: &mut Vec<u8>, with_cr: bool) {
    out.extend_from_slice(if with_cr { b"\r\n" } else { b"\n" });
}

fn conflict(
    out: &mut Vec<u8>,
    versions: &Versions<'_>,
    region: &Region,
    options: &TextOptions<'_>,
) {
    let with_cr = needs_cr(versions, region);
    let size = options.marker_size;
    let labels = options.labels;
    marker(out, b'<', size, labels.ours, with_cr);
    let ours = run(&versions.ours, region.ours, region.our_count);
    copy_ended(out, ours, with_cr);
    if options.style == Style::Diff3 {
        marker(out, b'|', size, labels.base, with_cr);
        let base = run(&versions.base, region.base, region.base_count);
        copy_ended(out, base, with_cr);
    }
    marker(out, b'=', size, b"", with_cr);
    let theirs = run(&versions.theirs, region.theirs, region.their_count);
    copy_ended(out, theirs, with_cr);
    marker(out, b'>', size, labels.theirs, with_cr);
}

fn marker(out: &mut Vec<u8>, sign: u8, size: usize, label: &[u8], with_cr: bool) {
    out.extend(std::iter::repeat_n(sign, size));
    if !label.is_empty() {
        out.push(b' ');
        out.extend_from_slice(label);
    }
    end_line(out, with_cr);
}

/// Whether the lines around the conflict end in CR LF: those before it on both sides, then the first
/// line of the base.
fn needs_cr(versions: &Versions<'_>, region: &Region) -> bool {
    let ours = ends_in_crlf(&versions.ours, unsigned(region.ours - 1));
    let theirs = || ends_in_crlf(&versions.theirs, unsigned(region.theirs - 1));
    let base = || ends_in_crlf(&versions.base, 0);
    if ours == Some(false) || theirs() == Some(false) {
        return false;
    }
    base() == Some(true)
}

/// Whether a line ends in CR LF; for a last line that nothing ends the one before it decides. `None`
/// where that cannot be told.
fn ends_in_crlf(version: &Version<'_>, line: usize) -> Option<bool> {
    let is_crlf = |line: &[u8]| line.ends_with(b"\r\n");
    let last = version.len().checked_sub(1)?;
    if line < last || version.line(line).ends_with(b"\n") {
        return Some(is_crlf(version.line(line)));
    }
    let before = line.checked_sub(1)?;
    Some(is_crlf(version.line(before)))
}
