//! Secrets that are known by the text around a long word: parts of URLs and of connection strings.

use std::ops::Range;

use crate::words::Class;
use crate::{Secret, SecretKind, chance};

const SLACK_WEBHOOK: SecretKind = SecretKind("slack-webhook");
const DISCORD_WEBHOOK: SecretKind = SecretKind("discord-webhook");
const TELEGRAM: SecretKind = SecretKind("telegram-bot-token");
const AZURE_STORAGE: SecretKind = SecretKind("azure-storage-key");
const AZURE_SHARED: SecretKind = SecretKind("azure-shared-access-key");
const AZURE_CLIENT: SecretKind = SecretKind("azure-client-secret");
const AZURE_DEVOPS: SecretKind = SecretKind("azure-devops-token");
const MAILCHIMP: SecretKind = SecretKind("mailchimp-key");

/// All of these kinds.
pub(crate) const KINDS: [SecretKind; 8] = [
    SLACK_WEBHOOK,
    DISCORD_WEBHOOK,
    TELEGRAM,
    AZURE_STORAGE,
    AZURE_SHARED,
    AZURE_CLIENT,
    AZURE_DEVOPS,
    MAILCHIMP,
];

/// Bytes before a word that are looked at: the longest key of base64, a little more.
const BEFORE_BYTES_MAX: usize = 100;

/// The secret that this word is a part of.
pub(crate) fn around(content: &[u8], word: &Range<usize>) -> Option<Secret> {
    let text = content.get(word.clone())?;
    let before = content.get(word.start.saturating_sub(BEFORE_BYTES_MAX)..word.start)?;
    let secret = |kind, range| Some(Secret { kind, range });
    if is_azure_client(text) {
        return secret(AZURE_CLIENT, word.clone());
    }
    if is_azure_devops(text) {
        return secret(AZURE_DEVOPS, word.clone());
    }
    if is_mailchimp(text) {
        return secret(MAILCHIMP, word.clone());
    }
    match before.last()? {
        b'/' if is_slack(before, text) => secret(SLACK_WEBHOOK, word.clone()),
        b'/' if is_discord(before, text) => secret(DISCORD_WEBHOOK, word.clone()),
        b':' if is_telegram(before, text) => secret(TELEGRAM, word.clone()),
        b'=' | b'+' | b'/' => azure_key(content, word, before),
        _ => None,
    }
}

/// `hooks.slack.com/services/T…/B…/` and 24 digits.
fn is_slack(before: &[u8], text: &[u8]) -> bool {
    let host: &[u8] = b"hooks.slack.com/";
    let is_hook = before.windows(host.len()).any(|window| window == host);
    let digits = Class::ALNUM.run_within(text, 20..=32);
    is_hook && digits.is_some() && chance::may_have_made(text)
}

/// `discord.com/api/webhooks/`, a number, `/` and some 68 digits.
fn is_discord(before: &[u8], text: &[u8]) -> bool {
    let path: &[u8] = b"/api/webhooks/";
    let is_hook = before.windows(path.len()).any(|window| window == path);
    let digits = Class::URL_SAFE.run_within(text, 60..=80);
    is_hook && digits.is_some() && chance::may_have_made(text)
}

/// A number of eight to ten digits, `:`, `AA` and 33 digits.
fn is_telegram(before: &[u8], text: &[u8]) -> bool {
    let Some((_colon, before)) = before.split_last() else {
        return false;
    };
    let number = Class::DIGITS.run_back(before, 12);
    (8..=10).contains(&number)
        && text.starts_with(b"AA")
        && Class::URL_SAFE.run(text) == 35
        && chance::may_have_made(text)
}

/// Three characters, a digit, `Q~` and 31 to 34 characters.
fn is_azure_client(text: &[u8]) -> bool {
    (37..=40).contains(&text.len())
        && text.get(3).is_some_and(u8::is_ascii_digit)
        && text.get(4..6) == Some(b"Q~")
        && chance::may_have_made(text)
}

/// 84 digits; `AZDO` are the 77th to the 80th.
fn is_azure_devops(text: &[u8]) -> bool {
    text.len() == 84 && text.get(76..80) == Some(b"AZDO") && Class::ALNUM.run(text) == 84
}

/// 32 hexadecimal digits, `-us` and one or two digits.
fn is_mailchimp(text: &[u8]) -> bool {
    let Some((key, rest)) = text.split_at_checked(32) else {
        return false;
    };
    rest.strip_prefix(b"-us").is_some_and(|number| {
        (1..=2).contains(&number.len()) && Class::DIGITS.run(number) == number.len()
    }) && Class::HEX.run(key) == 32
        && chance::may_have_made(key)
}

/// The base64 that the word is a part of, after the name that a connection string gives it.
fn azure_key(content: &[u8], word: &Range<usize>, before: &[u8]) -> Option<Secret> {
    let back = Class::BASE64.run_back(before, BEFORE_BYTES_MAX);
    let start = word.start.checked_sub(back)?;
    let names = before.get(..before.len() - back)?;
    let (kind, digits, pad): (_, _, &[u8]) = if names.ends_with(b"AccountKey=") {
        (AZURE_STORAGE, 86, b"==")
    } else if names.ends_with(b"SharedAccessKey=") {
        (AZURE_SHARED, 43, b"=")
    } else {
        return None;
    };
    let key = content.get(start..)?;
    let (key, rest) = key.split_at_checked(Class::BASE64.run(key))?;
    let is_key = key.len() == digits && rest.starts_with(pad) && chance::may_have_made(key);
    is_key.then_some(Secret {
        kind,
        range: start..start + digits + pad.len(),
    })
}
