//! Which urls of submodules git refuses (its `check_submodule_url`).
//!
//! A client hands the url to transports and credential helpers. Those split lines, so a newline
//! smuggled in by percent-encoding makes one host's password go to another; and a relative url
//! that climbs too far replaces the scheme or host of the url that it is relative to.

use gix_object::bstr::ByteSlice;

/// Git accepts the url.
pub(super) fn is_safe(url: &[u8]) -> bool {
    if url.starts_with(b"-") {
        return false;
    }
    if is_relative(url) || url.starts_with(b"git://") {
        return !decodes_to_newline(url) && !climbs_to_host(url);
    }
    match http_like(url) {
        Some(url) => normalized(url).is_some_and(|normal| !decodes_to_newline(&normal)),
        None => true,
    }
}

/// The part of the url that git's HTTP transport would get, if it would.
fn http_like(url: &[u8]) -> Option<&[u8]> {
    const SCHEMES: [&[u8]; 4] = [b"http", b"https", b"ftp", b"ftps"];
    SCHEMES.iter().find_map(|scheme| {
        let rest = url.strip_prefix(*scheme)?;
        match rest.strip_prefix(b"::") {
            Some(inner) => Some(inner),
            None => rest.starts_with(b"://").then_some(url),
        }
    })
}

fn is_relative(url: &[u8]) -> bool {
    strip_dot_slash(url).is_some() || strip_dot_dot_slash(url).is_some()
}

fn strip_dot_slash(url: &[u8]) -> Option<&[u8]> {
    url.strip_prefix(b"./").or_else(|| url.strip_prefix(b".\\"))
}

fn strip_dot_dot_slash(url: &[u8]) -> Option<&[u8]> {
    url.strip_prefix(b"../")
        .or_else(|| url.strip_prefix(b"..\\"))
}

/// `../` at the start, and then text that would be taken for a scheme's colon or the host's slash.
fn climbs_to_host(url: &[u8]) -> bool {
    let mut climbs = false;
    let mut rest = url;
    loop {
        if let Some(after) = strip_dot_dot_slash(rest) {
            climbs = true;
            rest = after;
        } else if let Some(after) = strip_dot_slash(rest) {
            rest = after;
        } else {
            return climbs && matches!(rest.first(), Some(b':' | b'/'));
        }
    }
}

/// A newline is in the url once it is decoded; git decodes nothing before the first colon.
fn decodes_to_newline(url: &[u8]) -> bool {
    let start = url.find_byte(b':').unwrap_or(0);
    let decoded = url.get(start..).unwrap_or_default();
    url.contains(&b'\n') || decoded.contains_str("%0a") || decoded.contains_str("%0A")
}

/// Git's `url_normalize`, as far as `is_safe` can tell: `None` when the url is malformed, and
/// else with user, path and query normalized. Host and port stay as they are.
fn normalized(url: &[u8]) -> Option<Vec<u8>> {
    let scheme_bytes = url.find("://")?;
    let (scheme, rest) = url.split_at_checked(scheme_bytes)?;
    let (marker, rest) = rest.split_at_checked(3)?;
    let scheme_ok = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte));
    if !scheme_ok {
        return None;
    }
    let mut normal = Vec::with_capacity(url.len());
    normal.extend_from_slice(scheme);
    normal.extend_from_slice(marker);

    let (authority, path) = split_at_any(rest, b"/?#");
    let host_and_port = match authority.split_once_str("@") {
        Some((user, host_and_port)) => {
            push_normalized(&mut normal, user)?;
            normal.push(b'@');
            host_and_port
        }
        None => authority,
    };
    check_host(scheme, host_and_port)?;
    normal.extend_from_slice(host_and_port);
    push_path(&mut normal, path)?;
    Some(normal)
}

