//! The search on random bytes that look a little like secrets, for some minutes: it checks the same as the
//! fuzz target `secrets`, where there is no fuzzer. Run by name:
//!
//! ```sh
//! SECONDS_LONG=300 cargo test --release -p cairn-secrets --test random -- --ignored --nocapture
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "every surprise is a failed test"
)]
#![allow(clippy::print_stdout, reason = "the figures")]
#![allow(clippy::disallowed_methods, reason = "it runs for a time")]

use std::time::{Duration, Instant};

use cairn_secrets::Searcher;

/// Beginnings, marks and words of forms, and the text around them.
const PIECES: &str = "ghp_ github_pat_ glpat- AKIA ASIA AIza xoxb- xoxp- sk-ant-api03- sk-proj- sk_live_ \
    rk_live_ SG. npm_ pypi- hf_ dop_v1_ shpat_ key- cairn_ ya29. GOCSPX- lin_api_ ntn_ secret_ figd_ \
    hvs. dckr_pat_ glc_ glsa_ xai- gsk_ pplx- r8_ phc_ PMAK- sbp_ sntrys_ AGE-SECRET-KEY-1 ops_ pat \
    https://hooks.slack.com/services/ https://discord.com/api/webhooks/ AccountKey= sig= \
    aws_secret_access_key client_secret= HEROKU_API_KEY -----BEGIN -----END PRIVATE KEY----- RSA EC \
    OPENSSH PGP BLOCK ENCRYPTED Proc-Type: example EXAMPLE xxxx 0000 %3D \\n \\u0026 \" ' = : . , / + _ -";

struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn content(&mut self, pieces: &[&str]) -> Vec<u8> {
        const DIGITS: &[u8] =
            b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_+/=.";
        let mut content = Vec::new();
        for _ in 0..self.below(24) {
            match self.below(8) {
                0..3 => content.extend(pieces.get(self.below(pieces.len())).unwrap().bytes()),
                3..6 => {
                    let digits = [10, 16, 36, 62, DIGITS.len()]
                        .get(self.below(5))
                        .copied()
                        .unwrap();
                    let count = self.below(100);
                    content.extend((0..count).filter_map(|_| DIGITS.get(self.below(digits))));
                }
                6 => content.push(b"\n \t\r\0\xff"[self.below(6)]),
                _ => content.extend(self.next().to_le_bytes()),
            }
        }
        content
    }
}

fn found_in(searcher: &Searcher, content: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    searcher.search(content, &mut |secret| {
        let bytes = content.get(secret.range.clone());
        assert!(
            bytes.is_some_and(|bytes| !bytes.is_empty()),
            "{:?}",
            secret.range
        );
        found.push(secret.kind.name().to_owned());
        true
    });
    found
}

#[test]
#[ignore = "takes minutes: SECONDS_LONG=…"]
fn findings_lie_in_the_bytes_and_are_found_among_others() {
    let seconds = std::env::var("SECONDS_LONG").map_or(300, |text| text.parse().unwrap());
    let pieces: Vec<_> = PIECES.split_whitespace().collect();
    let (searcher, mut chance) = (Searcher::new(), Chance(0x5eed_0f5e_c2e7));
    let (begun, mut rounds, mut count) = (Instant::now(), 0_u64, 0);
    while begun.elapsed() < Duration::from_secs(seconds) {
        for _ in 0..1000 {
            let content = chance.content(&pieces);
            let alone = found_in(&searcher, &content);
            let around = [b"let a = 1;\n".as_slice(), &content, b"\nlet b = 2;\n"].concat();
            let among = found_in(&searcher, &around);
            let text = content.escape_ascii();
            assert!(among.len() >= alone.len(), "{alone:?} {among:?}: {text}");
            rounds += 1;
            count += alone.len();
        }
    }
    println!("{rounds} contents, {count} secrets");
    assert!(count > 0);
}
