//! Waits for a time to pass.
//!
//! This does not use the platform crate's `Delay`, which wakes only the task that polled it
//! first. The stream of a push's response polls the work, and that is another task for every
//! piece that the client takes. With `Delay`, a piece taken while the work paused left the work
//! waiting for ever, with its memory reserved. This waits for a promise, which wakes the task
//! that polled it last.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures::future::{Either, select};
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

use super::lease;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: u32) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);

    type Resolvers;

    #[wasm_bindgen(js_namespace = Promise, js_name = withResolvers)]
    fn with_resolvers() -> Resolvers;

    #[wasm_bindgen(method, getter)]
    fn promise(this: &Resolvers) -> Promise;

    #[wasm_bindgen(method, getter)]
    fn resolve(this: &Resolvers) -> Function;
}

/// Waits for `milliseconds`, at least until everything else that is ready has run.
pub(crate) async fn after(milliseconds: u32) {
    Timer::new(milliseconds).await;
}

/// The output of a future; `None` if it takes longer than `milliseconds`.
pub(crate) async fn within<T>(milliseconds: u32, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), pin!(after(milliseconds))).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

/// A time that passes from when it is first awaited. Dropped before, it leaves nothing behind: a
/// timer that runs would keep the object from its rest.
pub(crate) struct Timer {
    milliseconds: u32,
    running: Option<Running>,
}

struct Running {
    timer: JsValue,
    resolve: Function,
    passed: JsFuture,
}

impl Timer {
    /// Not begun.
    pub(crate) fn new(milliseconds: u32) -> Self {
        Self {
            milliseconds,
            running: None,
        }
    }
}

impl Running {
    /// `None` without timers: then there is nothing to wait for.
    fn begin(milliseconds: u32) -> Option<Self> {
        let resolvers = with_resolvers();
        let resolve = resolvers.resolve();
        let timer = set_timeout(&resolve, milliseconds).ok()?;
        Some(Self {
            timer,
            resolve,
            passed: JsFuture::from(resolvers.promise()),
        })
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.running.is_none() {
            self.running = Running::begin(self.milliseconds);
        }
        let Some(running) = &mut self.running else {
            return Poll::Ready(());
        };
        let passed = Pin::new(&mut running.passed).poll(context).is_ready();
        if passed {
            self.running = None;
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The platform refuses here to hear of another object's timer. It runs out by itself, or
        // went with its object.
        if lease::is_ending() {
            return;
        }
        clear_timeout(&self.timer);
        // Until it is settled, the promise holds on to its waiter.
        let _ = self.resolve.call0(&JsValue::NULL);
    }
}

/// Lets other requests of the object run.
pub(crate) async fn pause() {
    after(0).await;
}
