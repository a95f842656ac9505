//! The body of a push. A small body is sent whole, because some servers and proxies refuse a body without
//! a length. A larger one is streamed, so that memory use does not grow with it. Git does the same.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::stream;
use wasm_bindgen::JsValue;
use worker::{Response, ResponseBody};

use super::error::PushError;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::fetch::sender::Sender;
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::lease::Lease;
use crate::repo_do::runtime::memory::SENDING_BYTES;

/// Bytes of a body that is sent whole: git's `http.postBuffer`.
const WHOLE_BYTES_MAX: usize = 1 << 20;

/// The body of a push.
pub(super) struct PushBody {
    /// Its beginning.
    head: Vec<u8>,
    /// The sender of the rest.
    rest: Option<Sender>,
}

/// The progress of the remote in reading a body.
#[derive(Debug, Clone)]
pub(super) struct Pulled(Rc<State>);

#[derive(Debug)]
struct State {
    last_ms: Cell<i64>,
    bytes: Cell<u64>,
    /// The reason why the body broke off on our side.
    fault: RefCell<Option<String>>,
}

impl Pulled {
    fn new() -> Self {
        Self(Rc::new(State {
            last_ms: Cell::new(now_ms()),
            bytes: Cell::default(),
            fault: RefCell::default(),
        }))
    }

    fn note(&self, bytes: usize) {
        self.0.last_ms.set(now_ms());
        let bytes = self.0.bytes.get().saturating_add(bytes as u64);
        self.0.bytes.set(bytes);
    }

    /// The last time that the remote read a piece, in unix milliseconds.
    pub(super) fn last_ms(&self) -> i64 {
        self.0.last_ms.get()
    }

    /// Bytes that the remote read.
    pub(super) fn bytes(&self) -> u64 {
        self.0.bytes.get()
    }

    /// Our own failure, if we could not finish the body.
    pub(super) fn fault(&self) -> Option<PushError> {
        let message = self.0.fault.borrow_mut().take()?;
        Some(ErrorReply::new(ErrorCode::InternalError, message).into())
    }
}

impl PushBody {
    /// A body that is complete in memory.
    pub(super) fn whole(head: Vec<u8>) -> Self {
        Self { head, rest: None }
    }

    /// A body of commands and the pack that follows; measures its beginning to choose whole or streamed.
    pub(super) async fn with_pack(
        mut head: Vec<u8>,
        mut sender: Sender,
    ) -> Result<Self, PushError> {
        while head.len() <= WHOLE_BYTES_MAX {
            match sender.piece().await {
                Some(Ok(piece)) => head.extend_from_slice(&piece),
                Some(Err(message)) => {
                    return Err(ErrorReply::new(ErrorCode::InternalError, message).into());
                }
                None => return Ok(Self::whole(head)),
            }
        }
        sender.hold(reserve(SENDING_BYTES).await?);
        Ok(Self {
            head,
            rest: Some(sender),
        })
    }

    /// Whether the body is streamed, with no known length.
    pub(super) fn is_streamed(&self) -> bool {
        self.rest.is_some()
    }

    /// The body for a request, and the remote's progress in reading it.
    pub(super) fn into_js(self) -> worker::Result<(JsValue, Pulled)> {
        let pulled = Pulled::new();
        let Some(sender) = self.rest else {
            pulled.note(self.head.len());
            return Ok((js_sys::Uint8Array::from(&self.head[..]).into(), pulled));
        };
        let noted = pulled.clone();
        let begun = (Some(self.head), Some(sender));
        let pieces = stream::unfold(begun, move |(head, sender)| {
            let noted = noted.clone();
            async move {
                if let Some(head) = head {
                    noted.note(head.len());
                    return Some((Ok(head), (None, sender)));
                }
                let mut sender = sender?;
                match sender.piece().await? {
                    Ok(piece) => {
                        noted.note(piece.len());
                        Some((Ok(piece), (None, Some(sender))))
                    }
                    Err(message) => {
                        noted.0.fault.replace(Some(message.clone()));
                        Some((Err(worker::Error::RustError(message)), (None, None)))
                    }
                }
            }
        });
        let response = Response::builder().from_stream(Lease::current().stream(pieces))?;
        match response.body() {
            ResponseBody::Stream(stream) => Ok((stream.clone().into(), pulled)),
            _ => Err(worker::Error::RustError("a stream is no stream".to_owned())),
        }
    }
}
