// Cairn as its platform's services see it on a bad day: R2 fails, before or after it did what was asked, and so does
// the queue. `POST /_faults {"r2": 30, "queue": 50}` says how many of a hundred requests fail from now on; after a
// start none does. What the queue takes is sent to CAIRN_FAULTS_QUEUE, so that it outlives a kill of the server.

import Cairn, * as cairn from "./index.js";

const CONTROL = "/_faults";

// How many of a hundred requests fail. All objects share the isolate.
const failing = { r2: 0, queue: 0 };

const fails = (service) => Math.random() * 100 < failing[service];

const fault = (service) => new Error(`${service}: we encountered an internal error. Please try again. (10001)`);

// Half of the requests that fail have done what was asked.
async function failNowAndThen(service, ask) {
  if (!fails(service)) return ask();
  if (Math.random() < 0.5) await ask();
  throw fault(service);
}

// Bodies that nobody reads would keep a request open.
const READS = ["get", "head", "list"];

function bucket(target) {
  return new Proxy(target, {
    get(_, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== "function" || name === "constructor") return member;
      if (READS.includes(name)) {
        return async (...given) => {
          if (fails("r2")) throw fault("r2");
          return member.apply(target, given);
        };
      }
      return (...given) => failNowAndThen("r2", () => member.apply(target, given));
    },
  });
}

function queue(url) {
  const send = async (messages) => {
    const body = JSON.stringify([...messages].map((message) => message.body));
    const { ok } = await fetch(url, { method: "POST", body });
    if (!ok) throw fault("queue");
  };
  return {
    send: (body) => failNowAndThen("queue", () => send([{ body }])),
    sendBatch: (messages) => failNowAndThen("queue", () => send(messages)),
  };
}

function environment(env) {
  return { ...env, PACKS: bucket(env.PACKS), EVENTS: queue(env.CAIRN_FAULTS_QUEUE) };
}

function object(Class) {
  return new Proxy(Class, {
    construct: (_, [ctx, env], newTarget) => Reflect.construct(Class, [ctx, environment(env)], newTarget),
  });
}

// In front of Cairn's own handler.
function controlled(entrypoint) {
  return new Proxy(entrypoint, {
    get(target, name, receiver) {
      const member = Reflect.get(target, name, receiver);
      if (name !== "fetch") return member;
      return async (request) => {
        if (new URL(request.url).pathname !== CONTROL) return member.call(target, request);
        Object.assign(failing, { r2: 0, queue: 0 }, await request.json());
        return Response.json(failing);
      };
    },
  });
}

export default new Proxy(Cairn, {
  construct: (_, [ctx, env], newTarget) =>
    controlled(Reflect.construct(Cairn, [ctx, environment(env)], newTarget)),
});
export const RepoDo = object(cairn.RepoDo);
export const NamespaceDo = object(cairn.NamespaceDo);
export const NetworkDo = object(cairn.NetworkDo);
export const WebhookDo = object(cairn.WebhookDo);
