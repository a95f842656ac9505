//! Changes slid to where git has them (`xdl_change_compact`, without the indent heuristic), and the
//! list of them.

use gix_imara_diff::Token;

use super::lines::Change;

/// A run of changed lines, possibly empty, between two unchanged ones.
#[derive(Debug, Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

fn is(changed: &[bool], line: usize) -> bool {
    changed.get(line).copied().unwrap_or(false)
}

fn is_before(changed: &[bool], line: usize) -> bool {
    line.checked_sub(1).is_some_and(|line| is(changed, line))
}

fn set(changed: &mut [bool], line: usize, value: bool) {
    if let Some(place) = changed.get_mut(line) {
        *place = value;
    }
}

impl Group {
    fn first(changed: &[bool]) -> Self {
        let mut group = Self { start: 0, end: 0 };
        group.grow_down(changed);
        group
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }

    fn grow_down(&mut self, changed: &[bool]) {
        while is(changed, self.end) {
            self.end += 1;
        }
    }

    fn grow_up(&mut self, changed: &[bool]) {
        while is_before(changed, self.start) {
            self.start -= 1;
        }
    }

    fn go_to_next(&mut self, changed: &[bool]) -> bool {
        if self.end >= changed.len() {
            return false;
        }
        self.start = self.end + 1;
        self.end = self.start;
        self.grow_down(changed);
        true
    }

    fn go_to_previous(&mut self, changed: &[bool]) -> bool {
        if self.start == 0 {
            return false;
        }
        self.end = self.start - 1;
        self.start = self.end;
        self.grow_up(changed);
        true
    }

    /// Moves the group one line towards the end, and takes in the group that it then touches.
    fn slide_down(&mut self, tokens: &[Token], changed: &mut [bool]) -> bool {
        match (tokens.get(self.start), tokens.get(self.end)) {
            (Some(first), Some(after)) if first == after => {}
            _ => return false,
        }
        set(changed, self.start, false);
        set(changed, self.end, true);
        self.start += 1;
        self.end += 1;
        self.grow_down(changed);
        true
    }

    /// Moves the group one line towards the start, and takes in the group that it then touches.
    fn slide_up(&mut self, tokens: &[Token], changed: &mut [bool]) -> bool {
        let (Some(start), Some(end)) = (self.start.checked_sub(1), self.end.checked_sub(1)) else {
            return false;
        };
        if tokens.get(start) != tokens.get(end) {
            return false;
        }
        set(changed, start, true);
        set(changed, end, false);
        self.start = start;
        self.end = end;
        self.grow_up(changed);
        true
    }
}

/// Slides every group of changed lines as far down as it goes, or to a group of the other side that
/// it can stand beside. `tokens` are the lines of `changed`.
pub(super) fn slide(tokens: &[Token], changed: &mut [bool], other: &mut [bool]) {
    let mut group = Group::first(changed);
    let mut beside = Group::first(other);
    loop {
        if !group.is_empty() {
            slide_group(tokens, changed, other, &mut group, &mut beside);
        }
        if !group.go_to_next(changed) || !beside.go_to_next(other) {
            return;
        }
    }
}

fn slide_group(
    tokens: &[Token],
    changed: &mut [bool],
    other: &[bool],
    group: &mut Group,
    beside: &mut Group,
) {
    let mut highest_end;
    let mut stood_beside;
    loop {
        let size = group.end - group.start;
        while group.slide_up(tokens, changed) {
            if !beside.go_to_previous(other) {
                return;
            }
        }
        highest_end = group.end;
        stood_beside = !beside.is_empty();
        while group.slide_down(tokens, changed) {
            if !beside.go_to_next(other) {
                return;
            }
            stood_beside |= !beside.is_empty();
        }
        if size == group.end - group.start {
            break;
        }
    }
    if group.end == highest_end || !stood_beside {
        return;
    }
    while beside.is_empty() {
        if !group.slide_up(tokens, changed) || !beside.go_to_previous(other) {
            return;
        }
    }
}

/// The changes in order, from which lines changed on both sides.
pub(super) fn script(removed: &[bool], added: &[bool]) -> Vec<Change> {
    let mut changes = Vec::new();
    let (mut before, mut after) = (0, 0);
    while before < removed.len() || after < added.len() {
        let (start, after_start) = (before, after);
        while is(removed, before) {
            before += 1;
        }
        while is(added, after) {
            after += 1;
        }
        if before > start || after > after_start {
            changes.push(Change {
                before: start,
                before_count: before - start,
                after: after_start,
                after_count: after - after_start,
            });
        }
        before += 1;
        after += 1;
    }
    changes
}
