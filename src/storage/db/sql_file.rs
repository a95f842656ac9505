//! Files of SQL, taken into the program without their comments.
//!
//! The files under `migrations/` are mostly prose, for people. SQLite would keep comments inside a statement
//! in every database, and read it whenever an object wakes; the program would carry
//! the rest. So the compiler takes comments out and makes one blank of each run of white space.

/// The file `migrations/$path` without comments, as `&'static str`.
macro_rules! include_sql {
    ($path:literal) => {{
        const FILE: &[u8] =
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $path));
        const LENGTH: usize = $crate::storage::db::sql_file::bare(FILE, &mut []);
        const BARE: [u8; LENGTH] = {
            let mut bare = [0; LENGTH];
            $crate::storage::db::sql_file::bare(FILE, &mut bare);
            bare
        };
        match str::from_utf8(&BARE) {
            Ok(sql) => sql,
            Err(_) => unreachable!(),
        }
    }};
}
pub(crate) use include_sql;

/// Writes the file without comments as far as `out` reaches, and gives its whole length. A comment
/// runs from `--` to the end of its line; within quotes nothing is changed.
#[expect(
    clippy::mem_replace_with_default,
    reason = "`take` is no constant function"
)]
pub(crate) const fn bare(file: &[u8], mut out: &mut [u8]) -> usize {
    let (mut rest, mut length) = (file, 0_usize);
    let (mut is_quoted, mut is_comment, mut after_blank) = (false, false, true);
    while let [byte, tail @ ..] = rest {
        let is_blank = !is_quoted && byte.is_ascii_whitespace();
        if *byte == b'\n' {
            is_comment = false;
        } else if !is_quoted && matches!(rest, [b'-', b'-', ..]) {
            is_comment = true;
        }
        if *byte == b'\'' && !is_comment {
            is_quoted = !is_quoted;
        }
        let is_dropped = is_comment || (is_blank && after_blank);
        if !is_dropped {
            length = length.saturating_add(1);
            if let Some((slot, after)) = std::mem::replace(&mut out, &mut []).split_first_mut() {
                *slot = if is_blank { b' ' } else { *byte };
                out = after;
            }
            after_blank = is_blank;
        }
        rest = tail;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, expect: &str) {
        let mut out = vec![0; bare(file.as_bytes(), &mut [])];
        bare(file.as_bytes(), &mut out);
        assert_eq!(str::from_utf8(&out), Ok(expect), "{file}");
    }

    #[test]
    fn comments_and_runs_of_white_space_go_and_quoted_text_stays() {
        check("", "");
        check("-- a\n\n-- don't\n", "");
        check("a\n  -- b\n  c -- d\n;", "a c ;");
        check("a - -1\tb", "a - -1 b");
        check("'--  x\n' -- it's\n'it''s  '", "'--  x\n' 'it''s  '");
        check("a --", "a ");
        check("\u{e9}  \u{e9}", "\u{e9} \u{e9}");
    }
}
