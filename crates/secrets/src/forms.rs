//! The forms of secrets that begin with a prefix of their own: a table, so that another form is another
//! line.
//!
//! The lengths are those that the services document or that scanners of secrets agree on. Where a
//! service tells no length, the bounds are wide and the prefix is long.

use crate::words::Class;
use crate::{SecretKind, chance, shapes};

use Body::{Digits, Shape};

/// The beginning of a secret, and the form of the rest.
pub(crate) struct Form {
    pub(crate) prefix: &'static [u8],
    pub(crate) kind: SecretKind,
    pub(crate) body: Body,
}

/// The form of the text behind a prefix.
pub(crate) enum Body {
    /// Bytes of a class, at least and at most so many. The byte behind them is not of the class.
    Digits(Class, usize, usize),
    /// Anything else: the function gives how many bytes of the text belong to the secret.
    Shape(fn(&[u8]) -> Option<usize>),
}

impl Body {
    /// How many bytes of the text behind the prefix belong to the secret; `None` if it is not a secret.
    pub(crate) fn bytes_of(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Digits(class, least, most) => {
                let bytes = class.run_within(text, *least..=*most)?;
                chance::may_have_made(text.get(..bytes)?).then_some(bytes)
            }
            Self::Shape(bytes_of) => bytes_of(text),
        }
    }
}

const fn form(prefix: &'static [u8], kind: &'static str, body: Body) -> Form {
    Form {
        prefix,
        kind: SecretKind(kind),
        body,
    }
}

