//! The proof that a request comes from the app: a token that the app's key signs
//! (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app>).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::settings::GithubApp;
use crate::repo_do::runtime::web_crypto::{WebCryptoError, sign_rs256};

/// `{"alg":"RS256","typ":"JWT"}`
const HEADER: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9";

/// Seconds that GitHub's clock may be behind ours.
const BEHIND_SECONDS: i64 = 60;

/// Seconds that the proof is valid from now. GitHub allows ten minutes in all.
const SECONDS: i64 = 480;

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

/// Signs a proof that is valid for some minutes.
pub(super) async fn sign(app: &GithubApp, now_ms: i64) -> Result<String, WebCryptoError> {
    let unsigned = unsigned(&app.id, now_ms);
    let signature = sign_rs256(&app.key, unsigned.as_bytes()).await?;
    Ok(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn unsigned(id: &str, now_ms: i64) -> String {
    let seconds = now_ms.div_euclid(1000);
    let claims = Claims {
        iat: seconds.saturating_sub(BEHIND_SECONDS),
        exp: seconds.saturating_add(SECONDS),
        iss: id,
    };
    // Serializing numbers and letters cannot fail.
    let claims = serde_json::to_vec(&claims).unwrap_or_default();
    format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_names_the_app_and_counts_for_less_than_ten_minutes() {
        let text = unsigned("12345", 1_700_000_000_999);
        let parts: Vec<_> = text
            .split('.')
            .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
            .collect();
        assert_eq!(parts[0], br#"{"alg":"RS256","typ":"JWT"}"#);
        let claims = br#"{"iat":1699999940,"exp":1700000480,"iss":"12345"}"#;
        assert_eq!(parts[1], claims);
    }
}
