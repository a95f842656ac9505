use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::forms::Body;

/// Numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn digits(&mut self, class: Class, count: usize) -> String {
        let all: Vec<u8> = (0..=u8::MAX).filter(|byte| class.has(*byte)).collect();
        let digit = |_| char::from(all[self.below(all.len())]);
        (0..count).map(digit).collect()
    }
}

fn found_in(content: &str) -> Vec<(&'static str, &str)> {
    let mut found = Vec::new();
    Searcher::new().search(content.as_bytes(), &mut |secret| {
        found.push((secret.kind.name(), &content[secret.range]));
        true
    });
    found
}

#[track_caller]
fn check(content: &str, expect: &[&str]) {
    let kinds: Vec<_> = found_in(content).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, expect, "{content}");
}

/// A token of Cairn's.
fn cairn(chance: &mut Chance) -> String {
    let random = chance.digits(Class::ALNUM, 27);
    let checksum = checksum::of(random.as_bytes());
    format!("cairn_{random}{}", str::from_utf8(&checksum).unwrap())
}

fn pem(chance: &mut Chance, algorithm: &str, line_end: &str) -> String {
    let line = |chance: &mut Chance| chance.digits(Class::BASE64, 64) + line_end;
    let lines: String = (0..4).map(|_| line(chance)).collect();
    format!(
        "-----BEGIN {algorithm}PRIVATE KEY-----{line_end}{lines}-----END {algorithm}PRIVATE KEY-----"
    )
}

/// A secret of each form that has no entry in the table, with its kind.
fn shaped(chance: &mut Chance) -> Vec<(&'static str, String)> {
    let mut c = |class, count| chance.digits(class, count);
    let mut secrets = vec![
        (
            "aws-secret-key",
            format!("aws_secret_access_key = {}", c(Class::BASE64, 40)),
        ),
        (
            "aws-secret-key",
            format!("AWS_SECRET_ACCESS_KEY=\"{}\"", c(Class::BASE64, 40)),
        ),
        (
            "cloudflare-token",
            format!("CLOUDFLARE_API_TOKEN={}", c(Class::URL_SAFE, 40)),
        ),
        (
            "sendgrid-key",
            format!("SG.{}.{}", c(Class::URL_SAFE, 22), c(Class::URL_SAFE, 43)),
        ),
        (
            "airtable-token",
            format!("pat{}.{}", c(Class::ALNUM, 14), c(Class::HEX, 64)),
        ),
        (
            "anthropic-key",
            format!("sk-ant-api03-{}AA", c(Class::URL_SAFE, 93)),
        ),
        (
            "slack-token",
            format!("xoxb-{}-{}", c(Class::DIGITS, 12), c(Class::ALNUM, 24)),
        ),
        (
            "slack-webhook",
            format!(
                "https://hooks.slack.com/services/T{}/B{}/{}",
                c(Class::UPPER_ALNUM, 8),
                c(Class::UPPER_ALNUM, 10),
                c(Class::ALNUM, 24)
            ),
        ),
        (
            "discord-webhook",
            format!(
                "https://discord.com/api/webhooks/{}/{}",
                c(Class::DIGITS, 19),
                c(Class::URL_SAFE, 68)
            ),
        ),
        (
            "telegram-bot-token",
            format!("9{}:AA{}", c(Class::DIGITS, 9), c(Class::URL_SAFE, 33)),
        ),
        (
            "azure-storage-key",
            format!(
                "DefaultEndpointsProtocol=https;AccountName=some;AccountKey={}==;EndpointSuffix=x",
                c(Class::BASE64, 86)
            ),
        ),
        (
            "azure-shared-access-key",
            format!(
                "Endpoint=sb://a/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={}=",
                c(Class::BASE64, 43)
            ),
        ),
        (
            "azure-client-secret",
            format!("{}8Q~{}", c(Class::ALNUM, 3), c(Class::ALNUM, 34)),
        ),
        (
            "azure-devops-token",
            format!("{}AZDO{}", c(Class::ALNUM, 76), c(Class::ALNUM, 4)),
        ),
        ("mailchimp-key", format!("{}-us12", c(Class::HEX, 32))),
    ];
    secrets.push(("cairn-token", cairn(chance)));
    secrets.push((
        "cairn-token",
        format!("cairn_v1_{}", chance.digits(Class::HEX, 40)),
    ));
    for algorithm in ["", "RSA ", "EC ", "OPENSSH "] {
        secrets.push(("private-key", pem(chance, algorithm, "\n")));
    }
    // As JSON has it.
    secrets.push(("private-key", pem(chance, "", "\\n")));
    secrets
}