/// The bytes before and from the first one that is in `set`.
fn split_at_any<'a>(bytes: &'a [u8], set: &[u8]) -> (&'a [u8], &'a [u8]) {
    let end = bytes.find_byteset(set).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// Fails unless git accepts the host and the port.
fn check_host(scheme: &[u8], host_and_port: &[u8]) -> Option<()> {
    let is_file = scheme.eq_ignore_ascii_case(b"file");
    let has_host = !matches!(host_and_port.first(), None | Some(b':'));
    if !has_host && !is_file {
        return None;
    }
    // The colons of an IPv6 address stand before its closing bracket.
    let mark = host_and_port
        .iter()
        .rposition(|byte| matches!(byte, b':' | b']'));
    let colon = mark.filter(|at| host_and_port.get(*at) == Some(&b':'));
    let (host, port) = match colon {
        Some(at) => (
            host_and_port.get(..at)?,
            host_and_port.get(at.checked_add(1)?..),
        ),
        None => (host_and_port, None),
    };
    if !host
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_[:]".contains(byte))
    {
        return None;
    }
    match port {
        Some(port) if !port.is_empty() && !has_host => None,
        Some(port) => is_port(port).then_some(()),
        None => Some(()),
    }
}

/// Empty, or a number from 1 to 65535 in at most five digits, not counting leading zeros.
fn is_port(port: &[u8]) -> bool {
    let digits = port.trim_start_with(|c| c == '0');
    if digits.is_empty() {
        // All zeros is the number 0.
        return port.is_empty();
    }
    let number = digits.iter().try_fold(0_u32, |number, byte| {
        byte.is_ascii_digit().then(|| {
            number
                .saturating_mul(10)
                .saturating_add(u32::from(byte.wrapping_sub(b'0')))
        })
    });
    digits.len() <= 5 && matches!(number, Some(1..=65535))
}

/// Appends the path with its dot segments resolved, and the query and fragment.
fn push_path(normal: &mut Vec<u8>, path: &[u8]) -> Option<()> {
    let path_start = normal.len();
    normal.push(b'/');
    let mut rest = path.strip_prefix(b"/").unwrap_or(path);
    loop {
        let segment_start = normal.len();
        let (segment, after) = split_at_any(rest, b"/?#");
        push_normalized(normal, segment)?;
        let mut has_slash = false;
        match normal.get(segment_start..)? {
            b"." => {
                normal.truncate(segment_start);
                has_slash = true;
            }
            b".." => {
                // Without the slash before the segment; no segment is left to remove at the root.
                let parent_end = segment_start
                    .checked_sub(1)
                    .filter(|end| *end > path_start)?;
                let parent = normal.get(path_start..parent_end)?;
                let slash = parent.iter().rposition(|byte| *byte == b'/')?;
                normal.truncate(path_start.checked_add(slash)?.checked_add(1)?);
                has_slash = true;
            }
            _ => {}
        }
        let Some(after_slash) = after.strip_prefix(b"/") else {
            return push_normalized(normal, after);
        };
        if !has_slash {
            normal.push(b'/');
        }
        rest = after_slash;
    }
}

/// Appends text with each escape normalized: only characters that have to be escaped are.
/// `None` when a percent sign is not followed by two hexadecimal digits.
fn push_normalized(normal: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    const UNSAFE: &[u8] = b" <>\"%{}|\\^`";
    const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=";
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (byte, was_escaped) = if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            rest = after;
            (from_hex(digits)?, true)
        } else {
            rest = after;
            (*first, false)
        };
        let escape = byte <= 0x1f
            || byte >= 0x7f
            || UNSAFE.contains(&byte)
            || (was_escaped && RESERVED.contains(&byte));
        if escape {
            let digit =
                |number: u8| number.wrapping_add(if number < 10 { b'0' } else { b'A' - 10 });
            normal.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        } else {
            normal.push(byte);
        }
    }
    Some(())
}

/// The byte of two hexadecimal digits.
fn from_hex(digits: &[u8]) -> Option<u8> {
    digits.iter().try_fold(0_u8, |number, digit| {
        let value = char::from(*digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())?;
        Some(number << 4 | value)
    })
}

#[cfg(test)]
mod tests;
