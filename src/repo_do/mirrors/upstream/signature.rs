//! The webhooks of other hosts: checks the signature, and reads whether a webhook reports a push. No I/O.
//!
//! - GitHub (<https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>):
//!   `X-Hub-Signature-256: sha256=<hex>`, an HMAC-SHA256 of the body.
//! - Gitea, Forgejo and Gogs: `X-Gitea-Signature: <hex>` (and so on), the same HMAC.
//! - GitLab (<https://docs.gitlab.com/user/project/integrations/webhooks/>): `X-Gitlab-Token`, the secret
//!   itself.
//!
//! The body is hashed as it comes, and never parsed: Cairn only needs to know that somebody pushed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::storage::webhook::definition::Secret;

const DIGEST_BYTES: usize = 32;

/// Headers with an HMAC of the body; the first one present counts.
const SIGNATURES: [&str; 4] = [
    "x-hub-signature-256",
    "x-gitea-signature",
    "x-forgejo-signature",
    "x-gogs-signature",
];

const TOKEN: &str = "x-gitlab-token";

/// Headers that name the event. Gitea and its kin also send GitHub's header.
const EVENTS: [&str; 5] = [
    "x-github-event",
    "x-gitea-event",
    "x-forgejo-event",
    "x-gogs-event",
    "x-gitlab-event",
];

/// The events that may have changed a ref.
const PUSHES: [&str; 5] = ["push", "create", "delete", "push hook", "tag push hook"];

/// The proof that a webhook offers.
enum Claim {
    /// The HMAC of the webhook's body.
    Digest(Vec<u8>),
    /// Whether the webhook's token equals the secret.
    Token(bool),
}

/// A webhook whose body is still coming.
pub(super) struct Signed {
    claim: Claim,
    mac: Hmac<Sha256>,
}

impl Signed {
    /// Starts from the headers; `None` if they offer no proof.
    pub(super) fn new(secret: &Secret, header: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).ok()?;
        let claim = match SIGNATURES.iter().find_map(|name| header(name)) {
            Some(signature) => Claim::Digest(digest(&signature)?),
            None => Claim::Token(is_same(&header(TOKEN)?, secret.reveal())),
        };
        Some(Self { claim, mac })
    }

    /// Takes the next bytes of the body.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if let Claim::Digest(_) = self.claim {
            self.mac.update(bytes);
        }
    }

    /// Whether the sender knows the secret. Compares in constant time.
    pub(super) fn into_verdict(self) -> bool {
        match self.claim {
            Claim::Digest(digest) => self.mac.verify_slice(&digest).is_ok(),
            Claim::Token(is_good) => is_good,
        }
    }
}

fn digest(signature: &str) -> Option<Vec<u8>> {
    let hex = signature.trim();
    let hex = hex.strip_prefix("sha256=").unwrap_or(hex);
    let mut digest = vec![0; DIGEST_BYTES];
    let is_whole = hex.len() == DIGEST_BYTES.saturating_mul(2);
    let decoded = is_whole && faster_hex::hex_decode(hex.as_bytes(), &mut digest).is_ok();
    decoded.then_some(digest)
}

/// Whether two texts are equal, in a time that reveals nothing about either.
fn is_same(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|text| Sha256::digest(text.as_bytes()));
    one.as_slice().ct_eq(other.as_slice()).into()
}

/// The event by the host's name, and whether it may have changed a ref.
pub(super) fn event(header: impl Fn(&str) -> Option<String>) -> (String, bool) {
    let event = EVENTS.iter().find_map(|name| header(name));
    let event = event.unwrap_or_default().to_ascii_lowercase();
    let is_push = PUSHES.contains(&event.as_str());
    (event, is_push)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"Hello, World!";

    /// The example of GitHub's own documentation.
    const KEY: &str = "It's a Secret to Everybody";
    const DIGEST: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn is_good(headers: &[(&str, &str)], body: &[u8]) -> bool {
        let header = |name: &str| {
            let found = headers.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let Some(mut signed) = Signed::new(&Secret::new(KEY.to_owned()), header) else {
            return false;
        };
        body.chunks(5).for_each(|piece| signed.feed(piece));
        signed.into_verdict()
    }

    #[test]
    fn who_knows_the_secret_is_believed() {
        let github = format!("sha256={DIGEST}");
        assert!(is_good(&[("x-hub-signature-256", &github)], BODY));
        for name in [
            "x-gitea-signature",
            "x-forgejo-signature",
            "x-gogs-signature",
        ] {
            assert!(is_good(&[(name, DIGEST)], BODY), "{name}");
        }
        assert!(is_good(&[("x-gitlab-token", KEY)], b"anything"));
    }

    #[test]
    fn nobody_else_is() {
        let github = format!("sha256={DIGEST}");
        assert!(!is_good(&[], BODY));
        assert!(!is_good(
            &[("x-hub-signature-256", &github)],
            b"Hello, World?"
        ));
        for wrong in [
            "",
            "sha256=",
            "sha1=00",
            &DIGEST[2..],
            &DIGEST.replace('7', "8"),
        ] {
            assert!(!is_good(&[("x-hub-signature-256", wrong)], BODY), "{wrong}");
        }
        assert!(!is_good(&[("x-gitlab-token", "It's a Secret")], BODY));
        // A good token does not repair a bad signature.
        let both = [
            ("x-hub-signature-256", "sha256=00"),
            ("x-gitlab-token", KEY),
        ];
        assert!(!is_good(&both, BODY));
    }

    #[test]
    fn what_moves_a_ref_asks_for_a_sync() {
        let of = |name: &'static str, value: &'static str| {
            event(move |asked| (asked == name).then(|| value.to_owned()))
        };
        for (name, value) in [
            ("x-github-event", "push"),
            ("x-github-event", "delete"),
            ("x-gitea-event", "create"),
            ("x-gitlab-event", "Push Hook"),
            ("x-gitlab-event", "Tag Push Hook"),
        ] {
            assert!(of(name, value).1, "{name}: {value}");
        }
        for (name, value) in [
            ("x-github-event", "ping"),
            ("x-github-event", "issues"),
            ("x-gitlab-event", "Merge Request Hook"),
            ("x-other", "push"),
        ] {
            assert!(!of(name, value).1, "{name}: {value}");
        }
    }
}