/// A secret of each form of the table.
fn tabled(chance: &mut Chance) -> Vec<(&'static str, String)> {
    let secret = |form: &Form| match form.body {
        Body::Digits(class, least, most) => {
            let digits = chance.digits(class, least.midpoint(most.min(least + 20)));
            let prefix = str::from_utf8(form.prefix).unwrap();
            Some((form.kind.name(), format!("{prefix}{digits}")))
        }
        Body::Shape(_) => None,
    };
    FORMS.iter().filter_map(secret).collect()
}

/// Places in which secrets stand.
const PLACES: [(&str, &str); 12] = [
    ("", ""),
    ("token = \"", "\"\n"),
    ("let key = '", "';\n"),
    ("https://user:", "@example.com/x\n"),
    ("  api_key: ", "\n"),
    ("{\"key\":\"", "\"}"),
    ("Authorization: Bearer ", "\r\n"),
    ("\\n", "\\n"),
    ("export KEY=", " # mine\n"),
    ("<a>", "</a>"),
    ("key%3D", "%26"),
    ("é", "é"),
];

#[test]
fn a_thousand_planted_secrets_of_every_kind_are_found() {
    let mut chance = Chance(1);
    let filler = include_str!("words.rs");
    let (mut planted, mut kinds) = (0, BTreeSet::new());
    for round in 0.. {
        let secrets = [shaped(&mut chance), tabled(&mut chance)].concat();
        for (number, (kind, secret)) in secrets.iter().enumerate() {
            let (before, after) = PLACES[(round + number) % PLACES.len()];
            let at = filler.floor_char_boundary(chance.below(filler.len()));
            let (head, tail) = filler.split_at(at);
            let content = format!("{head}\n{before}{secret}{after}\n{tail}");
            let found = found_in(&content);
            assert!(!found.is_empty(), "{kind} {before}{secret}{after}");
            assert!(
                found.iter().all(|(found, _)| found == kind),
                "{kind} {secret}: {found:?}"
            );
            kinds.insert(*kind);
            planted += 1;
        }
        if planted >= 1000 {
            break;
        }
    }
    let all: BTreeSet<_> = SecretKind::all().map(SecretKind::name).collect();
    assert_eq!(kinds, all);
    assert!(kinds.len() >= 20);
}

#[test]
fn a_secret_has_its_place() {
    let token = cairn(&mut Chance(7));
    let content = format!("a\nb {token}, c");
    assert_eq!(found_in(&content), [("cairn-token", token.as_str())]);
    let twice = format!("{token} {token}");
    assert_eq!(found_in(&twice).len(), 2);
    let mut count = 0;
    Searcher::new().search(twice.as_bytes(), &mut |_| {
        count += 1;
        false
    });
    assert_eq!(count, 1);
}

#[test]
fn a_mistyped_token_of_ours_is_not_a_secret() {
    let token = cairn(&mut Chance(7));
    let last = if token.ends_with('a') { 'b' } else { 'a' };
    check(&format!("{}{last}", &token[..token.len() - 1]), &[]);
    check(&token[..token.len() - 1], &[]);
}

#[test]
fn examples_and_placeholders_are_not_secrets() {
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_000000000000000000000000000000000000",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "sk_live_your_key_here_your_key_here",
        "glpat-XXXXXXXXXXXXXXXXXXXX",
        "SK00000000000000000000000000000000",
        "xoxb-123456789012-1234567890123-XXXXXXXXXXXXXXXXXXXXXXXX",
        "key-0123456789abcdef0123456789abcdef",
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlq",
    ] {
        check(text, &[]);
    }
}

