//! Tokens of a GitHub App's installations
//! (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation>).
//!
//! The operator has the app's key, with which a token is asked for when a mirror needs one. It lives an
//! hour; the isolate keeps it in memory, and nothing else does.
//!
//! | file | what |
//! |---|---|
//! | `settings` | the app, as the operator's secrets name it |
//! | `private_key` | its key, from the PEM that GitHub hands out |
//! | `jwt` | the proof that a request is the app's |
//! | `kept` | the tokens in memory |
//! | `minting` | a token asked for |

pub(super) mod minting;
pub(crate) mod settings;

mod jwt;
mod kept;
mod private_key;
