// Jurisdictions as Cloudflare has them, which workerd has not: an object of a jurisdiction is another
// object of the same class, and knows where it is. Each question to an object is a line of the log: class,
// name, jurisdiction, the place where the platform is asked to make it, and the path.
//
// https://developers.cloudflare.com/durable-objects/reference/data-location/

import Cairn, * as cairn from "./index.js";

const JURISDICTIONS = ["eu", "us", "fedramp"];
const BINDINGS = ["REPO", "NAMESPACE", "NETWORK", "WEBHOOK"];

// No name of an object has it.
const BETWEEN = "@";

// The platform's own name: callers look at it.
class DurableObjectNamespace {
  #binding;
  #objects;
  #jurisdiction;

  constructor(binding, objects, jurisdiction = null) {
    this.#binding = binding;
    this.#objects = objects;
    this.#jurisdiction = jurisdiction;
  }

  jurisdiction(name) {
    if (!JURISDICTIONS.includes(name)) throw new TypeError(`${name} is no jurisdiction`);
    return new DurableObjectNamespace(this.#binding, this.#objects, name);
  }

  getByName(name, options) {
    const kept = this.#jurisdiction ? `${name}${BETWEEN}${this.#jurisdiction}` : name;
    const object = this.#objects.getByName(kept);
    const asked = {
      event: "object asked",
      binding: this.#binding,
      name,
      jurisdiction: this.#jurisdiction,
      location: options?.locationHint ?? null,
    };
    const fetch = (request, init) => {
      const { pathname: path } = new URL(request.url ?? request);
      console.log(JSON.stringify({ ...asked, path }));
      return object.fetch(request, init);
    };
    return { fetch };
  }
}

function environment(env) {
  const objects = BINDINGS.map((name) => [name, new DurableObjectNamespace(name, env[name])]);
  return { ...env, ...Object.fromEntries(objects) };
}

// The context as an object sees it.
function context(ctx) {
  const [name, jurisdiction] = (ctx.id.name ?? "").split(BETWEEN);
  const id = { name, jurisdiction, toString: () => ctx.id.toString() };
  return new Proxy(ctx, {
    get(_, property) {
      if (property === "id") return id;
      const member = Reflect.get(ctx, property);
      return typeof member === "function" ? member.bind(ctx) : member;
    },
  });
}

function object(Class) {
  return new Proxy(Class, {
    construct: (_, [ctx, env], newTarget) =>
      Reflect.construct(Class, [context(ctx), environment(env)], newTarget),
  });
}

export default new Proxy(Cairn, {
  construct: (_, [ctx, env], newTarget) =>
    Reflect.construct(Cairn, [ctx, environment(env)], newTarget),
});
export const RepoDo = object(cairn.RepoDo);
export const NamespaceDo = object(cairn.NamespaceDo);
export const NetworkDo = object(cairn.NetworkDo);
export const WebhookDo = object(cairn.WebhookDo);
