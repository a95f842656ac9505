//! Push options, as `git push -o` sends them, in the body of a request.

use gix_object::bstr::BString;

use crate::git::limits::Limits;
use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Checks them by the bounds of a push; `pointer` leads to their list.
pub(crate) fn checked(given: Vec<String>, pointer: &str) -> Result<Vec<BString>, ErrorReply> {
    let limits = Limits::DEFAULT;
    let refuse = |pointer: String, message: String| {
        Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message))
    };
    let (options, options_max) = (given.len(), limits.push_options_max);
    if options > options_max {
        let message = format!("{options} push options, at most {options_max} are taken");
        return refuse(pointer.to_owned(), message);
    }
    let mut total = 0_usize;
    for (number, option) in given.iter().enumerate() {
        let (bytes, bytes_max) = (option.len(), limits.push_option_bytes_max);
        if bytes > bytes_max {
            let message = format!("the push option has {bytes} bytes, at most {bytes_max}");
            return refuse(format!("{pointer}/{number}"), message);
        }
        if option.contains(['\0', '\n']) {
            let message = "a push option has no NUL and no newline".to_owned();
            return refuse(format!("{pointer}/{number}"), message);
        }
        total = total.saturating_add(bytes);
    }
    let total_max = limits.push_options_bytes_max;
    if total > total_max {
        let message = format!("the push options have {total} bytes, at most {total_max}");
        return refuse(pointer.to_owned(), message);
    }
    Ok(given.into_iter().map(BString::from).collect())
}