/// All forms, ordered by the first byte; where one prefix begins another, the longer one comes first.
pub(crate) static FORMS: &[Form] = &[
    form(
        b"AGE-SECRET-KEY-1",
        "age-secret-key",
        Digits(Class::UPPER_ALNUM, 58, 58),
    ),
    form(b"AIza", "gcp-api-key", Digits(Class::URL_SAFE, 35, 35)),
    form(b"AKCp", "artifactory-token", Digits(Class::ALNUM, 69, 69)),
    form(
        b"AKIA",
        "aws-access-key",
        Digits(Class::UPPER_ALNUM, 16, 16),
    ),
    form(
        b"ASIA",
        "aws-access-key",
        Digits(Class::UPPER_ALNUM, 16, 16),
    ),
    form(
        b"ATATT3xFfGF0",
        "atlassian-token",
        Digits(Class::URL_SAFE, 100, 400),
    ),
    form(
        b"AWS_SECRET_ACCESS_KEY",
        "aws-secret-key",
        Shape(shapes::aws_secret),
    ),
    form(
        b"CCIPAT_",
        "circleci-token",
        Digits(Class::IDENTIFIER, 40, 80),
    ),
    form(
        b"CLOUDFLARE_API_TOKEN",
        "cloudflare-token",
        Shape(shapes::cloudflare_assigned),
    ),
    form(
        b"DefaultEndpointsProtocol",
        "azure-storage-key",
        Shape(shapes::azure_storage),
    ),
    form(b"EAAA", "square-token", Digits(Class::URL_SAFE, 60, 60)),
    form(
        b"GOCSPX-",
        "gcp-oauth-secret",
        Digits(Class::URL_SAFE, 28, 28),
    ),
    form(b"HRKU-", "heroku-key", Digits(Class::URL_SAFE, 36, 64)),
    form(
        b"NRAK-",
        "new-relic-key",
        Digits(Class::UPPER_ALNUM, 27, 27),
    ),
    form(b"PMAK-", "postman-key", Digits(Class::HYPHENED, 59, 59)),
    form(
        b"RootManageSharedAccessKey",
        "azure-shared-access-key",
        Shape(shapes::azure_shared),
    ),
    form(b"SG.", "sendgrid-key", Shape(shapes::sendgrid)),
    form(b"SK", "twilio-key", Digits(Class::HEX, 32, 32)),
    form(
        b"atlasv1.",
        "terraform-token",
        Digits(Class::URL_SAFE, 60, 70),
    ),
    form(
        b"aws_secret_access_key",
        "aws-secret-key",
        Shape(shapes::aws_secret),
    ),
    form(b"cairn_", "cairn-token", Shape(shapes::cairn)),
    form(
        b"cfat_",
        "cloudflare-token",
        Digits(Class::URL_SAFE, 40, 60),
    ),
    form(b"cfk_", "cloudflare-token", Digits(Class::URL_SAFE, 40, 60)),
    form(
        b"cfut_",
        "cloudflare-token",
        Digits(Class::URL_SAFE, 40, 60),
    ),
    form(b"cio", "crates-io-token", Digits(Class::ALNUM, 32, 32)),
    form(b"dapi", "databricks-token", Digits(Class::HEX, 32, 32)),
    form(
        b"dckr_oat_",
        "docker-token",
        Digits(Class::URL_SAFE, 27, 40),
    ),
    form(
        b"dckr_pat_",
        "docker-token",
        Digits(Class::URL_SAFE, 27, 40),
    ),
    form(b"doo_v1_", "digitalocean-token", Digits(Class::HEX, 64, 64)),
    form(b"dop_v1_", "digitalocean-token", Digits(Class::HEX, 64, 64)),
    form(b"dor_v1_", "digitalocean-token", Digits(Class::HEX, 64, 64)),
    form(b"dp.pt.", "doppler-token", Digits(Class::ALNUM, 40, 44)),
    form(b"dt0c01.", "dynatrace-token", Digits(Class::DOTTED, 89, 89)),
    form(b"figd_", "figma-token", Digits(Class::URL_SAFE, 40, 50)),
    form(b"gho_", "github-token", Digits(Class::ALNUM, 36, 251)),
    form(b"ghp_", "github-token", Digits(Class::ALNUM, 36, 251)),
    form(b"ghr_", "github-token", Digits(Class::ALNUM, 36, 251)),
    form(b"ghs_", "github-token", Digits(Class::ALNUM, 36, 251)),
    form(b"ghu_", "github-token", Digits(Class::ALNUM, 36, 251)),
    form(
        b"github_pat_",
        "github-token",
        Digits(Class::IDENTIFIER, 82, 82),
    ),
    form(b"glagent-", "gitlab-token", Digits(Class::URL_SAFE, 50, 50)),
    form(b"glcbt-", "gitlab-token", Digits(Class::URL_SAFE, 20, 40)),
    form(b"gldt-", "gitlab-token", Digits(Class::URL_SAFE, 20, 20)),
    form(b"glffct-", "gitlab-token", Digits(Class::URL_SAFE, 20, 20)),
    form(b"glft-", "gitlab-token", Digits(Class::URL_SAFE, 20, 30)),
    form(b"glimt-", "gitlab-token", Digits(Class::URL_SAFE, 25, 25)),
    form(b"gloas-", "gitlab-token", Digits(Class::URL_SAFE, 64, 64)),
    form(b"glpat-", "gitlab-token", Digits(Class::DOTTED, 20, 300)),
    form(b"glptt-", "gitlab-token", Digits(Class::HEX, 40, 40)),
    form(b"glrt-", "gitlab-token", Digits(Class::DOTTED, 20, 300)),
    form(b"glsoat-", "gitlab-token", Digits(Class::URL_SAFE, 20, 20)),
    form(b"glsa_", "grafana-token", Digits(Class::IDENTIFIER, 41, 41)),
    form(b"glc_eyJ", "grafana-token", Digits(Class::ALNUM, 32, 400)),
    form(b"gsk_", "groq-key", Digits(Class::ALNUM, 52, 52)),
    form(b"hf_", "hugging-face-token", Digits(Class::ALNUM, 34, 34)),
    form(b"hvb.", "vault-token", Digits(Class::URL_SAFE, 100, 300)),
    form(b"hvs.", "vault-token", Digits(Class::URL_SAFE, 24, 300)),
    form(b"key-", "mailgun-key", Digits(Class::HEX, 32, 32)),
    form(b"lin_api_", "linear-key", Digits(Class::ALNUM, 40, 40)),
    form(b"nfp_", "netlify-token", Digits(Class::ALNUM, 36, 40)),
    form(b"npm_", "npm-token", Digits(Class::ALNUM, 36, 36)),
    form(b"ntn_", "notion-token", Digits(Class::ALNUM, 40, 50)),
    form(
        b"ops_eyJ",
        "1password-token",
        Digits(Class::ALNUM, 60, 2000),
    ),
    form(b"pat", "airtable-token", Shape(shapes::airtable)),
    form(b"phx_", "posthog-key", Digits(Class::ALNUM, 43, 50)),
    form(b"pplx-", "perplexity-key", Digits(Class::ALNUM, 48, 56)),
    form(
        b"pscale_oauth_",
        "planetscale-token",
        Digits(Class::URL_SAFE, 32, 64),
    ),
    form(
        b"pscale_pw_",
        "planetscale-token",
        Digits(Class::URL_SAFE, 32, 64),
    ),
    form(
        b"pscale_tkn_",
        "planetscale-token",
        Digits(Class::URL_SAFE, 32, 64),
    ),
    form(
        b"pypi-AgEIcHlwaS5vcmc",
        "pypi-token",
        Digits(Class::URL_SAFE, 50, 1000),
    ),
    form(
        b"pypi-AgENdGVzdC5weXBpLm9yZw",
        "pypi-token",
        Digits(Class::URL_SAFE, 50, 1000),
    ),
    form(b"r8_", "replicate-token", Digits(Class::ALNUM, 37, 37)),
    form(b"rk_live_", "stripe-key", Digits(Class::ALNUM, 20, 247)),
    form(b"rubygems_", "rubygems-key", Digits(Class::HEX, 48, 48)),
    form(b"sbp_", "supabase-token", Digits(Class::HEX, 40, 40)),
    form(b"shpat_", "shopify-token", Digits(Class::HEX, 32, 32)),
    form(b"shpca_", "shopify-token", Digits(Class::HEX, 32, 32)),
    form(b"shppa_", "shopify-token", Digits(Class::HEX, 32, 32)),
    form(b"shpss_", "shopify-token", Digits(Class::HEX, 32, 32)),
    form(b"sk-admin-", "openai-key", Digits(Class::URL_SAFE, 40, 250)),
    form(b"sk-ant-", "anthropic-key", Shape(shapes::anthropic)),
    form(b"sk-or-v1-", "openrouter-key", Digits(Class::HEX, 64, 64)),
    form(b"sk-proj-", "openai-key", Digits(Class::URL_SAFE, 40, 250)),
    form(
        b"sk-svcacct-",
        "openai-key",
        Digits(Class::URL_SAFE, 40, 250),
    ),
    form(b"sk-", "openai-key", Digits(Class::ALNUM, 48, 48)),
    form(b"sk_live_", "stripe-key", Digits(Class::ALNUM, 20, 247)),
    form(b"sntryu_", "sentry-token", Digits(Class::HEX, 64, 64)),
    form(b"sq0atp-", "square-token", Digits(Class::URL_SAFE, 22, 22)),
    form(b"sq0csp-", "square-token", Digits(Class::URL_SAFE, 43, 43)),
    form(
        b"v1.0-",
        "cloudflare-token",
        Digits(Class::HYPHENED, 171, 171),
    ),
    form(b"xai-", "xai-key", Digits(Class::ALNUM, 80, 80)),
    form(b"xapp-", "slack-token", Shape(shapes::slack)),
    form(b"xoxa-", "slack-token", Shape(shapes::slack)),
    form(b"xoxb-", "slack-token", Shape(shapes::slack)),
    form(b"xoxe-", "slack-token", Shape(shapes::slack)),
    form(b"xoxp-", "slack-token", Shape(shapes::slack)),
    form(b"xoxr-", "slack-token", Shape(shapes::slack)),
    form(b"xoxs-", "slack-token", Shape(shapes::slack)),
    form(
        b"ya29.",
        "gcp-oauth-token",
        Digits(Class::URL_SAFE, 60, 1000),
    ),
];