#[test]
fn a_part_of_a_longer_word_is_not_a_secret() {
    let mut chance = Chance(3);
    let token = format!("ghp_{}", chance.digits(Class::ALNUM, 36));
    check(&token, &["github-token"]);
    check(&format!("x{token}"), &[]);
    check(&format!("key_{token}"), &["github-token"]);
    let key = format!("AKIA{}", chance.digits(Class::UPPER_ALNUM, 16));
    check(&key, &["aws-access-key"]);
    check(&format!("{key}A"), &[]);
    check(&format!("x{key}"), &[]);
}

#[test]
fn an_encrypted_key_is_not_a_secret_by_itself() {
    let mut chance = Chance(9);
    check(&pem(&mut chance, "ENCRYPTED ", "\n"), &[]);
    let plain = pem(&mut chance, "RSA ", "\n");
    let header = "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,3F17F5316E2BAC89\n\n";
    check(&plain.replacen("KEY-----\n", header, 1), &[]);
    check(&plain.replace("PRIVATE", "PUBLIC"), &[]);
    let pgp = plain.replace(
        "RSA PRIVATE KEY-----\n",
        "PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n",
    );
    check(&pgp, &["private-key"]);
}

#[test]
fn the_table_is_in_order() {
    for pair in FORMS.windows(2) {
        let [one, next] = pair else { continue };
        assert!(one.prefix[0] <= next.prefix[0]);
    }
    for (number, form) in FORMS.iter().enumerate() {
        let shadowing = FORMS.iter().take(number);
        let mut shadowing = shadowing.filter(|other| form.prefix.starts_with(other.prefix));
        assert_eq!(shadowing.next().map(|other| other.prefix), None);
    }
    for kind in SecretKind::all() {
        assert_eq!(SecretKind::from_name(kind.name()), Some(kind));
        let is_plain =
            |byte: u8| byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
        assert!(kind.name().bytes().all(is_plain), "{kind}");
    }
    assert_eq!(SecretKind::from_name("no-kind"), None);
}

proptest! {
    #[test]
    fn any_bytes_are_searched(content in proptest::collection::vec(any::<u8>(), 0..4096)) {
        Searcher::new().search(&content, &mut |secret| {
            assert!(content.get(secret.range).is_some());
            true
        });
    }

    /// Text of the pieces that forms consist of.
    #[test]
    fn any_text_of_pieces_is_searched(
        pieces in proptest::collection::vec((0..FORMS.len() + 12, 0..90_usize), 0..40),
        seed in any::<u64>(),
    ) {
        let mut chance = Chance(seed);
        let marks = [
            "=", "==", "/", "+", "-----BEGIN ", "PRIVATE KEY", "-----", "\n", ";AccountKey=",
            ";SharedAccessKey=", ":", "hooks.slack.com/",
        ];
        let mut content = Vec::new();
        for (number, count) in pieces {
            match FORMS.get(number) {
                Some(form) => content.extend_from_slice(form.prefix),
                None => content.extend_from_slice(marks[number - FORMS.len()].as_bytes()),
            }
            content.extend(chance.digits(Class::BASE64, count).bytes());
        }
        let mut ended_at = 0;
        Searcher::new().search(&content, &mut |secret| {
            assert!(content.get(secret.range.clone()).is_some_and(|secret| !secret.is_empty()));
            ended_at = secret.range.end;
            true
        });
        prop_assert!(ended_at <= content.len());
    }

    /// The place of a secret does not matter.
    #[test]
    fn a_secret_is_found_behind_any_text(
        before in "[ -~\n]{0,200}", after in "[ \n\"',;)]", seed in any::<u64>(),
    ) {
        let mut chance = Chance(seed);
        let secrets = [shaped(&mut chance), tabled(&mut chance)].concat();
        let (kind, secret) = &secrets[chance.below(secrets.len())];
        let content = format!("{before}\n{secret}{after}");
        let found = found_in(&content);
        prop_assert!(found.iter().any(|(found, _)| found == kind), "{} {}", kind, secret);
    }
}

/// A form reads no more bytes than it may have. Otherwise the time of a search would grow with the
/// square of a word that consists of prefixes: this test would take hours.
#[test]
fn a_long_word_of_prefixes_takes_linear_time() {
    for prefix in ["github_pat_", "cfk_", "xoxb-1-", "sk-ant-api03-", "glpat-"] {
        check(&prefix.repeat((1 << 20) / prefix.len()), &[]);
    }
}
