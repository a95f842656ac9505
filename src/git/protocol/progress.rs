//! Lines of progress, as git's own servers write them (`progress.c`): a line ends with a carriage
//! return while it changes, and with `, done.` when it is over.

/// Counts up to a total, and says so when the percentage has changed.
#[derive(Debug)]
pub(crate) struct Meter {
    title: &'static str,
    shown: Option<u64>,
}

impl Meter {
    /// A meter that has shown nothing yet.
    pub(crate) fn new(title: &'static str) -> Self {
        Self { title, shown: None }
    }

    /// The line to show now, if it differs from the last one. A pack without objects has no message.
    pub(crate) fn line(&mut self, done: u64, total: u64, over: bool) -> Option<String> {
        let percent = done.saturating_mul(100).checked_div(total)?;
        if self.shown == Some(percent) && !over {
            return None;
        }
        self.shown = Some(percent);
        let end = if over { ", done.\n" } else { "\r" };
        Some(format!(
            "{}: {percent:3}% ({done}/{total}){end}",
            self.title
        ))
    }
}

/// The last line of a count that had no total.
pub fn counted(title: &str, count: u64) -> String {
    format!("{title}: {count}, done.\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_percent_and_one_at_the_end() {
        let mut meter = Meter::new("Resolving deltas");
        assert_eq!(meter.line(0, 0, true), None);
        assert_eq!(
            meter.line(1, 300, false).as_deref(),
            Some("Resolving deltas:   0% (1/300)\r")
        );
        assert_eq!(meter.line(2, 300, false), None);
        let last = meter.line(300, 300, true);
        assert_eq!(
            last.as_deref(),
            Some("Resolving deltas: 100% (300/300), done.\n")
        );
    }
}
