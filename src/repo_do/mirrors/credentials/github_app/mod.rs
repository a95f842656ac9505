//! Tokens of a GitHub App's installations
//! (<https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/authenticating-as-a-github-app-installation>).
//!
//! The operator has the app's key. When a mirror needs a token, Cairn requests one with that key. A token
//! lives an hour, and only the isolate's memory keeps it.
//!
//! | file | what |
//! |---|---|
//! | `settings` | the app, from the operator's secrets |
//! | `private_key` | the app's key, from the PEM that GitHub issues |
//! | `jwt` | the proof that a request comes from the app |
//! | `kept` | the tokens in memory |
//! | `minting` | requests a token |

pub(super) mod minting;
pub(crate) mod settings;

mod jwt;
mod kept;
mod private_key;
