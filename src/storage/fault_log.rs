//! The log's lines about faults: one format, wherever something of ours fails.

use std::fmt::Display;

/// Logs a fault that does not heal by itself.
pub(crate) fn error(kind: &str, cause: &dyn Display) {
    worker::console_error!("{}", line("error", kind, cause));
}

/// Logs a failed step that is repeated, or not needed.
pub(crate) fn warning(kind: &str, cause: &dyn Display) {
    worker::console_warn!("{}", line("warning", kind, cause));
}

fn line(level: &str, kind: &str, cause: &dyn Display) -> String {
    let message = cause.to_string();
    serde_json::json!({ "level": level, "kind": kind, "message": message }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_line_of_json_whatever_its_cause_says() {
        assert_eq!(
            line("error", "store", &"disk \"full\"\nat once"),
            r#"{"kind":"store","level":"error","message":"disk \"full\"\nat once"}"#
        );
    }
}
