//! Trailers at the end of a message, found as git's `trailer.c` finds them (with no configuration).

/// How the trailer of `git commit --signoff` begins.
pub(super) const SIGNED_OFF_BY: &str = "Signed-off-by: ";

/// How lines begin that git itself writes: with one of them, a block may have other lines too.
const GIT_GENERATED: [&str; 2] = [SIGNED_OFF_BY, "(cherry picked from commit "];

/// Git's line between a message and a diff that is not part of it, with `#` before it.
const CUT_LINE: &str = "# ------------------------ >8 ------------------------";

/// Appends a trailer line (with its newline), as git's `append_signoff` does.
pub(super) fn append(message: &str, trailer: &str) -> String {
    let mut message = message.to_owned();
    let mut end = end_of_log(&message);
    if end == message.len() && !message.ends_with('\n') && !message.is_empty() {
        message.push('\n');
        end = message.len();
    }
    let log = message.get(..end).unwrap_or_default();
    let is_last = log == trailer
        || lines(log)
            .last()
            .is_some_and(|last| last.starts_with(trailer));
    if is_last {
        return message;
    }
    let gap = match log.as_bytes() {
        _ if !lines(log).is_empty() => "",
        [] => "\n\n",
        [.., b'\n', _] => "",
        _ => "\n",
    };
    message.insert_str(end, &format!("{gap}{trailer}"));
    message
}

/// The block of trailers of a message; empty where there is none.
pub(crate) fn block(log: &str) -> &str {
    let log = log.get(..end_of_log(log)).unwrap_or_default();
    log.get(block_start(log)..).unwrap_or_default()
}

/// The trailers of a message, each with its continuation lines; none where there is no block.
pub(crate) fn lines(log: &str) -> Vec<String> {
    let block = block(log);
    let mut trailers: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in block.split_inclusive('\n') {
        match trailers.last_mut() {
            Some(last) if is_open && line.starts_with(is_space) => last.push_str(line),
            _ => {
                trailers.push(line.to_owned());
                is_open = separator(line).is_some_and(|at| at > 0);
            }
        }
    }
    trailers
}

/// Where the block of trailers starts: at the end of the message where there is none (git's
/// `find_trailer_block_start`).
fn block_start(log: &str) -> usize {
    let title = end_of_title(log);
    let (mut trailers, mut others, mut continuations) = (0_usize, 0_usize, 0_usize);
    let (mut is_git_generated, mut only_spaces) = (false, true);
    let mut end = log.len();
    for line in log.split_inclusive('\n').rev() {
        let start = end.saturating_sub(line.len());
        if start < title {
            return log.len();
        }
        if line.starts_with('#') {
            others = others.saturating_add(std::mem::take(&mut continuations));
        } else if is_blank(line) {
            if !only_spaces {
                others = others.saturating_add(continuations);
                let is_block = (is_git_generated && trailers.saturating_mul(3) >= others)
                    || (trailers > 0 && others == 0);
                return if is_block { end } else { log.len() };
            }
        } else {
            only_spaces = false;
            let is_generated = GIT_GENERATED.iter().any(|prefix| line.starts_with(prefix));
            is_git_generated |= is_generated;
            let is_indented = line.starts_with(is_space);
            if is_generated || (!is_indented && separator(line).is_some_and(|at| at > 0)) {
                trailers = trailers.saturating_add(1);
                continuations = 0;
            } else if is_indented {
                continuations = continuations.saturating_add(1);
            } else {
                let more = std::mem::take(&mut continuations).saturating_add(1);
                others = others.saturating_add(more);
            }
        }
        end = start;
    }
    log.len()
}

/// Where the first paragraph ends, which is never a block of trailers.
fn end_of_title(log: &str) -> usize {
    let mut end = 0_usize;
    for line in log.split_inclusive('\n') {
        if !line.starts_with('#') && is_blank(line) {
            break;
        }
        end = end.saturating_add(line.len());
    }
    end
}

/// Where the colon of a trailer stands: behind letters, digits and dashes, and spaces after them.
fn separator(line: &str) -> Option<usize> {
    let at = line.find(':')?;
    let token = line.get(..at)?;
    let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let spaces = token.trim_start_matches(is_token);
    let is_key = spaces.len() < token.len() || token.is_empty();
    (is_key && spaces.chars().all(|c| matches!(c, ' ' | '\t'))).then_some(at)
}

/// The same of a line of bytes; `None` if it has no key.
pub(crate) fn separator_of(line: &[u8]) -> Option<usize> {
    let end = line.iter().position(|byte| *byte == b':')?;
    let key = std::str::from_utf8(line.get(..=end)?).ok()?;
    separator(key).filter(|at| *at > 0)
}

fn is_blank(line: &str) -> bool {
    line.trim_matches(is_space).is_empty()
}

/// Where the message ends before trailing comments, empty lines and an old list of conflicts (git's
/// `ignored_log_message_bytes`).
fn end_of_log(message: &str) -> usize {
    let cutoff = cut_line(message);
    // As in git, 0 means that nothing is ignored, at the very start as well.
    let mut ignored_from = 0_usize;
    let mut in_conflicts = false;
    let mut at = 0_usize;
    for line in message.split_inclusive('\n') {
        if at >= cutoff {
            break;
        }
        if line.starts_with('#') || line.starts_with('\n') {
            ignored_from = if ignored_from == 0 { at } else { ignored_from };
        } else if line == "Conflicts:\n" {
            in_conflicts = true;
            ignored_from = if ignored_from == 0 { at } else { ignored_from };
        } else if !(in_conflicts && line.starts_with('\t')) && ignored_from > 0 {
            ignored_from = 0;
            in_conflicts = false;
        }
        at = at.saturating_add(line.len());
    }
    if ignored_from > 0 {
        ignored_from
    } else {
        cutoff
    }
}

/// Where git's cut line starts, or the end.
fn cut_line(message: &str) -> usize {
    if message.starts_with(CUT_LINE) {
        return 0;
    }
    let found = message.find(&format!("\n{CUT_LINE}"));
    found.map_or(message.len(), |at| at.saturating_add(1))
}

/// Whether git takes the character for a space, wherever git runs.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}
