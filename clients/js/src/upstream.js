// The repository that one follows, and its syncs. docs/mirrors.md is the contract of the routes.

import { spelled } from "./mirror_credentials.js";
import { missing } from "./path.js";
import { camelCase } from "./webhooks.js";

/** @typedef {import("../index.d.ts").UpstreamOfRepo} UpstreamOfRepo */
/** @typedef {import("../index.d.ts").Upstream} Upstream */
/** @typedef {import("./connection.js").Connection} Connection */

/** @implements {UpstreamOfRepo} */
export class UpstreamRoutes {
  #connection;
  #path;

  /**
   * @param {Connection} connection
   * @param {string} repository its path below `/api/v1`
   */
  constructor(connection, repository) {
    this.#connection = connection;
    this.#path = `${repository}/upstream`;
  }

  /** @type {UpstreamOfRepo["get"]} */
  async get() {
    const found = await missing(this.#connection.call("GET", this.#path));
    return found && shown(found.result);
  }

  /** @type {UpstreamOfRepo["set"]} */
  async set({ url, refs, policy, intervalSeconds, prune, credentials, webhookSecret }) {
    const body = {
      url,
      refs,
      policy,
      interval_seconds: intervalSeconds,
      prune,
      credentials: spelled(credentials),
      webhook_secret: webhookSecret,
    };
    return shown((await this.#connection.call("PUT", this.#path, { body })).result);
  }

  /** @type {UpstreamOfRepo["remove"]} */
  async remove() {
    return (await missing(this.#connection.call("DELETE", this.#path))) !== null;
  }

  /** @type {UpstreamOfRepo["sync"]} */
  async sync({ idempotencyKey } = {}) {
    const headers = idempotencyKey ? { "idempotency-key": idempotencyKey } : undefined;
    const { result } = await this.#connection.call("POST", `${this.#path}/sync`, { headers });
    return camelCase(result);
  }

  /** @type {UpstreamOfRepo["syncs"]} */
  async syncs({ limit, cursor } = {}) {
    const query = { limit, cursor };
    const { result, info } = await this.#connection.call("GET", `${this.#path}/syncs`, { query });
    return { syncs: result.map(camelCase), cursor: info.cursor || undefined };
  }
}

/**
 * @param {any} result
 * @returns {Upstream}
 */
function shown(result) {
  const { sync, lastSync, ...upstream } = camelCase(result);
  return { ...upstream, sync: sync && camelCase(sync), lastSync: lastSync && camelCase(lastSync) };
}
