//! The bytes of an archive on their way to the client: its maker waits until the client takes them.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use futures::channel::mpsc::{self, Sender};
use futures::{FutureExt as _, SinkExt as _, Stream, StreamExt as _, stream};

use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Bytes of a piece.
const PIECE_BYTES: usize = 128 << 10;

/// Takes the bytes of an archive.
pub(super) struct Sink {
    buffer: Buffer,
    pieces: Sender<Vec<u8>>,
}

/// The bytes that were not sent yet. A caller that has a clone may add some.
#[derive(Clone, Default)]
pub(super) struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink {
    /// The buffer.
    pub(super) fn buffer(&self) -> Buffer {
        self.buffer.clone()
    }

    /// Appends the bytes of `write`.
    pub(super) fn append<T>(&self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        write(&mut self.buffer.0.borrow_mut())
    }

    /// Sends the bytes, once they are a piece.
    pub(super) async fn send_full(&mut self) -> Result<(), ErrorReply> {
        if self.buffer.0.borrow().len() < PIECE_BYTES {
            return Ok(());
        }
        self.send().await
    }

    /// Sends the bytes.
    pub(super) async fn send(&mut self) -> Result<(), ErrorReply> {
        let piece = std::mem::take(&mut *self.buffer.0.borrow_mut());
        if piece.is_empty() {
            return Ok(());
        }
        let sent = self.pieces.send(piece).await;
        sent.map_err(|_| ErrorReply::new(ErrorCode::InternalError, "nobody takes the archive"))
    }
}

/// The pieces of an archive that `make` writes into the sink. They end with the error, if it fails.
pub(super) fn pieces<F>(
    make: impl FnOnce(Sink) -> F,
) -> impl Stream<Item = Result<Vec<u8>, ErrorReply>>
where
    F: Future<Output = Result<(), ErrorReply>>,
{
    // A sender has room for one piece beside.
    let (sender, receiver) = mpsc::channel(0);
    let archive = make(Sink {
        buffer: Buffer::default(),
        pieces: sender,
    });
    let failure = archive
        .into_stream()
        .filter_map(async |ended| ended.err().map(Err));
    stream::select(receiver.map(Ok), failure)
}
