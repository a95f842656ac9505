// The downstreams of a repository. docs/mirrors-out.md is the contract of the routes.

import { spelled } from "./mirror_credentials.js";
import { invalidInput, missing } from "./path.js";

/** @typedef {import("../index.d.ts").Downstreams} Downstreams */
/** @typedef {import("./connection.js").Connection} Connection */

/** @implements {Downstreams} */
export class DownstreamRoutes {
  #connection;
  #path;

  /**
   * @param {Connection} connection
   * @param {string} owner path of the repository, below `/api/v1`
   */
  constructor(connection, owner) {
    this.#connection = connection;
    this.#path = `${owner}/downstreams`;
  }

  /** @type {Downstreams["create"]} */
  async create(downstream, { idempotencyKey } = {}) {
    const headers = idempotencyKey ? { "idempotency-key": idempotencyKey } : undefined;
    const body = given(downstream);
    const { result } = await this.#connection.call("POST", this.#path, { body, headers });
    return shown(result);
  }

  /** @type {Downstreams["list"]} */
  async list() {
    return (await this.#connection.call("GET", this.#path)).result.map(shown);
  }

  /** @type {Downstreams["get"]} */
  async get(id) {
    const found = await missing(this.#connection.call("GET", this.#one(id)));
    return found && shown(found.result);
  }

  /** @type {Downstreams["update"]} */
  async update(id, change) {
    const body = given(change);
    return shown((await this.#connection.call("PATCH", this.#one(id), { body })).result);
  }

  /** @type {Downstreams["remove"]} */
  async remove(id) {
    return (await missing(this.#connection.call("DELETE", this.#one(id)))) !== null;
  }

  /** @type {Downstreams["push"]} */
  async push(id) {
    return shown((await this.#connection.call("POST", `${this.#one(id)}/push`)).result);
  }

  /** @type {Downstreams["pushes"]} */
  async pushes(id, { limit, cursor } = {}) {
    const query = { limit, cursor };
    const path = `${this.#one(id)}/pushes`;
    const { result, info } = await this.#connection.call("GET", path, { query });
    return { pushes: result.map(camelCase), cursor: info.cursor || undefined };
  }

  /** @param {string} id */
  #one(id) {
    if (!/^[0-9a-z]{16}$/.test(id)) throw invalidInput("the id of a downstream is needed");
    return `${this.#path}/${id}`;
  }
}

/** @param {Partial<import("../index.d.ts").NewDownstream>} downstream */
function given({ url, refs, force, prune, atomic, active, credentials }) {
  return { url, refs, force, prune, atomic, active, credentials: spelled(credentials) };
}

/**
 * @param {Record<string, any>} downstream
 * @returns {any}
 */
function shown(downstream) {
  const last = downstream.last_push;
  return { ...camelCase(downstream), lastPush: last && camelCase(last) };
}

/**
 * @param {Record<string, unknown>} fields
 * @returns {any}
 */
function camelCase(fields) {
  const renamed = Object.entries(fields).map(([name, value]) => [
    name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(renamed);
}
