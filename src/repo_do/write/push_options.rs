//! Push options in a body: bounded as those of `git push -o` are.

use gix_object::bstr::BString;

use crate::git::limits::Limits;
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Where they stand in a body.
const POINTER: &str = "/push_options";

/// Checks the options of a body.
pub(crate) fn checked(options: Vec<String>) -> Result<Vec<BString>, ErrorReply> {
    let limits = Limits::DEFAULT;
    let refused = |message: String| ErrorReply::at(ErrorCode::InvalidInput, POINTER, message);
    let (count, count_max) = (options.len(), limits.push_options_max);
    if count > count_max {
        let message = format!("push_options has {count} options, at most {count_max} are taken");
        return Err(refused(message));
    }
    let mut all = 0_usize;
    for (number, option) in options.iter().enumerate() {
        let (bytes, bytes_max) = (option.len(), limits.push_option_bytes_max);
        if bytes > bytes_max {
            let message = format!("an option has {bytes} bytes, at most {bytes_max} are taken");
            let pointer = format!("{POINTER}/{number}");
            return Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message));
        }
        if option.contains(['\0', '\n']) {
            let message = "an option has a NUL or a newline, which no push can send";
            let pointer = format!("{POINTER}/{number}");
            return Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message));
        }
        all = all.saturating_add(bytes);
    }
    let all_max = limits.push_options_bytes_max;
    if all > all_max {
        let message = format!("push_options has {all} bytes, at most {all_max} are taken");
        return Err(refused(message));
    }
    Ok(options.into_iter().map(BString::from).collect())
}
