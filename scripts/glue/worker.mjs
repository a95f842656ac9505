// The module that workerd loads: Cairn's handlers and classes, as they survive a trap of the wasm.
//
// A trap (memory exhausted, a stack overflow, or a panic where the build does not unwind) leaves the
// wasm's memory in an unknown state, so the wasm begins again with an empty one (docs/adr/0001). Every
// Durable Object that was made before then points into memory that is gone. The proxies below make
// such an object again, from its first arguments, when it is next called.
//
// UNWINDS is set by scripts/bundle.mjs. A build that unwinds notices a trap by itself; one that
// aborts is told here.

import { WorkerEntrypoint } from "cloudflare:workers";
import * as wasm from "./index.js";

// `instanceId` changes whenever the wasm begins again.
const state = wasm.__worker_init_state();

Error.stackTraceLimit = 100;

class Entrypoint extends WorkerEntrypoint {
  fetch(request) {
    return call(() => wasm.fetch.call(this, request, this.env, this.ctx));
  }
}

export default renewed(Entrypoint);
export const RepoDo = renewed(wasm.RepoDo);
export const NamespaceDo = renewed(wasm.NamespaceDo);
export const NetworkDo = renewed(wasm.NetworkDo);
export const WebhookDo = renewed(wasm.WebhookDo);

function renewed(Class) {
  return new Proxy(Class, {
    construct(_, args, newTarget) {
      let object;
      let madeIn;
      const current = () => {
        if (madeIn !== state.instanceId) {
          object = call(() => Reflect.construct(Class, args, newTarget));
          madeIn = state.instanceId;
        }
        return object;
      };
      return new Proxy(current(), {
        get(_, name, receiver) {
          beginAgainAfterTrap();
          const member = Reflect.get(current(), name, receiver);
          return typeof member === "function" ? guarded(member) : member;
        },
        set: (_, name, value) => Reflect.set(current(), name, value),
        has: (_, name) => Reflect.has(current(), name),
      });
    },
  });
}

function guarded(method) {
  if (UNWINDS) return method;
  return function (...args) {
    return call(() => method.apply(this, args));
  };
}

// Calls into the wasm, and notes whether that trapped.
function call(enter) {
  if (UNWINDS) return enter();
  beginAgainAfterTrap();
  try {
    const result = enter();
    return result instanceof Promise ? result.catch(failed) : result;
  } catch (error) {
    return failed(error);
  }
}

function failed(error) {
  if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
  throw error;
}

function beginAgainAfterTrap() {
  if (UNWINDS || !state.criticalError) return;
  console.error("the wasm trapped: it begins again");
  wasm.__wbg_reset_state();
  state.criticalError = false;
  state.instanceId += 1;
}

if (!UNWINDS) {
  addEventListener("error", ({ error }) => {
    if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
  });
}
