// The webhooks of a namespace or of a repository. docs/events.md is the contract of the routes.

import { invalidInput, missing } from "./path.js";

/** @typedef {import("../index.d.ts").Webhooks} Webhooks */
/** @typedef {import("./connection.js").Connection} Connection */

/** @implements {Webhooks} */
export class WebhookRoutes {
  #connection;
  #path;

  /**
   * @param {Connection} connection
   * @param {string} owner path of the namespace or of the repository, below `/api/v1`
   */
  constructor(connection, owner) {
    this.#connection = connection;
    this.#path = `${owner}/webhooks`;
  }

  /** @type {Webhooks["create"]} */
  async create({ url, events, refs, secret, active }, { idempotencyKey } = {}) {
    const body = { url, events, refs, secret, active };
    const headers = idempotencyKey ? { "idempotency-key": idempotencyKey } : undefined;
    const { result } = await this.#connection.call("POST", this.#path, { body, headers });
    return camelCase(result);
  }

  /** @type {Webhooks["list"]} */
  async list() {
    return (await this.#connection.call("GET", this.#path)).result.map(camelCase);
  }

  /** @type {Webhooks["get"]} */
  async get(id) {
    const found = await missing(this.#connection.call("GET", this.#one(id)));
    return found && camelCase(found.result);
  }

  /** @type {Webhooks["update"]} */
  async update(id, { url, events, refs, active }) {
    const body = { url, events, refs, active };
    return camelCase((await this.#connection.call("PATCH", this.#one(id), { body })).result);
  }

  /** @type {Webhooks["remove"]} */
  async remove(id) {
    return (await missing(this.#connection.call("DELETE", this.#one(id)))) !== null;
  }

  /** @type {Webhooks["ping"]} */
  async ping(id) {
    return this.#post(`${this.#one(id)}/ping`);
  }

  /** @type {Webhooks["rotateSecret"]} */
  async rotateSecret(id, { secret, keepSeconds } = {}) {
    const body = { secret, keep_seconds: keepSeconds };
    return this.#post(`${this.#one(id)}/rotate-secret`, body);
  }

  /** @type {Webhooks["deliveries"]} */
  async deliveries(id, { limit, cursor, state } = {}) {
    const query = { limit, cursor, state };
    const path = `${this.#one(id)}/deliveries`;
    const { result, info } = await this.#connection.call("GET", path, { query });
    return { deliveries: result.map(camelCase), cursor: info.cursor || undefined };
  }

  /** @type {Webhooks["delivery"]} */
  async delivery(id, delivery) {
    const found = await missing(this.#connection.call("GET", this.#delivery(id, delivery)));
    return found && camelCase(found.result);
  }

  /** @type {Webhooks["redeliver"]} */
  async redeliver(id, delivery) {
    return this.#post(`${this.#delivery(id, delivery)}/redeliver`);
  }

  /**
   * @param {string} path
   * @param {object} [body]
   */
  async #post(path, body) {
    return camelCase((await this.#connection.call("POST", path, { body })).result);
  }

  /** @param {string} id */
  #one(id) {
    if (!/^[0-9a-z]{16}$/.test(id)) throw invalidInput("the id of a webhook is needed");
    return `${this.#path}/${id}`;
  }

  /**
   * @param {string} id
   * @param {number} delivery
   */
  #delivery(id, delivery) {
    if (!Number.isSafeInteger(delivery)) throw invalidInput("the id of a delivery is needed");
    return `${this.#one(id)}/deliveries/${delivery}`;
  }
}

/**
 * @param {Record<string, unknown>} fields
 * @returns {any}
 */
export function camelCase(fields) {
  const renamed = Object.entries(fields).map(([name, value]) => [
    name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(renamed);
}
