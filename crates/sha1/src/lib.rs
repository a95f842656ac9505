//! SHA-1 of many messages, four of them at once, with detection of collision attacks.
//!
//! A processor cannot hash one message in several lanes of a vector, because each step needs the
//! result of the step before. It can hash several messages side by side. This crate does that as
//! wasm, where no instructions for SHA-1 exist; natively it hashes one message after the other, for
//! which processors have instructions. `sha1dc` hashes single messages and gives the same digests.
//!
//! Each block of each lane is checked for the traces of the known collision attacks, as `sha1dc`
//! and Git's own SHA-1 check it.
//!
//! | module | what it does |
//! |---|---|
//! | `batch` | gives each lane the next message, and each digest its place |
//! | `message` | cuts a message into blocks: its prefix, its content, the padding |
//! | `compression` | the eighty steps |
//! | `lanes` | four words as one vector; an array in native builds |
//! | `conditions` | the disturbance vectors that a block may follow |
//! | `recompression` | whether a block that may follow a vector is an attack |
//! | `disturbance` | the 32 vectors |

mod batch;
mod compression;
mod conditions;
mod disturbance;
mod lanes;
mod message;
#[cfg(test)]
mod published;
mod recompression;

pub use batch::digests;
pub use message::{Message, PREFIX_BYTES_MAX};

/// A digest, in the order that the standard writes it.
pub type Digest = [u8; 20];

/// The message shows the traces of a collision attack on SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("message shows a sha-1 collision attack")]
pub struct CollisionDetected;

/// Hashes one message by itself.
pub fn digest<M: Message>(message: M) -> Result<Digest, CollisionDetected> {
    let mut hasher = sha1dc::Hasher::new();
    hasher.update(message.prefix().as_ref());
    hasher.update(message.content());
    let digest = hasher.finalize().map_err(|_| CollisionDetected)?;
    Ok(digest.to_bytes())
}
